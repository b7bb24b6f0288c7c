// SPDX-License-Identifier: Apache-2.0
//
// See gates_canary.h.
#include "stress/native/gates_canary.h"

#include "runtime/base/atomic.h"
#include "runtime/host/host.h"

static atomic_u32 first; // relaxed: it publishes nothing
static atomic_u32 ready; // release hands over canary_plain
static atomic_u32 over;  // relaxed, likewise
static bool ordered;     // const while two threads run
int canary_plain;        // a race unless `ready` has been seen

static void other(void *arg)
{
    uint32_t none = 0;

    (void)arg;
    canary_nap((const unsigned *)(const void *)&first);
    cas_relaxed(&first, &none, 2);
    canary_plain = 2;
    store_release(&ready, 1);
    store_relaxed(&over, 1);
}

void canary_main(bool in_order)
{
    uint32_t none = 0;

    ordered = in_order;
    host_thread_create(other, NULL, 0);
    cas_relaxed(&first, &none, 1);
    if (ordered) {
        while (load_acquire(&ready) == 0)
            host_relax();
    }
    canary_plain = 1;
    while (load_relaxed(&over) == 0)
        host_relax();
    host_exit(load_relaxed(&first) == 1 ? 10 : 20);
}
