// SPDX-License-Identifier: Apache-2.0
//
// What functions declared RT_PREEMPTIBLE must not do: preemptible_check.sh has to report all but
// the last. Never run.
#include <errno.h>

#include "runtime/rt_heap.h"
#include "runtime/rt_preempt.h"

struct node {
    rt_ptr next;
};

RT_PREEMPTIBLE void canary_stores_a_pointer(struct node *n, void *object);
RT_PREEMPTIBLE void canary_stores_by_a_helper(struct node *n, void *object);
RT_PREEMPTIBLE int canary_reads_errno(void);
RT_PREEMPTIBLE uintptr_t canary_finds_a_thread_local(void);
RT_PREEMPTIBLE void *canary_only_reads(const struct node *n);

void canary_stores_a_pointer(struct node *n, void *object)
{
    rt_write_ptr(&n->next, object);
}

static void link_behind(struct node *n, void *object)
{
    rt_write_ptr(&n->next, object);
}

void canary_stores_by_a_helper(struct node *n, void *object)
{
    link_behind(n, object);
}

int canary_reads_errno(void)
{
    return errno;
}

// As the compiler does it for one of another library.
uintptr_t canary_finds_a_thread_local(void)
{
    uintptr_t offset;
    __asm__("movq canary_own@gottpoff(%%rip), %0" : "=r"(offset));
    return offset;
}

void *canary_only_reads(const struct node *n)
{
    return rt_load_ptr(&n->next);
}
