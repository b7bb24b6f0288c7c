// SPDX-License-Identifier: Apache-2.0
//
// Waiting for the outside. At most one m at a time sleeps in the host's poller, without a p, until
// the first timer that it knew of, as long as there is a timer or a goroutine waits for a
// descriptor; whoever adds an earlier timer calls it out. Others look without sleeping: an m that
// has found no work (find.c), sysmon when nobody has looked for long.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/sched/gqueue.h"

// Goroutines that events have made ready, still waiting: whoever has the list injects it, and
// nobody else knows them. They count as waiting for descriptors until then.
struct netpoll_found {
    struct gqueue list;
    int32_t n;
};

void netpoll_init(void);
// Whether anybody waits for a descriptor. A hint: who parks, and who stops polling, see each other
// by sched.lastpoll.
bool netpoll_wanted(void);
// Makes the caller the m that polls; false when there is one. Then netpoll_sleep must follow.
// `until` is a time, or INT64_MAX.
bool netpoll_enter(int64_t until);
// Sleeps until then, or until called out, or for what it returns; stops being the m that polls.
struct netpoll_found netpoll_sleep(int64_t until);
// What is ready now; nothing when nobody waits for it, or while another m polls.
struct netpoll_found netpoll_look(void);
// Whether somebody waits and the last look was before that time; and a look of sysmon's, which has
// no p.
bool netpoll_due(int64_t before);
struct netpoll_found netpoll_look_for_others(void);
// They become runnable: on the caller's p, or in the global queue when it has none. On g0.
void netpoll_inject(struct netpoll_found *found);
// The first of them, runnable, is the caller's, who has a p; the others are injected. NULL: none.
struct g *netpoll_take(struct netpoll_found *found);
// There is a timer due at `when`: sees to it that whoever polls is awake by then.
void netpoll_wake_before(int64_t when);
// The same by the adder of the timer: when nobody polls, an idle m is got to do it. On g0.
void netpoll_timer_added(int64_t when);
