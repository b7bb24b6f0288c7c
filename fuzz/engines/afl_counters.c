// SPDX-License-Identifier: Apache-2.0
//
// The inline counters of instrumented objects, for AFL++. The compiler's constructors tell where
// they lie; a cell of AFL++'s map is asked for each, as its own instrumentation does, and after an
// execution they are put there. So are the bytes of section __libfuzzer_extra_counters, which
// libFuzzer knows by itself.
//
// Linked with --wrap=LLVMFuzzerTestOneInput: neither AFL++'s driver nor the target knows of it. A
// crash ends with SIGABRT, and its handler puts the counters there likewise.
#include "fuzz/engines/afl_counters.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// In a target of plain code this is compiled as all else is.
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)

enum { CELLS_MAX = 1 << 18, CRASHES = 1 << 12, RANGES = 8 };

extern uint8_t *__afl_area_ptr;
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop);
int __real_LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

extern uint8_t __start___libfuzzer_extra_counters[] __attribute__((weak)),
    __stop___libfuzzer_extra_counters[] __attribute__((weak));

static uint32_t cell[CELLS_MAX]; // where in the map a counter goes
static uint32_t cells;
static struct range {
    uint8_t *begin;
    size_t n;
    uint32_t first; // in cell[]
} range[RANGES];
static uint32_t ranges;
static uint8_t crash[CRASHES]; // one byte is set when an execution ends so

static void add_range(uint8_t *begin, size_t n)
{
    for (uint32_t i = 0; i < ranges; i++)
        if (range[i].begin == begin)
            return;
    if (n == 0)
        return;
    if (ranges == RANGES || n > CELLS_MAX - cells) {
        fputs("afl_counters: more counters than there is room for\n", stderr);
        _exit(2);
    }
    range[ranges++] = (struct range){begin, n, cells};
    __sanitizer_cov_trace_pc_guard_init(cell + cells, cell + cells + n);
    cells += (uint32_t)n;
}

// Called before AFL++ asks how large the map is, once for each compiled source.
void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop)
{
    add_range(crash, sizeof crash);
    add_range(start, (size_t)(stop - start));
    if (__start___libfuzzer_extra_counters != NULL)
        add_range(__start___libfuzzer_extra_counters,
                  (size_t)(__stop___libfuzzer_extra_counters - __start___libfuzzer_extra_counters));
}

static void clear(void)
{
    for (uint32_t i = 0; i < ranges; i++)
        memset(range[i].begin, 0, range[i].n);
}

static void put_range(const struct range *r)
{
    for (size_t i = 0; i < r->n; i += 8) {
        uint64_t eight = 0;
        size_t n = r->n - i < 8 ? r->n - i : 8;

        memcpy(&eight, r->begin + i, n);
        for (size_t k = 0; eight != 0; k++, eight >>= 8)
            if (eight & 0xff)
                __afl_area_ptr[cell[r->first + i + k]] = (uint8_t)eight;
    }
}

static void put(void)
{
    for (uint32_t i = 0; i < ranges; i++)
        put_range(&range[i]);
}

void afl_counters_crash(uint32_t number)
{
    clear();
    crash[number % CRASHES] = 1;
}

static void on_abort(int sig)
{
    put();
    signal(sig, SIG_DFL); // abort raises it again
}

int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    signal(SIGABRT, on_abort);
    clear();
    int result = __real_LLVMFuzzerTestOneInput(data, n);
    put();
    return result;
}

#pragma clang attribute pop
