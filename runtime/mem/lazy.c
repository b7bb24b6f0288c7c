// SPDX-License-Identifier: Apache-2.0
#include "runtime/mem/lazy.h"

#include <errno.h>
#include <stdint.h>

#include "runtime/base/throw.h"
#include "runtime/host/host.h"

static size_t whole_pages(size_t bytes)
{
    return (bytes + HOST_PAGE_BYTES - 1) / HOST_PAGE_BYTES * HOST_PAGE_BYTES;
}

int lazy_reserve(struct lazy *a, size_t bytes)
{
    rt_assert(a->base == NULL && bytes > 0);
    a->bytes = whole_pages(bytes);
    a->base = host_reserve(a->bytes);
    return a->base != NULL ? 0 : -ENOMEM;
}

int lazy_open(struct lazy *a, size_t bytes)
{
    size_t want = whole_pages(bytes);
    rt_assert(want <= a->bytes);
    if (want <= a->open)
        return 0;
    int err = host_commit(a->base + a->open, want - a->open);
    if (err == 0)
        a->open = want;
    return err;
}
