// SPDX-License-Identifier: Apache-2.0
//
// The claims about descriptors and their poller: part of the list in contract_test.c.
#pragma once

#include <stdbool.h>

bool bytes_leave_a_pipe_as_they_came(void);
bool what_would_block_says_so(void);
bool a_pipe_ends_with_its_writer(void);
bool nobody_writes_to_a_pipe_without_reader(void);
bool a_socket_pair_goes_both_ways(void);
bool a_shut_direction_ends_after_what_was_written(void);
bool a_connection_is_accepted(void);
bool a_connection_of_version_6_is_accepted(void);
bool versions_of_tcp_are_apart(void);
bool nobody_listens_is_refused(void);
bool the_poller_tells_of_each_edge(void);
bool the_poller_tells_what_is_ready_when_it_is_added(void);
bool the_poller_tells_of_the_end(void);
bool the_poller_tells_of_room_again(void);
bool what_was_removed_is_not_told_of(void);
bool an_edge_by_another_thread_ends_the_wait(void);
