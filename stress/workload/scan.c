// SPDX-License-Identifier: Apache-2.0
//
// Lines and words: see scan.h. Nothing here allocates; words point into the caller's text.
#include "stress/workload/scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool whole_text_error(struct text_error *err, uint32_t line, uint32_t col,
                             const char *message)
{
    err->line = line;
    err->col = col;
    snprintf(err->message, sizeof err->message, "%s", message);
    return false;
}

size_t utf8_character(const char *s, size_t n)
{
    static const uint32_t least[] = {0, 0, 0xa0, 0x800, 0x10000}; // by length; below: too long
    unsigned char lead = n > 0 ? (unsigned char)s[0] : 0xff;
    size_t length = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t value;

    if (length <= 1)
        return length;
    if (lead > 0xf4 || length > n)
        return 0;
    value = lead & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | ((unsigned char)s[i] & 0x3f);
    }
    bool surrogate = value >= 0xd800 && value < 0xe000;
    return value < least[length] || surrogate || value > 0x10ffff ? 0 : length;
}

bool text_acceptable(const char *text, size_t n, size_t limit, struct text_error *err)
{
    uint32_t line = 1;
    size_t begin = 0;

    if (n > limit) {
        snprintf(err->message, sizeof err->message, "too large: %zu bytes, at most %zu are read", n,
                 limit);
        err->line = err->col = 1;
        return false;
    }
    for (size_t i = 0, length; i < n; i += length) {
        unsigned char c = (unsigned char)text[i];
        uint32_t col = (uint32_t)(i - begin) + 1;

        length = utf8_character(text + i, n - i);
        if (length == 0)
            return whole_text_error(err, line, col, "not UTF-8, or a control character");
        if (c == '\n') {
            line++;
            begin = i + 1;
        } else if (c == '\r') {
            return whole_text_error(err, line, col,
                                    "carriage return: lines end with a newline alone");
        } else if (c == 0) {
            return whole_text_error(err, line, col, "NUL byte: this is not a text");
        } else if ((c < ' ' && c != '\t') || c == 0x7f) {
            return whole_text_error(err, line, col, "control character");
        }
    }
    if (n == 0)
        return whole_text_error(err, 1, 1, "empty");
    if (text[n - 1] != '\n')
        return whole_text_error(err, line, (uint32_t)(n - begin) + 1,
                                "truncated: the last line has no end");
    return true;
}

void scan_begin(struct scan *s, const char *text, size_t n, uint32_t first_line,
                struct text_error *err)
{
    *s = (struct scan){
        .next = text, .end = text + n, .begin = text, .at = text, .eol = text, .err = err};
    s->line = first_line - 1;
}

static void skip_space(struct scan *s)
{
    while (s->at < s->eol && (*s->at == ' ' || *s->at == '\t'))
        s->at++;
    if (s->comments && s->at < s->eol && *s->at == '#')
        s->at = s->eol;
}

bool scan_line(struct scan *s)
{
    while (s->next < s->end) {
        const char *newline = memchr(s->next, '\n', (size_t)(s->end - s->next));

        s->begin = s->at = s->next;
        s->eol = newline ? newline : s->end;
        s->next = newline ? newline + 1 : s->end;
        s->line++;
        skip_space(s);
        if (s->at < s->eol)
            return true;
    }
    s->line += s->begin < s->end; // what is missing is missed after the last line
    s->begin = s->at = s->eol = s->end;
    return false;
}

uint32_t scan_col(const struct scan *s)
{
    return (uint32_t)(s->at - s->begin) + 1;
}

bool scan_word(struct scan *s, struct word *w)
{
    skip_space(s);
    w->s = s->at;
    w->col = scan_col(s);
    while (s->at < s->eol && *s->at != ' ' && *s->at != '\t')
        s->at++;
    w->n = (uint32_t)(s->at - w->s);
    return w->n > 0;
}

bool scan_eol(struct scan *s)
{
    struct word w;

    if (!scan_word(s, &w))
        return true;
    return scan_fail(s, w.col, "unexpected '%.*s'", word_width(&w), w.s);
}

bool scan_fail(struct scan *s, uint32_t col, const char *format, ...)
{
    va_list args;

    s->err->line = s->line ? s->line : 1;
    s->err->col = col;
    va_start(args, format);
    vsnprintf(s->err->message, sizeof s->err->message, format, args);
    va_end(args);
    return false;
}

bool word_is(const struct word *w, const char *text)
{
    return strlen(text) == w->n && memcmp(w->s, text, w->n) == 0;
}

bool word_number(const struct word *w, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (w->n == 0 || w->n > 20)
        return false;
    for (uint32_t i = 0; i < w->n; i++) {
        uint64_t digit = (uint64_t)(w->s[i] - '0');

        if (w->s[i] < '0' || w->s[i] > '9' || digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

bool word_copy(const struct word *w, char *to, size_t bytes)
{
    if (w->n >= bytes)
        return false;
    memcpy(to, w->s, w->n);
    to[w->n] = 0;
    return true;
}

int word_width(const struct word *w)
{
    return w->n < 60 ? (int)w->n : 60;
}
