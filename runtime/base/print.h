// SPDX-License-Identifier: Apache-2.0
//
// Text for standard error, made on the stack of whoever prints: no allocation, no lock, no libc
// formatting, so that a throw can use it from any state. A line that is too long is cut.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { PRINT_BYTES = 240 };

struct print {
    char text[PRINT_BYTES]; // always terminated
    size_t n;
};

void print_begin(struct print *out);
void print_str(struct print *out, const char *s);
void print_dec(struct print *out, int64_t v);
void print_hex(struct print *out, uint64_t v);
const char *print_text(const struct print *out);
// Writes what has been collected and a newline to standard error, and begins anew.
void print_flush(struct print *out);
// One line of two parts.
void print_line(const char *first, const char *second);
