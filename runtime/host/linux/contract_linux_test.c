// SPDX-License-Identifier: Apache-2.0
//
// The contract of host.h, asked of the linux host, also as on a kernel without guard regions; and
// what happens to a fault that no handler answers.
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/san.h"
#include "runtime/host/contract_test.h"
#include "runtime/host/host.h"
#include "runtime/host/linux/linux.h"
#include "runtime/sched/death.h"

SAN_UNINSTRUMENTED static bool answer_none(uintptr_t addr, const struct host_context *at)
{
    (void)addr, (void)at;
    return false;
}

static void null_store(void)
{
    signal(SIGSEGV, SIG_DFL); // also of a sanitizer's
    host_signal_stack(16384);
    host_on_fault(answer_none);
    *(volatile int *)8 = 1;
}

static void sent_signal(void)
{
    signal(SIGSEGV, SIG_DFL);
    host_signal_stack(16384);
    host_on_fault(answer_none);
    raise(SIGSEGV);
}

static void tell(int sig)
{
    (void)sig;
    static const char text[] = "the handler of before\n";
    host_write_err(text, sizeof(text) - 1);
    _exit(7);
}

static void null_store_with_a_handler(void)
{
    signal(SIGSEGV, tell);
    host_signal_stack(16384);
    host_on_fault(answer_none);
    *(volatile int *)8 = 1;
}

static int unanswered_faults_take_their_course(void)
{
    static char text[4096];
    int broken = 0;
    void (*const dying[])(void) = {null_store, sent_signal};
    for (size_t i = 0; i < sizeof(dying) / sizeof(dying[0]); i++) {
        int status = death_of(dying[i], text, sizeof(text));
        broken += !WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV;
    }
    int status = death_of(null_store_with_a_handler, text, sizeof(text));
    broken += !WIFEXITED(status) || WEXITSTATUS(status) != 7 || strstr(text, "before") == NULL;
    if (broken != 0)
        fprintf(stderr, "%d faults that nobody answered went astray\n", broken);
    return broken;
}

// Last: the choice is for the whole process.
static void contract_by_protection(void)
{
    linux_stacks_by_protection();
    _exit(host_contract());
}

int main(void)
{
    static char text[4096];
    int broken = unanswered_faults_take_their_course();
    int status = death_of(contract_by_protection, text, sizeof(text));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "by protection: wait status %#x\n%s", (unsigned)status, text);
        broken++;
    }
    broken += host_contract();
    return broken == 0 ? 0 : 1;
}
