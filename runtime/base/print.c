// SPDX-License-Identifier: Apache-2.0
//
// Formatting for the fatal-error path; see print.h. Uninstrumented like everything on that path.
// The one writer of a struct print is the function that holds it on its stack.
#include "runtime/base/print.h"

#include "runtime/base/san.h"
#include "runtime/host/host.h"

SAN_UNINSTRUMENTED_BEGIN

static void put(struct print *out, char c)
{
    if (out->n + 1 >= sizeof(out->text))
        return;
    out->text[out->n++] = c;
    out->text[out->n] = '\0';
}

void print_begin(struct print *out)
{
    out->n = 0;
    out->text[0] = '\0';
}

void print_str(struct print *out, const char *s)
{
    for (; *s != '\0'; s++)
        put(out, *s);
}

static void put_digits(struct print *out, uint64_t v, unsigned base)
{
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v != 0);
    while (n > 0)
        put(out, digits[--n]);
}

void print_dec(struct print *out, int64_t v)
{
    if (v < 0)
        put(out, '-');
    put_digits(out, v < 0 ? -(uint64_t)v : (uint64_t)v, 10);
}

void print_hex(struct print *out, uint64_t v)
{
    print_str(out, "0x");
    put_digits(out, v, 16);
}

const char *print_text(const struct print *out)
{
    return out->text;
}

void print_flush(struct print *out)
{
    // a full line gives its last character to the newline
    if (out->n + 1 >= sizeof(out->text))
        out->n = sizeof(out->text) - 2;
    put(out, '\n');
    host_write_err(out->text, out->n);
    print_begin(out);
}

void print_line(const char *first, const char *second)
{
    struct print out;
    print_begin(&out);
    print_str(&out, first);
    print_str(&out, second);
    print_flush(&out);
}

SAN_UNINSTRUMENTED_END
