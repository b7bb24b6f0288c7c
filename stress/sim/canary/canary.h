// SPDX-License-Identifier: Apache-2.0
//
// Programs on the runtime that break one rule each, by reaching into it: what the oracles of
// model.c must report. Run by model_test.c.
#pragma once

struct canary {
    const char *name;
    const char *expect; // oracle; NULL: nothing may be reported
    const char *says;   // part of the signature
    void (*main)(void *);
};

extern const struct canary canaries[];           // ends with name NULL
extern const struct canary canaries_heap[];      // of allocator and marking (heap.c)
extern const struct canary canaries_collector[]; // of barrier and cycle (collector.c)
extern const struct canary canaries_chan[];      // of channels and locks (chan.c)
extern const struct canary canaries_net[];       // of timers and descriptors (net.c)
extern const struct canary canaries_preempt[];   // of preemption by signal (preempt.c)
extern const struct canary canaries_imbalance[]; // of starvation (imbalance.c); timed
// Comes back from panics at depth 50, 6000 times: more calls than the engine can remember.
extern const struct canary canary_recovers;
enum { CANARY_RECOVERIES = 6000 };
// Crashes in each schedule: a finding whether or not a thread was refused.
extern const struct canary canary_claims_a_fault;
// Also reported by `conserve`, which sees a goroutine in a queue beside an idle p.
extern const struct canary canaries_queued[];
// Two goroutines whose stacks grow; one that calls itself for ever; one that touches its own closed
// stack far below where it is.
extern const struct canary canary_grows, canary_overflows, canary_strays;
// Has a thread that is none of the runtime's call fn while everybody sleeps. By the main goroutine.
void canary_breaks_while_all_sleep(void (*fn)(void));
// Two goroutines change a graph while main collects, with every check on.
extern const struct canary canary_collects;
// Allocates an object of 16 bytes whose first word is a pointer, and one of 100 000 bytes.
extern const struct canary canary_allocates;
extern void *canary_node, *canary_large;
// Ends an object of 40 bytes and writes to its second word.
extern const struct canary canary_writes_after_the_end;
// The thread function: starts the runtime with two p's and runs a canary's main.
void canary_main(void *canary);
