// SPDX-License-Identifier: Apache-2.0
//
// Interrupting threads: SIGURG, which nobody sends by chance and which is ignored by default, so a
// debugger, a shell and a program without a handler for it are not disturbed. One that the host has
// not sent goes on to who handled it before. SIGQUIT asks for a picture of the process.
//
// What is to be called comes between two instructions of the interrupted code by a frame that the
// handler puts on its stack, below what it may use without saying so (the red zone): the address
// where it was, and the function. The thread goes on in linux_injected, which saves all registers
// on that stack, calls, puts them back and returns over the red zone.
#include <cpuid.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "runtime/host/host.h"
#include "runtime/host/linux/signals.h"

enum { RED_ZONE = 128 };

static void (*(*interrupted)(const struct host_context *))(void); // const after host_on_interrupt
static void (*quit)(void);                                        // const after host_on_quit
static struct kernel_sigaction before_interrupt, before_quit;     // likewise
static pid_t self;                                                // likewise

uint64_t host_thread_self(void)
{
    return (uint64_t)syscall(SYS_gettid);
}

int host_interrupt(uint64_t thread)
{
    siginfo_t info = {.si_signo = SIGURG, .si_code = SI_QUEUE};
    info.si_pid = self;
    info.si_value.sival_ptr = &self; // who else sends this signal has no such value
    if (interrupted == NULL)
        return 0;
    return syscall(SYS_rt_tgsigqueueinfo, self, (pid_t)thread, SIGURG, &info) == 0 ? 0 : -errno;
}

// Injection -------------------------------------------------------------------------------
// Vector registers: x87, SSE, AVX and AVX-512, as far as the machine has them, in the layout of
// XSAVE: at most 2688 bytes, aligned to 64.

void linux_injected(void);
__asm__(".text\n"
        ".p2align 4\n"
        ".type linux_injected, @function\n"
        "linux_injected:\n"
        ".cfi_startproc\n"
        ".cfi_undefined rip\n"
        "pushfq\n"
        "pushq %rax\n"
        "pushq %rcx\n"
        "pushq %rdx\n"
        "pushq %rbx\n"
        "pushq %rbp\n"
        "pushq %rsi\n"
        "pushq %rdi\n"
        "pushq %r8\n"
        "pushq %r9\n"
        "pushq %r10\n"
        "pushq %r11\n"
        "pushq %r12\n"
        "pushq %r13\n"
        "pushq %r14\n"
        "pushq %r15\n"
        "movq %rsp, %rbp\n"
        "cld\n"
        "subq $2752, %rsp\n"
        "andq $-64, %rsp\n"
        "xorl %eax, %eax\n" // the head of the area must be zero
        "movq %rax, 512(%rsp)\n"
        "movq %rax, 520(%rsp)\n"
        "movq %rax, 528(%rsp)\n"
        "movq %rax, 536(%rsp)\n"
        "movq %rax, 544(%rsp)\n"
        "movq %rax, 552(%rsp)\n"
        "movq %rax, 560(%rsp)\n"
        "movq %rax, 568(%rsp)\n"
        "movl $0xe7, %eax\n"
        "xorl %edx, %edx\n"
        "xsave64 (%rsp)\n"
        "call *128(%rbp)\n" // what the handler has put above the flags
        "movl $0xe7, %eax\n"
        "xorl %edx, %edx\n"
        "xrstor64 (%rsp)\n"
        "movq %rbp, %rsp\n"
        "popq %r15\n"
        "popq %r14\n"
        "popq %r13\n"
        "popq %r12\n"
        "popq %r11\n"
        "popq %r10\n"
        "popq %r9\n"
        "popq %r8\n"
        "popq %rdi\n"
        "popq %rsi\n"
        "popq %rbp\n"
        "popq %rbx\n"
        "popq %rdx\n"
        "popq %rcx\n"
        "popq %rax\n"
        "popfq\n"
        "leaq 8(%rsp), %rsp\n" // flags are as they were
        "ret $128\n"           // to where it was interrupted, and over the red zone
        ".cfi_endproc\n"
        ".size linux_injected, .-linux_injected\n");

static bool can_save_registers(void)
{
    unsigned a, b, c = 0, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE) != 0;
}

// Whoever asked for it has seen to it that the stack is open so far down.
static void inject(greg_t *regs, void (*call)(void))
{
    uintptr_t *sp = (uintptr_t *)(regs[REG_RSP] - RED_ZONE);
    *--sp = (uintptr_t)regs[REG_RIP];
    *--sp = (uintptr_t)call;
    regs[REG_RSP] = (greg_t)(uintptr_t)sp;
    regs[REG_RIP] = (greg_t)(uintptr_t)linux_injected;
}

// Handlers --------------------------------------------------------------------------------

static void forward(const struct kernel_sigaction *to, int sig, siginfo_t *info, void *context)
{
    if ((uintptr_t)to->handler > 1) // neither the default, which is to ignore it, nor ignored
        to->handler(sig, info, context);
}

static void on_interrupt(int sig, siginfo_t *info, void *context)
{
    int saved = errno;
    greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
    if (info->si_code != SI_QUEUE || info->si_value.sival_ptr != &self) {
        forward(&before_interrupt, sig, info, context);
    } else {
        const struct host_context at = {.pc = (uintptr_t)regs[REG_RIP],
                                        .sp = (uintptr_t)regs[REG_RSP],
                                        .fp = (uintptr_t)regs[REG_RBP]};
        void (*call)(void) = interrupted(&at);
        if (call != NULL)
            inject(regs, call);
    }
    errno = saved;
}

void host_on_interrupt(void (*(*fn)(const struct host_context *at))(void))
{
    if (!can_save_registers())
        return; // nobody is interrupted: goroutines give way at calls and points
    interrupted = fn;
    if (self == 0) {
        self = getpid();
        linux_handle(SIGURG, on_interrupt, SA_RESTART, &before_interrupt);
    }
}

static void on_quit(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)info, (void)context;
    quit();
}

// Somebody's own handler stays, as does a decision to ignore it.
void host_on_quit(void (*fn)(void))
{
    quit = fn;
    linux_action(SIGQUIT, NULL, &before_quit);
    if (before_quit.handler == NULL)
        linux_handle(SIGQUIT, on_quit, 0, &before_quit);
}
