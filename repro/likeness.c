// SPDX-License-Identifier: Apache-2.0
//
// See likeness.h. Lines are compared as tokens, so that white space and the length of a name count
// for nothing. Rejected: distance in characters, which calls `runqhead` and `runqtail` much the
// same.
#include "repro/likeness.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum { TOKENS_MAX = 128 };

struct token {
    const char *s;
    uint32_t n;
    bool name;
};

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static uint32_t tokens(const char *text, struct token *t)
{
    uint32_t count = 0;

    for (const char *s = text; *s && count < TOKENS_MAX;) {
        const char *end = s + 1;

        if (isspace((unsigned char)*s)) {
            s++;
            continue;
        }
        if (in_name(*s))
            while (in_name(*end))
                end++;
        else if (s[0] == '-' && s[1] == '>')
            end++;
        t[count++] =
            (struct token){s, (uint32_t)(end - s), in_name(*s) && !isdigit((unsigned char)*s)};
        s = end;
    }
    return count;
}

static bool same(const struct token *a, const struct token *b)
{
    return a->n == b->n && memcmp(a->s, b->s, a->n) == 0;
}

static bool is(const struct token *t, const char *text)
{
    return strlen(text) == t->n && memcmp(t->s, text, t->n) == 0;
}

// May the i-th of `n` tokens be called otherwise without a change of what is done?
static bool local(const struct token *t, uint32_t i, uint32_t n)
{
    bool field = i > 0 && (is(&t[i - 1], ".") || is(&t[i - 1], "->"));
    bool function = i + 1 < n && is(&t[i + 1], "(");

    return t[i].name && !field && !function && !isupper((unsigned char)t[i].s[0]);
}

bool text_renamed(const char *a, const char *b)
{
    struct token x[TOKENS_MAX], y[TOKENS_MAX];
    uint32_t n = tokens(a, x), m = tokens(b, y);

    if (n != m || n == TOKENS_MAX)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (!local(x, i, n) || !local(y, i, n)) {
            if (!same(&x[i], &y[i]))
                return false;
            continue;
        }
        for (uint32_t k = 0; k < i; k++)
            if (local(x, k, n) && same(&x[k], &x[i]) != same(&y[k], &y[i]))
                return false;
    }
    return true;
}

// Longest common subsequence (Wagner and Fischer 1974).
uint32_t text_likeness(const char *a, const char *b)
{
    struct token x[TOKENS_MAX], y[TOKENS_MAX];
    uint32_t n = tokens(a, x), m = tokens(b, y);
    uint32_t row[TOKENS_MAX + 1] = {0};

    for (uint32_t i = 0; i < n; i++) {
        uint32_t before = 0; // row[k - 1] of the line before

        for (uint32_t k = 1; k <= m; k++) {
            uint32_t above = row[k];

            if (same(&x[i], &y[k - 1]))
                row[k] = before + 1;
            else if (row[k] < row[k - 1])
                row[k] = row[k - 1];
            before = above;
        }
    }
    return n + m == 0 ? 100 : 200 * row[m] / (n + m);
}
