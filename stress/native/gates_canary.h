// SPDX-License-Identifier: Apache-2.0
//
// Two threads of which one is always first, unless it is held (gates_test.c).
#pragma once

#include <stdbool.h>

extern int canary_plain; // written by both
// Ends the process: status 10 when the first thread was first, 20 when the other one was. In order:
// canary_plain is handed over by release and acquire.
void canary_main(bool in_order);
// The test's: returns when the first thread has been there, or after a while. No place for gates.
void canary_nap(const unsigned *who);
