// SPDX-License-Identifier: Apache-2.0
//
// Ranks of the runtime's mutexes. A thread takes locks in rising rank only (checked by lock()),
// so no two threads can wait for each other. A new lock gets the place that its deepest use under
// other locks asks for, and a word here why.
#pragma once

enum lock_rank {
    RANK_POLL = 8,        // one descriptor's waiters and deadlines, which are timers
    RANK_TIMERS = 10,     // a p's heap; its growth allocates
    RANK_CHAN = 12,       // channels, several in the order of their numbers
    RANK_TEMPLATE = 13,   // m's that want a thread from the template thread; leaf
    RANK_SEMTABLE = 14,   // goroutines that wait for locks and conditions of the program; leaf
    RANK_SEMA = 15,       // goroutines that wait for a semaphore; leaf
    RANK_GC = 16,         // goroutines that wait for the collector; leaf
    RANK_GC_PACER = 17,   // goal, trigger, ratio; leaf
    RANK_SUDOG = 18,      // sudogs that no p keeps; allocation only
    RANK_SCHED = 20,      // queues, idle lists
    RANK_ALLP = 25,       // the number of p's, under sched.lock when it changes
    RANK_GFREE = 30,      // dead g's; leaf but for allocation
    RANK_ALLGS = 40,      // growth allocates
    RANK_POLL_POOL = 41,  // free slots of descriptors; growth allocates
    RANK_SPECIAL = 42,    // finalizers and weak handles of one span
    RANK_SPECIALS = 43,   // their records, finalizers to run; allocation only
    RANK_MCENTRAL = 44,   // spans of one class; p's that go give theirs up, whatever is held
    RANK_HEAP = 46,       // pages; reserves and opens from the host
    RANK_GLOBALS = 48,    // registered globals; growth allocates
    RANK_STACK = 50,      // arenas of stacks
    RANK_PERSISTENT = 60, // allocation: under any of the above, above none
};
