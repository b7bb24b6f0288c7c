// SPDX-License-Identifier: Apache-2.0
//
// Waiting for the outside. At most one m at a time sleeps in the host's poller, without a p,
// until the first timer that it knew of; whoever adds an earlier one calls it out.
#pragma once

#include <stdbool.h>
#include <stdint.h>

void netpoll_init(void);
// Makes the caller the m that polls; false when there is one. Then netpoll_sleep must follow.
bool netpoll_enter(int64_t until);
// Sleeps until then or until called out, and stops being the m that polls.
void netpoll_sleep(int64_t until);
// There is a timer due at `when`: sees to it that whoever polls is awake by then.
void netpoll_wake_before(int64_t when);
// The same by the adder of the timer: when nobody polls, an idle m is got to do it. On g0.
void netpoll_timer_added(int64_t when);
