// SPDX-License-Identifier: Apache-2.0
//
// Whether a process can still do something, from outside, by what the kernel shows of its threads.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct asleep {
    uint64_t switches; // of all threads together, at the last look
};

// Every thread sleeps in a futex or a poller without a time limit, and none has run since the last
// look with this *a. What ThreadSanitizer's own threads do, which sleep a tenth of a second at a
// time, does not count.
bool asleep_for_good(struct asleep *a, pid_t pid);
