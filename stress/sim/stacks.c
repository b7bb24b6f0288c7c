// SPDX-License-Identifier: Apache-2.0
//
// Stacks of the program: those of its threads, at a place that depends on the thread's number, and
// those that it reserves for itself (host_stacks_reserve), in a part of the arena of their own, cut
// in order.
//
// Clearing. Before each execution a stack is cleared from the lowest stack pointer that it had,
// less the slack that code without hooks may have used below it. Stack pointers are known from
// function entries (sim_see_stack). The mark belongs to the stack, not to the fiber: fibers change
// stacks.
//
// Closing. A touch of a closed page must fault in every execution alike, so what growth has opened
// is closed again at restart. What a stack was opened by at first (unless a fault asked for it)
// stays open, because the next execution of the program opens the same; two system calls for each
// stack would double the price of a short execution. Stacks do not grow into it as long as they lie
// as before. When a reservation differs from the one that lay there, all from there on is closed.

#include "stress/sim/race.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define THREAD_SLOT (8ull << 20)

enum { PAGE = 4096, STACKS_MAX = 1 << 14, RESERVATIONS_MAX = 256 };

struct stack_range {
    char *open; // lowest open byte; hi: none
    char *hi;
    char *low;        // lowest stack pointer seen; NULL: none
    char *first;      // what it was opened by first in this execution
    char *accessible; // lowest accessible byte, also between executions
    bool used;        // in this execution
};

static struct stack_range thread_stack[SIM_THREADS_MAX];
static struct stack_range stack[STACKS_MAX];
static struct reservation {
    char *base;
    size_t bytes; // of each stack
    uint32_t n;
    uint32_t first; // index in stack[]
} reservation[RESERVATIONS_MAX];
static uint32_t n_reservations;     // of this execution
static uint32_t known_reservations; // those whose stacks lie where they lay before
static uint32_t used[STACKS_MAX], n_used;
static char *next_reservation;

static struct stack_range *stack_at(const char *p)
{
    uint64_t d = (uint64_t)p - MEMORY_THREAD_STACKS;
    if (d < SIM_THREADS_MAX * THREAD_SLOT)
        return &thread_stack[d / THREAD_SLOT];
    for (uint32_t i = 0; i < n_reservations; i++) {
        const struct reservation *r = &reservation[i];
        d = (uint64_t)(p - r->base);
        if (d < r->n * r->bytes)
            return &stack[r->first + d / r->bytes];
    }
    return NULL;
}

bool memory_is_stack(uint64_t addr)
{
    return stack_at((const char *)addr) != NULL;
}

bool memory_same_stack(uint64_t a, uint64_t b)
{
    const struct stack_range *s = stack_at((const char *)a);
    return s && s == stack_at((const char *)b);
}

// Threads ---------------------------------------------------------------------------------

void *memory_thread_stack(uint32_t index, size_t bytes)
{
    if (bytes > THREAD_SLOT - PAGE)
        return NULL;
    char *lo = (char *)MEMORY_THREAD_STACKS + index * THREAD_SLOT + PAGE;
    if (memory_make_accessible(lo, bytes) != 0)
        return NULL;
    thread_stack[index] = (struct stack_range){.open = lo, .hi = lo + bytes, .used = true};
    return lo;
}

// Marks -----------------------------------------------------------------------------------

// The fiber's stack pointer has left the window in which nothing needs to be noted.
void sim_see_stack(struct fiber *f, char *sp)
{
    struct stack_range *s = stack_at(sp);
    if (!s) { // some memory of the program's: it is cleared as a whole
        f->low = NULL;
        f->span = UINT64_MAX;
        return;
    }
    if (!s->low || sp < s->low)
        s->low = sp;
    f->low = s->low;
    f->span = (uint64_t)(s->hi - s->low);
}

void sim_stack_used_below(char *sp, size_t bytes)
{
    struct stack_range *s = stack_at(sp);
    if (!s)
        return;
    char *low = sp - s->open > (ptrdiff_t)bytes ? sp - bytes : s->open;
    if (!s->low || low < s->low)
        s->low = low;
}

