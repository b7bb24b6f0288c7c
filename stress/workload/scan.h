// SPDX-License-Identifier: Apache-2.0
//
// Lines and words of the small text formats (workload, case). The text comes from strangers: it is
// checked as a whole before the first word is read, every word knows its column, and the first
// error wins. A tokenizer generator was not used: both formats are line oriented and words are
// enough.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_error {
    uint32_t line, col; // from 1
    char message[240];  // one line
};

struct word {
    const char *s; // not terminated
    uint32_t n;
    uint32_t col; // from 1
};

struct scan {
    const char *next;       // start of the line after this one
    const char *end;        // of the text
    const char *begin, *at; // start of this line, position in it
    const char *eol;        // end of this line, without the newline
    uint32_t line;          // number of this line
    bool comments;          // a word that begins with '#' ends the line
    struct text_error *err;
};

// Bytes of the UTF-8 character that `s` begins with; 0 when there is none in its `n` bytes, or it
// is a control character of two bytes, which terminals obey.
size_t utf8_character(const char *s, size_t n);
// False (with *err) when the text is longer than `limit`, holds control characters (NUL and CR
// among them), is not UTF-8, or does not end with a newline, as a truncated file does.
bool text_acceptable(const char *text, size_t n, size_t limit, struct text_error *err);

void scan_begin(struct scan *s, const char *text, size_t n, uint32_t first_line,
                struct text_error *err);
// Goes to the next line that holds a word; false at the end.
bool scan_line(struct scan *s);
// The next word of this line; false at its end.
bool scan_word(struct scan *s, struct word *w);
// True when nothing but white space or a comment is left; else an error at the next word.
bool scan_eol(struct scan *s);
// Column of the place where the next word would begin.
uint32_t scan_col(const struct scan *s);
// Notes an error in this line; always false.
bool scan_fail(struct scan *s, uint32_t col, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

bool word_is(const struct word *w, const char *text);
// Decimal digits only, at most `max`.
bool word_number(const struct word *w, uint64_t max, uint64_t *out);
// Copies a word into a buffer that is long enough for it; false when it is not.
bool word_copy(const struct word *w, char *to, size_t bytes);
// Width of the word for "%.*s", bounded so that messages stay one line.
int word_width(const struct word *w);
