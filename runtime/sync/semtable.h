// SPDX-License-Identifier: Apache-2.0
//
// Semaphores of two words, for locks of programs: who waits stands in a table of the runtime.
#pragma once

#include "runtime/rt_sync.h"
#include "runtime/sched/sched.h"

// Takes a unit, waits for one if there is none: as the last in line, or as the first. `at`: the
// lock, for people. By a goroutine.
void sema_acquire(struct rt_sema *s, bool first, enum wait_reason reason, const void *at);
// Gives a unit: to the first in line, if there is one. `give_way`: that one runs at once, and the
// caller later.
void sema_release(struct rt_sema *s, bool give_way);

// Lines of conditions use the same locks.
struct mutex *sema_lock_of(struct rt_sema *s);
// The commit of a park: lets go of the lock.
bool sema_unlock_commit(struct g *gp, void *lock);