static void clear(struct stack_range *s)
{
    char *from = s->low && s->low - SIM_STACK_SLACK > s->open ? s->low - SIM_STACK_SLACK : s->open;
    memset(from, 0, (size_t)(s->hi - from));
}

// Reserved stacks -------------------------------------------------------------------------

static int protect(char *lo, const char *hi, int prot)
{
    return mprotect(lo, (size_t)(hi - lo), prot) == 0 ? 0 : -ENOMEM;
}

static void protect_or_die(char *lo, const char *hi)
{
    if (lo < hi && protect(lo, hi, PROT_NONE) != 0)
        oracle_crash("the engine cannot close a stack of the program", 0);
}

// From the i-th reservation on, stacks lie otherwise than in the execution before.
static void forget_from(uint32_t i)
{
    if (i >= known_reservations)
        return;
    const struct reservation *last = &reservation[known_reservations - 1];
    protect_or_die(reservation[i].base, last->base + last->n * last->bytes);
    known_reservations = i;
}

void *memory_reserve_stacks(size_t bytes, size_t n)
{
    size_t all;
    uint32_t i = n_reservations;
    uint32_t first = i ? reservation[i - 1].first + reservation[i - 1].n : 0;
    if (__builtin_mul_overflow(bytes, n, &all) || n > STACKS_MAX - first || i == RESERVATIONS_MAX ||
        all > MEMORY_THREAD_STACKS - (uint64_t)next_reservation)
        return NULL;
    struct reservation *r = &reservation[i];
    char *base = next_reservation;
    if (i >= known_reservations || r->base != base || r->bytes != bytes || r->n != n) {
        forget_from(i);
        *r = (struct reservation){base, bytes, (uint32_t)n, first};
        for (uint32_t k = 0; k < n; k++) {
            char *hi = base + (k + 1) * bytes;
            stack[first + k] = (struct stack_range){.open = hi, .hi = hi, .accessible = hi};
        }
        known_reservations = i + 1;
    }
    n_reservations++;
    next_reservation += all;
    return base;
}

int memory_open_stack(char *lo, size_t bytes)
{
    struct stack_range *s = stack_at(lo);
    if (!s || lo + bytes != s->open)
        oracle_crash("host_stack_open: not the pages below the open part of a stack", 0);
    if (!s->used) {
        s->used = true;
        used[n_used++] = (uint32_t)(s - stack);
    }
    if (lo < s->accessible) {
        if (protect(lo, s->accessible, PROT_READ | PROT_WRITE) != 0)
            return -ENOMEM;
        s->accessible = lo;
    }
    if (s->open == s->hi) {
        s->first = sim.in_handler ? s->hi : lo;
        protect_or_die(s->accessible, lo);
        s->accessible = lo;
    }
    s->open = lo;
    return 0;
}

void memory_close_stack(char *lo, size_t bytes)
{
    struct stack_range *s = stack_at(lo);
    char *hi = lo + bytes;
    if (!s || lo != s->open || hi > s->hi)
        oracle_crash("host_stack_close: not the lowest open pages of a stack", 0);
    memset(lo, 0, bytes);
    protect_or_die(lo, hi);
    race_forget((uint64_t)lo, bytes);
    s->open = s->accessible = hi; // `low` stays: fibers remember it, and the stack may grow again
}

// Restart ---------------------------------------------------------------------------------

void stacks_restart(void)
{
    for (uint32_t i = 0; i < SIM_THREADS_MAX && thread_stack[i].used; i++) {
        clear(&thread_stack[i]);
        thread_stack[i].used = false;
    }
    for (uint32_t i = 0; i < n_used; i++) {
        struct stack_range *s = &stack[used[i]];
        clear(s);
        if (s->accessible < s->first) {
            protect_or_die(s->accessible, s->first);
            s->accessible = s->first;
        }
        s->open = s->hi;
        s->low = NULL;
        s->used = false;
    }
    n_used = n_reservations = 0;
    next_reservation = (char *)MEMORY_STACKS;
}

// The arena has been emptied and closed as a whole.
void stacks_forget(void)
{
    for (uint32_t i = 0; i < SIM_THREADS_MAX; i++)
        thread_stack[i].used = false;
    n_used = known_reservations = 0;
}
