// SPDX-License-Identifier: Apache-2.0
//
// Signals of the linux host: stacks for handlers, and the handler of faults. Installed with raw
// system calls: a sanitizer that intercepts sigaction would put its own handler in between, which
// postpones what must be answered at once. Handlers block all signals, so one at a time runs on a
// signal stack.
//
// A fault that nobody handles gets back what was there before the handler: the default action, or
// that of a sanitizer or test framework; the instruction is run again and dies the accustomed way.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "runtime/host/host.h"
#include "runtime/host/linux/signals.h"

// Signal stacks ---------------------------------------------------------------------------

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t stack_key; // const after stack_key_make; value: the mapping's first page

static size_t stack_bytes_of(const char *mapping)
{
    return *(const size_t *)(const void *)(mapping + HOST_PAGE_BYTES);
}

static void stack_drop(void *mapping)
{
    const stack_t none = {.ss_flags = SS_DISABLE};
    syscall(SYS_sigaltstack, &none, NULL);
    munmap(mapping, HOST_PAGE_BYTES + stack_bytes_of(mapping));
}

static void stack_key_make(void)
{
    if (pthread_key_create(&stack_key, stack_drop) != 0)
        host_abort("host: no key for signal stacks");
}

int host_signal_stack(size_t bytes)
{
    pthread_once(&once, stack_key_make);
    // what the processor's registers take, beside what handlers ask for; its own size stands at the
    // low end
    bytes += getauxval(AT_MINSIGSTKSZ) + sizeof(bytes);
    bytes = (bytes + HOST_PAGE_BYTES - 1) & ~((size_t)HOST_PAGE_BYTES - 1);
    char *p = mmap(NULL, HOST_PAGE_BYTES + bytes, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return -ENOMEM;
    char *lo = p + HOST_PAGE_BYTES; // below it a page that stays closed
    const stack_t stack = {.ss_sp = lo + 16, .ss_size = bytes - 16};
    if (mprotect(lo, bytes, PROT_READ | PROT_WRITE) != 0 ||
        syscall(SYS_sigaltstack, &stack, NULL) != 0) {
        munmap(p, HOST_PAGE_BYTES + bytes);
        return -ENOMEM;
    }
    *(size_t *)(void *)lo = bytes;
    char *old = pthread_getspecific(stack_key);
    if (old != NULL)
        munmap(old, HOST_PAGE_BYTES + stack_bytes_of(old));
    return -pthread_setspecific(stack_key, p);
}

// Actions ---------------------------------------------------------------------------------

enum { SA_RESTORER_FLAG = 0x04000000 };

// Where a handler returns to; the form is the one that debuggers know.
void linux_sigreturn(void);
__asm__(".text\n"
        ".p2align 4\n"
        ".type linux_sigreturn, @function\n"
        "nop\n"
        "linux_sigreturn:\n"
        "movq $15, %rax\n" // SYS_rt_sigreturn
        "syscall\n"
        ".size linux_sigreturn, .-linux_sigreturn\n");

void linux_action(int sig, const struct kernel_sigaction *now, struct kernel_sigaction *before)
{
    if (syscall(SYS_rt_sigaction, sig, now, before, sizeof(now->mask)) != 0)
        host_abort("host: cannot set a signal handler");
}

void linux_handle(int sig, void (*handler)(int, siginfo_t *, void *), unsigned long flags,
                  struct kernel_sigaction *before)
{
    const struct kernel_sigaction sa = {.handler = handler,
                                        .flags = SA_SIGINFO | SA_ONSTACK | SA_RESTORER_FLAG | flags,
                                        .restorer = linux_sigreturn,
                                        .mask = UINT64_MAX};
    linux_action(sig, &sa, before);
}

// Faults ----------------------------------------------------------------------------------

static bool (*fault_handler)(uintptr_t, const struct host_context *); // const after host_on_fault
static struct kernel_sigaction before_fault;                          // likewise

static void on_fault(int sig, siginfo_t *info, void *context)
{
    int saved = errno;
    const greg_t *regs = ((const ucontext_t *)context)->uc_mcontext.gregs;
    const struct host_context at = {.pc = (uintptr_t)regs[REG_RIP],
                                    .sp = (uintptr_t)regs[REG_RSP],
                                    .fp = (uintptr_t)regs[REG_RBP]};
    bool by_access = info->si_code > 0; // not sent by somebody
    if (!by_access || !fault_handler((uintptr_t)info->si_addr, &at)) {
        linux_action(sig, &before_fault, NULL);
        if (!by_access) // would not come again by itself
            syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), sig);
    }
    errno = saved;
}

void host_on_fault(bool (*fn)(uintptr_t addr, const struct host_context *at))
{
    bool first = fault_handler == NULL;
    fault_handler = fn;
    if (first)
        linux_handle(SIGSEGV, on_fault, 0, &before_fault);
}
