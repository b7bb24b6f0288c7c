// SPDX-License-Identifier: Apache-2.0
//
// The event stream: what happened to goroutines, in the order in which each p saw it. Every p
// remembers its last EVENT_RING events; the m that holds the p writes, plain stores and no clock,
// so that the stream may stand in every hot path. Read by the dump of a throw and by the engine's
// oracles, while the world stands still or is lost anyway. An event is written before the state
// change that it tells of: once a g is published, its fields belong to someone else.
#pragma once

#include <stdint.h>

enum event_kind {
    EV_NONE,
    EV_GO_CREATE, // arg: id of the creator
    EV_GO_START,  // arg: 1 when it inherits the time slice
    EV_GO_PARK,   // arg: enum wait_reason
    EV_GO_UNPARK, // the park was undone: its condition had come true already
    EV_GO_READY,  // arg: id of the waker, 0 on g0
    EV_GO_YIELD,
    EV_GO_END,
    EV_STEAL,           // gid: first of the stolen; arg: victim << 16 | how many
    EV_OVERFLOW,        // gid: first of the moved to the global queue; arg: how many
    EV_P_START,         // arg: id of the m
    EV_P_IDLE,          // arg: id of the m
    EV_GO_SYSCALL,      // arg: 1 when the p was handed on at once
    EV_GO_SYSEXIT,      // with a p
    EV_GO_PREEMPT,      // arg: enum preempt_how << 8 | enum preempt_cause
    EV_STW_BEGIN,       // arg: enum stw_reason
    EV_STW_END,         // arg: p's in use from now on
    EV_STACK_GROW,      // arg: bytes open from now on; written by the fault handler
    EV_STACK_SHRINK,    // arg: bytes open from now on; gid: of the owner, perhaps 0
    EV_GC_MARK,         // marking begins, with the world stopped; arg: number of the cycle
    EV_GC_OFF,          // it has ended, likewise; arg: bytes marked
    EV_GC_ASSIST_BEGIN, // arg: bytes to scan
    EV_GC_ASSIST_END,   // arg: bytes scanned
    EV_GC_SWEEP_BEGIN,  // the sweeper has been woken
    EV_GC_SWEEP_END,    // it found nothing left
    EV_TIMER,           // fires; arg: for when it was set; gid 0
    EV_KINDS
};

struct event {
    uint64_t gid_kind; // goroutine id << 8 | kind
    uint64_t arg;
};

const char *event_name(enum event_kind kind);
