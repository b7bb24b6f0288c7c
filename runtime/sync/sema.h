// SPDX-License-Identifier: Apache-2.0
//
// A semaphore for goroutines: first come, first served. Who releases it while somebody waits hands
// it over directly, so that a loop of acquire and release on one p cannot keep others out.
#pragma once

#include "runtime/sched/gqueue.h"
#include "runtime/sync/mutex.h"

struct sema {
    struct mutex lock;
    uint32_t value;        // lock; free units: 0 while somebody waits
    struct gqueue waiting; // lock
};

void sema_init(struct sema *s, uint32_t value);
// By a goroutine; parks until a unit is there. What the releaser wrote before is visible.
void semacquire(struct sema *s);
// By a goroutine.
void semrelease(struct sema *s);
