// SPDX-License-Identifier: Apache-2.0
//
// Names of events, for people. Called on the fatal-error path: uninstrumented, no locks.
// Recording is event_record in sched.h, where the ring is.
#include "runtime/observe/event.h"

#include "runtime/base/san.h"
#include "runtime/base/throw.h"

SAN_UNINSTRUMENTED const char *event_name(enum event_kind kind)
{
    static const char *const names[EV_KINDS] = {
        [EV_NONE] = "none",
        [EV_GO_CREATE] = "create",
        [EV_GO_START] = "start",
        [EV_GO_PARK] = "park",
        [EV_GO_UNPARK] = "unpark",
        [EV_GO_READY] = "ready",
        [EV_GO_YIELD] = "yield",
        [EV_GO_END] = "end",
        [EV_STEAL] = "steal",
        [EV_OVERFLOW] = "overflow",
        [EV_P_START] = "p-start",
        [EV_P_IDLE] = "p-idle",
        [EV_GO_SYSCALL] = "syscall",
        [EV_GO_SYSEXIT] = "sysexit",
        [EV_GO_PREEMPT] = "preempt",
        [EV_STW_BEGIN] = "stw-begin",
        [EV_STW_END] = "stw-end",
        [EV_STACK_GROW] = "stack-grow",
        [EV_STACK_SHRINK] = "stack-shrink",
        [EV_GC_MARK] = "gc-mark",
        [EV_GC_OFF] = "gc-off",
        [EV_GC_ASSIST_BEGIN] = "gc-assist-begin",
        [EV_GC_ASSIST_END] = "gc-assist-end",
        [EV_GC_SWEEP_BEGIN] = "gc-sweep-begin",
        [EV_GC_SWEEP_END] = "gc-sweep-end",
        [EV_TIMER] = "timer",
    };
    rt_assert((unsigned)kind < EV_KINDS);
    return names[kind];
}
