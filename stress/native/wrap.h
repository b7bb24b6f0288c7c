// SPDX-License-Identifier: Apache-2.0
//
// The wrap layer of the tsan personality: one function is called before each atomic operation of
// instrumented code and each call of the host, with what it is, the word, and the place. It makes
// threads late (perturb.h) or holds them until it is their turn (gates.h). Nothing of it orders
// anything in ThreadSanitizer's eyes: it is not instrumented, synchronises by builtins, and sleeps
// by raw system calls. The runtime knows nothing of it; that it is there is decided by the linker
// (wrap.bzl).
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum wrap_kind { // the first five are known to wrap.S
    WRAP_LOAD,
    WRAP_STORE,
    WRAP_RMW,
    WRAP_CAS,
    WRAP_FENCE,
    WRAP_CALL, // of the host
};

// What stands on the program's stack where it has called: the place, and the frame of who called.
struct wrap_frame {
    uintptr_t fp, pc;
};

enum { WRAP_THREADS = 128 }; // numbers below that can be held; others run free

// The calling thread; owner: that thread, but for what it is born with.
struct wrap_thread {
    uint32_t number;      // by birth, 0 for the first; as the engine numbers them
    uint32_t children;    // that it has started
    uint64_t birth;       // a number for "k-th child of P", the same in all executions
    uint64_t points;      // of it, so far
    uint64_t random;      // perturb.c: state of its own generator
    uint32_t places_left; // perturb.c: until its priority is drawn anew
    int32_t nice;         // perturb.c: as the kernel knows it
    bool low, begun;      // perturb.c: of low priority; `random` is set
    bool in_handler;      // of a signal that the gates make come
    void (*inject)(void); // is called when this call of the program's returns, to inject_pc
    uintptr_t inject_pc;
};

// Valid until the calling goroutine gives up its thread: not kept over an operation.
struct wrap_thread *wrap_self(void);
// By wrap.S and the calls of the host (wrap_host.c), before an operation of who called there.
void wrap_before(enum wrap_kind kind, const volatile void *word, struct wrap_frame *at);
// The call that the program has made will be followed by one of `call`, before it goes on.
void wrap_inject(struct wrap_thread *t, struct wrap_frame *at, void (*call)(void));

// Of host_random, while no order says what it answers.
void wrap_seed(uint64_t seed);

// Raw, without errno.
long wrap_syscall(long number, long a, long b, long c, long d);
int64_t wrap_clock(void);
void wrap_pause(int64_t ns);
// Sleeps while *word is `expected`, for at most `ns`.
void wrap_wait(const uint32_t *word, uint32_t expected, int64_t ns);
void wrap_wake(const uint32_t *word);
_Noreturn void wrap_sleep_for_good(void);
