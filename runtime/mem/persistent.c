// SPDX-License-Identifier: Apache-2.0
//
// Bump allocator for what lives as long as the process; see persistent.h. The invariant: [next,
// open) is zeroed and nobody's, [open, end) is reserved. Pages are opened as late as possible,
// because under simulation every opened page is cleared ten thousand times a second.
#include "runtime/mem/persistent.h"

#include "config.h"
#include "runtime/base/print.h"
#include "runtime/base/throw.h"
#include "runtime/host/host.h"
#include "runtime/sync/mutex.h"

static struct {
    struct mutex lock;
    char *next;    // lock
    char *open;    // lock
    char *end;     // lock
    size_t opened; // lock; bytes, in all chunks
} persistent;

void persistent_init(void)
{
    mutex_init(&persistent.lock, RANK_PERSISTENT);
}

_Noreturn void out_of_memory(size_t bytes, const char *of, uint64_t in_use)
{
    struct print out;
    print_begin(&out);
    print_str(&out, "runtime: out of memory: cannot allocate ");
    print_dec(&out, (int64_t)bytes);
    print_str(&out, " bytes of ");
    print_str(&out, of);
    print_str(&out, " (");
    print_dec(&out, (int64_t)in_use);
    print_str(&out, " in use)");
    print_flush(&out);
    rt_fatal("runtime: out of memory: the host grants no more");
}

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) & ~(to - 1);
}

// A new chunk; the rest of the old one is lost.
static void chunk_locked(size_t bytes)
{
    size_t reserve = PERSISTENT_BYTES;
    if (bytes > reserve)
        reserve = round_up(bytes, HOST_PAGE_BYTES);
    char *p = host_reserve(reserve);
    if (p == NULL)
        rt_fatal("runtime: out of memory: cannot reserve address space");
    persistent.next = p;
    persistent.open = p;
    persistent.end = p + reserve;
}

static void open_locked(const char *until)
{
    size_t want = round_up((size_t)(until - persistent.open), PERSISTENT_COMMIT);
    size_t left = (size_t)(persistent.end - persistent.open);
    if (want > left)
        want = left;
    if (host_commit(persistent.open, want) != 0)
        out_of_memory(want, "records", persistent.opened);
    persistent.open += want;
    persistent.opened += want;
}

// Bytes from next to the first place that is aligned.
static size_t gap_locked(size_t align)
{
    return -(uintptr_t)persistent.next & (align - 1);
}

void *persistent_alloc(size_t bytes, size_t align)
{
    rt_assert(align != 0 && (align & (align - 1)) == 0 && align <= HOST_PAGE_BYTES);
    rt_assert(bytes > 0 && bytes < PTRDIFF_MAX / 2);
    lock(&persistent.lock);
    size_t gap = gap_locked(align);
    if ((size_t)(persistent.end - persistent.next) < gap + bytes) {
        chunk_locked(bytes);
        gap = 0; // a chunk begins with a page
    }
    char *p = persistent.next + gap;
    if (p + bytes > persistent.open)
        open_locked(p + bytes);
    persistent.next = p + bytes;
    rt_assert(persistent.next <= persistent.open && persistent.open <= persistent.end);
    unlock(&persistent.lock);
    return p;
}

size_t persistent_open_bytes(void)
{
    lock(&persistent.lock);
    size_t bytes = persistent.opened;
    unlock(&persistent.lock);
    return bytes;
}
