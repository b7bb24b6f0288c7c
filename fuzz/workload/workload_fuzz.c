// SPDX-License-Identifier: Apache-2.0
//
// The parser of workload texts. What it accepts is printed, parsed and printed again: the two
// prints are equal.
#include "stress/workload/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char *print(const struct workload *w, size_t *n)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, n);

    workload_print(w, f, "");
    fclose(f);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct text_error err;
    struct workload *w = workload_parse((const char *)data, n, 1, &err);

    if (w == NULL) {
        if (err.line == 0 || err.col == 0 || err.message[0] == 0)
            abort();
        return 0;
    }
    size_t n1, n2;
    char *once = print(w, &n1);
    workload_free(w);
    w = workload_parse(once, n1, 1, &err);
    if (w == NULL)
        abort();
    char *twice = print(w, &n2);
    workload_free(w);
    if (n1 != n2 || memcmp(once, twice, n1) != 0)
        abort();
    free(once);
    free(twice);
    return 0;
}
