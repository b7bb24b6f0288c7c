// SPDX-License-Identifier: Apache-2.0
//
// Ranks of the runtime's mutexes. A thread takes locks in rising rank only (checked by lock()),
// so no two threads can wait for each other. A new lock gets the place that its deepest use under
// other locks asks for, and a word here why.
#pragma once

enum lock_rank {
    RANK_TIMERS = 10,     // a p's heap; its growth allocates
    RANK_SEMA = 15,       // goroutines that wait for a semaphore; leaf
    RANK_SCHED = 20,      // queues, idle lists
    RANK_ALLP = 25,       // the number of p's, under sched.lock when it changes
    RANK_GFREE = 30,      // dead g's; leaf but for allocation
    RANK_ALLGS = 40,      // growth allocates
    RANK_STACK = 50,      // arenas of stacks
    RANK_PERSISTENT = 60, // allocation: under any of the above, above none
};
