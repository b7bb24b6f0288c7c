// SPDX-License-Identifier: Apache-2.0
//
// The parser of case files. What it accepts is printed, parsed and printed again: the two prints
// are equal. What it refuses has a place within the text, or right behind it, and one line of
// words.
#include "repro/case.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

// The engine's part: any names would do.
const char *const *sim_oracle_names(void)
{
    static const char *const names[] = {"race",     "gstate", "lost-wake", "conserve",
                                        "deadlock", "chan",   "gc-lost",   NULL};

    return names;
}

static char *print(const struct repro_case *c, size_t *n)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, n);

    case_print(c, f);
    fclose(f);
    return text;
}

static void check_error(const char *text, size_t n, const struct text_error *err)
{
    const char *line = text, *end = text + n, *newline = text;

    for (uint32_t i = 1; i < err->line && line < end; i++) {
        newline = memchr(line, '\n', (size_t)(end - line));
        line = newline ? newline + 1 : end;
    }
    newline = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;
    size_t length = (size_t)((newline ? newline : end) - line);
    if (err->line == 0 || err->col == 0 || err->col > length + 1)
        abort(); // the place is nowhere
    if (err->message[0] == 0 || strchr(err->message, '\n') != NULL)
        abort(); // not one line
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct repro_case c;
    struct text_error err = {0};
    size_t n1, n2;

    if (!case_parse(&c, (const char *)data, n, &err)) {
        check_error((const char *)data, n, &err);
        return 0;
    }
    char *once = print(&c, &n1);
    case_free(&c);
    if (!case_parse(&c, once, n1, &err))
        abort(); // what was printed is refused
    char *twice = print(&c, &n2);
    case_free(&c);
    if (n1 != n2 || memcmp(once, twice, n1) != 0)
        abort(); // it has become another case
    free(once);
    free(twice);
    return 0;
}
