// SPDX-License-Identifier: Apache-2.0
//
// The store-buffer litmus program: T0 stores x and loads y, T1 the other way round; both then say
// that they are done. In a source of its own, so that a program can link it without the others:
// the fences of those make the engine keep more books for every atomic access.

#include "stress/sim/litmus/litmus.h"

#include "runtime/base/atomic.h"

static _Alignas(8) atomic_u32 x;
static _Alignas(8) atomic_u32 y;
static _Alignas(8) atomic_u32 done;
static _Alignas(8) uint32_t r0;
static _Alignas(8) uint32_t r1;

static void end(void)
{
    add_acq_rel(&done, 1u);
}

static void t0(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1u);
    r0 = load_relaxed(&y);
    end();
}

static void t1(void *arg)
{
    (void)arg;
    store_relaxed(&y, 1u);
    r1 = load_relaxed(&x);
    end();
    load_acquire(&done);
}

uint32_t litmus_store_buffer_outcome(void)
{
    return r0 + 2 * r1;
}

const struct litmus litmus_store_buffer = {"store buffer", NULL, 2, {t0, t1}};
