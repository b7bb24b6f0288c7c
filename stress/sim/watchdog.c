// SPDX-License-Identifier: Apache-2.0
//
// Signals, on a stack of their own: faults of the program that its own handler (host_on_fault) does
// not answer become `crash`, and a loop without a hook, which no scheduling point can leave,
// becomes `livelock`. Both abandon the execution: the handler redirects the interrupted context
// into the engine (sim_abandon), and the next restart puts everything back.
//
// The fault that makes a stack grow may come in the middle of a hook that accesses it. To the
// program's handler it is one of the call of that hook, and hooks that the handler calls have a
// stack of their own. It touches nothing of the engine but stacks.c and what waits for the next
// event in trace.c.

#include "stress/sim/engine.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

enum { TICK_S = 1, STUCK_TICKS = 2 };

static volatile sig_atomic_t fault_signal;
static volatile uint64_t fault_pc, fault_addr;
static uint64_t last_points;
static uint32_t last_tag;
static int stuck;

// What the program was doing: where it called the hook, when one was interrupted.
static struct host_context program_context(const ucontext_t *uc)
{
    const greg_t *regs = uc->uc_mcontext.gregs;
    if (sim_in_hook((uint64_t)regs[REG_RSP])) {
        const struct sim_hook_frame *hook = sim_hook_frame();
        return (struct host_context){.pc = hook->pc, .sp = (uintptr_t)(hook + 1), .fp = hook->fp};
    }
    return (struct host_context){.pc = (uintptr_t)regs[REG_RIP],
                                 .sp = (uintptr_t)regs[REG_RSP],
                                 .fp = (uintptr_t)regs[REG_RBP]};
}

static void abandon(ucontext_t *uc, int sig)
{
    fault_signal = sig;
    fault_pc = program_context(uc).pc;
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uint64_t)sim_abandon;
}

static bool program_handles(const siginfo_t *info, const ucontext_t *uc)
{
    if (!sim.on_fault || sim.in_handler)
        return false;
    const struct host_context at = program_context(uc);
    struct sim_hook_frame **interrupted = sim_hook_sp;
    sim_hook_sp = sim_handler_hook_sp;
    sim.in_handler = true;
    bool handled = sim.on_fault((uintptr_t)info->si_addr, &at);
    sim.in_handler = false;
    sim_hook_sp = interrupted;
    return handled;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    if (!sim.running) { // a fault of our own: die of it, with a core and the right status
        signal(sig, SIG_DFL);
        return;
    }
    if (sig == SIGSEGV && program_handles(info, context))
        return;
    fault_addr = (uint64_t)info->si_addr;
    abandon(context, sig);
}

static void on_tick(int sig, siginfo_t *info, void *context)
{
    (void)info;
    if (!sim.running || sim.points != last_points || sim.tag != last_tag) {
        last_points = sim.points;
        last_tag = sim.tag;
        stuck = 0;
        return;
    }
    if (++stuck >= STUCK_TICKS) {
        stuck = 0;
        abandon(context, sig);
    }
}

void sim_abandoned(void)
{
    uint64_t pc = fault_pc;
    const char *function = sim_pc_function(pc);
    char text[320];
    if (fault_signal != SIGVTALRM) {
        snprintf(text, sizeof text, "%s in %s\naddress 0x%lx, pc 0x%lx", sigdescr_np(fault_signal),
                 function, (unsigned long)fault_addr, (unsigned long)pc);
        oracle_crash(text, pc);
    }
    // where the loop was interrupted is chance; the last point before it is not
    const struct sim_site *last = sim_site(sim.last_site);
    snprintf(text, sizeof text, "livelock: no point after %s `%s`", last->function, last->text);
    struct sim_finding *f = &sim.result.finding;
    oracle_place(&f->place[0], sim.at.context, sim.last_site, sim.node, pc, "still running",
                 sim.points);
    f->places = 1;
    char message[320];
    snprintf(message, sizeof message, "a loop without a shared operation, for seconds, in %s",
             function);
    oracle_report("livelock", text, message);
    sim_finish(SIM_LIMIT);
}

void sim_catch_signals(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    // SA_NODEFER: the handler never returns into the interrupted code, so the mask must stay open.
    const struct sigaction sa = {.sa_sigaction = on_fault,
                                 .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigaction(faults[i], &sa, NULL);
    const struct sigaction tick_sa = {
        .sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER};
    sigaction(SIGVTALRM, &tick_sa, NULL);
    const struct itimerval tick = {{TICK_S, 0}, {TICK_S, 0}};
    // processor time of this process: a busy machine is no livelock
    setitimer(ITIMER_VIRTUAL, &tick, NULL);
}

void watchdog_init(void)
{
    const size_t bytes = WATCHDOG_STACK;
    stack_t stack = {.ss_size = bytes};
    stack.ss_sp = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) != 0) {
        perror("gauntlet: signal stack");
        exit(2);
    }
    sim_catch_signals();
}
