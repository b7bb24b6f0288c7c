// SPDX-License-Identifier: Apache-2.0
//
// What the parts of the site table tool share: the calls found in the program (elf_calls.c), where
// each of them comes from in the source (places.c), and the sites they amount to (sitetab.c).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One direct call made by an instrumented function.
struct call {
    uint64_t pc;      // of the call instruction
    uint64_t ret;     // return address
    const char *hook; // name without __tsan_, or "call"
    // Set by places_find:
    const char *chain; // function names, innermost first
    const char *file;  // of the first frame outside base/
    uint32_t line;     // in it; 0: none
    uint32_t column;
    uint32_t site;      // number in the table, set by sitetab_write
    bool inner_located; // the innermost place itself has a line and a column
};

struct range {
    uint64_t lo, hi;
    const char *function;
};

struct table {
    struct call *calls; // by pc
    size_t ncalls, cap_calls;
    struct range *ranges; // instrumented functions, by address
    size_t nranges, cap_ranges;
    char **strings; // all texts that the above point to
    size_t nstrings, cap_strings;
    char *err; // first error, one line
    size_t errlen;
};

// Sets the error and returns -1.
int table_fail(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Fills calls and ranges from the file open as `fd`.
int elf_calls_find(struct table *t, int fd);
// Fills in where each call comes from.
int places_find(struct table *t, int fd);

void *table_grow(void *v, size_t n, size_t *cap, size_t each);
// A copy of `text` that lives as long as the table.
const char *table_copy(struct table *t, const char *text);
