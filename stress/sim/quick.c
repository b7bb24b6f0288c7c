// SPDX-License-Identifier: Apache-2.0
//
// The plainest hooks, each with its quick path alone: what costs an execution most. They run where
// the program called them, on its own stack, and leave the two words there that an entry leaves and
// no others (entries.S says why that matters): they call nothing, need no frame, and all that is
// not quick is a jump to the entry of the whole hook (hooks.c), which finds things as the program
// left them. entries_test.sh looks that they touch no other stack; this file is optimised whatever
// the rest of the engine is.

#include "stress/sim/race.h"

// compiler-rt declares none of these either: the names are the compiler's ABI.
#pragma clang diagnostic ignored "-Wmissing-prototypes"

// As an entry does. Whether the quick path is taken hangs on the event log too, and a collector
// that reads stacks must find the same.
#define LEAVE_FRAME_POINTER() __asm__ volatile("movq %%rbp, -8(%%rsp)" ::: "memory")

void sim_entry_func_entry(void *caller_pc);

void __tsan_func_entry(void *caller_pc)
{
    const char *sp; // as the entry has it, with the frame pointer pushed
    LEAVE_FRAME_POINTER();
    __asm__("leaq -8(%%rsp), %0" : "=r"(sp));
    const struct fiber *f = sim.fiber;
    if (unlikely(!sim.running || (uint64_t)(sp - f->low) >= f->span))
        __attribute__((musttail)) return sim_entry_func_entry(caller_pc);
    uint32_t child = calls_known_child(sim.node, (uint64_t)caller_pc);
    if (unlikely(child == 0))
        __attribute__((musttail)) return sim_entry_func_entry(caller_pc);
    sim.node = child;
    sim.moment = 0;
    sim.depth++;
}

void __tsan_func_exit(void)
{
    LEAVE_FRAME_POINTER();
    if (unlikely(!sim.running))
        return;
    sim.node = calls[sim.node].parent;
    sim.moment = 0;
    sim.depth--;
}

#define QUICK(name, size, kind)                                                                    \
    void sim_entry_##name##size(void *p);                                                          \
    void __tsan_##name##size(void *p)                                                              \
    {                                                                                              \
        LEAVE_FRAME_POINTER();                                                                     \
        if (unlikely(sim.special || !race_plain_quick((uint64_t)p, size, kind,                     \
                                                      (uint64_t)__builtin_return_address(0))))     \
            __attribute__((musttail)) return sim_entry_##name##size(p);                            \
    }
#define QUICK_SIZES(name, kind)                                                                    \
    QUICK(name, 1, kind)                                                                           \
    QUICK(name, 2, kind)                                                                           \
    QUICK(name, 4, kind)                                                                           \
    QUICK(name, 8, kind)
QUICK_SIZES(read, ACCESS_READ)
QUICK_SIZES(write, ACCESS_WRITE)
