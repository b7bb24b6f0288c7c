// SPDX-License-Identifier: Apache-2.0
//
// Where hooks run (entries.S): one stack for each thread, one for code of the program that the
// engine calls, and that runs outside of an execution, one for its handlers. Hooks are shallow,
// as whatever is long runs on the engine's stack; engine_test.c looks how much they need.

#include "stress/sim/engine.h"

enum { ENGINE, IN_HANDLER, THREADS, HOOK_STACKS = THREADS + SIM_THREADS_MAX };
static _Alignas(64) char stacks[HOOK_STACKS][SIM_HOOK_STACK_BYTES];

// One word below the end: with the word [-1] the stack is aligned where an entry calls the hook.
#define HOOK_SP(stack) ((struct sim_hook_frame **)(stacks[(stack) + 1]) - 1)

struct sim_hook_frame **sim_hook_sp = HOOK_SP(ENGINE);
struct sim_hook_frame **const sim_engine_hook_sp = HOOK_SP(ENGINE);
struct sim_hook_frame **const sim_handler_hook_sp = HOOK_SP(IN_HANDLER);

struct sim_hook_frame **sim_thread_hook_sp(uint32_t thread)
{
    return HOOK_SP(THREADS + thread);
}

bool sim_in_hook(uint64_t sp)
{
    return sp - (uint64_t)stacks < sizeof stacks;
}
