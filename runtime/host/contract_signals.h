// SPDX-License-Identifier: Apache-2.0
//
// The claims about signals between threads: part of the list in contract_test.c.
#pragma once

#include <stdbool.h>

bool a_signal_runs_the_handler_on_its_thread_once(void);
bool a_signal_to_oneself_comes(void);
bool a_signal_in_the_handler_comes_after_it(void);
bool a_signal_comes_while_its_thread_waits(void);
bool a_signal_is_not_the_end_of_time(void);
bool what_the_handler_asks_for_is_called_in_between(void);
bool registers_come_back_from_what_was_called(void);
bool a_signal_to_a_thread_that_has_ended_is_an_error(void);
