// SPDX-License-Identifier: Apache-2.0
//
// Functions that may be interrupted. A goroutine gives way at calls into the runtime and at
// rt_preempt_point; a loop without either keeps its thread, and whoever waits for all to stop. A
// function declared RT_PREEMPTIBLE gives way anywhere between two of its own instructions, when it
// is asked to and makes no progress towards a call.
//
// It must not, outside of functions that it calls: store pointers of objects (rt_write_ptr is
// inlined; between its look at the barrier and the store no phase may change), use thread-locals
// (errno is one) or anything else that is a thread's, or keep floating-point modes changed. Reading
// objects is fine: what lies in its registers keeps them alive. While it is inside a call of
// something else (libc, another function of the program) it is not interrupted. Stores of pointers
// and thread-locals show in the relocations of its section: sched/preemptible_check.sh, given
// objects, archives, or programs linked with --emit-relocs, reports them.
//
//     RT_PREEMPTIBLE static uint64_t sum(const uint32_t *v, size_t n);
#pragma once

// A section of its own tells these functions from all others; they are never inlined into others.
#define RT_PREEMPTIBLE __attribute__((noinline, section("rt_preemptible")))
