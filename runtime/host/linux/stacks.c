// SPDX-License-Identifier: Apache-2.0
//
// Reserved stacks of the linux host. A closed page is a guard region (Linux 6.13): a marker in the
// page table, so that a million stacks are one mapping. A page table serves 2 MiB: a stack that is
// as far from its neighbours as the default reservation costs half of one (2 KiB), closed or open.
//
// Where the kernel has no guard regions, or refuses a writable reservation (strict overcommit), a
// closed page is one without access rights. Every open stack is then two mappings, of which a
// process has vm.max_map_count (65530 by default): some 32 000 goroutines. Which way is taken is
// decided by the first reservation, for all.
//
// Huge pages are kept out: the first touch of a stack would bring 2 MiB.
//
// Raw system calls where a fault handler may be the caller.
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/atomic.h"
#include "runtime/host/host.h"
#include "runtime/host/linux/linux.h"

// madvise; newer than libc's headers
enum { POPULATE_WRITE = 23, GUARD_INSTALL = 102, GUARD_REMOVE = 103 };
enum { UNDECIDED, BY_GUARDS, BY_PROTECTION };

// atomic, relaxed: decided once, the same by everyone; a reservation is published by its owner
static atomic_u32 way;

void linux_stacks_by_protection(void)
{
    store_relaxed(&way, BY_PROTECTION);
}

static void *map(size_t bytes, int prot)
{
    void *p = mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static int advise(void *p, size_t bytes, int advice)
{
    long r;
    do
        r = syscall(SYS_madvise, p, bytes, advice);
    while (r < 0 && (errno == EINTR || errno == EAGAIN));
    return r == 0 ? 0 : -errno;
}

static int protect(void *p, size_t bytes, int prot)
{
    return syscall(SYS_mprotect, p, bytes, prot) == 0 ? 0 : -errno;
}

static void *reserve_guarded(size_t bytes)
{
    void *p = map(bytes, PROT_READ | PROT_WRITE);
    if (p == NULL)
        return NULL;
    // a kernel without huge pages refuses the advice, which is as good
    advise(p, bytes, MADV_NOHUGEPAGE);
    if (advise(p, bytes, GUARD_INSTALL) == 0)
        return p;
    munmap(p, bytes);
    return NULL;
}

static void *reserve_protected(size_t bytes)
{
    void *p = map(bytes, PROT_NONE);
    if (p != NULL)
        advise(p, bytes, MADV_NOHUGEPAGE);
    return p;
}

void *host_stacks_reserve(size_t bytes, size_t n)
{
    size_t all;
    if (__builtin_mul_overflow(bytes, n, &all))
        return NULL;
    uint32_t by = load_relaxed(&way);
    if (by != BY_PROTECTION) {
        void *p = reserve_guarded(all);
        if (p != NULL || by == BY_GUARDS) {
            store_relaxed(&way, BY_GUARDS);
            return p;
        }
    }
    void *p = reserve_protected(all);
    if (p != NULL)
        store_relaxed(&way, BY_PROTECTION);
    return p;
}

// A single page is opened because it is touched next: it is brought in by the way, which is cheaper
// than a fault. Of more pages nobody knows which will be touched.
int host_stack_open(void *lo, size_t bytes)
{
    if (load_relaxed(&way) != BY_GUARDS)
        return protect(lo, bytes, PROT_READ | PROT_WRITE);
    int r = advise(lo, bytes, GUARD_REMOVE);
    if (r == 0 && bytes == HOST_PAGE_BYTES)
        r = advise(lo, bytes, POPULATE_WRITE);
    return r;
}

void host_stack_close(void *lo, size_t bytes)
{
    bool closed = load_relaxed(&way) == BY_GUARDS
                      ? advise(lo, bytes, GUARD_INSTALL) == 0
                      : advise(lo, bytes, MADV_DONTNEED) == 0 && protect(lo, bytes, PROT_NONE) == 0;
    if (!closed)
        host_abort("host: cannot close a stack");
}
