// SPDX-License-Identifier: Apache-2.0
//
// AFL++'s view of the mutator: a library that afl-fuzz loads (AFL_CUSTOM_MUTATOR_LIBRARY).
#include "fuzz/program/mutate.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS = 4 };

void *afl_custom_init(void *afl, unsigned seed);
void afl_custom_deinit(void *data);
size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t n, uint8_t **out, uint8_t *add,
                       size_t n_add, size_t room);
uint32_t afl_custom_fuzz_count(void *data, const uint8_t *buf, size_t n);

struct state {
    struct mutator m;
    uint8_t bytes[INPUT_BYTES], next[INPUT_BYTES];
};

void *afl_custom_init(void *afl, unsigned seed)
{
    struct state *s = calloc(1, sizeof *s);

    (void)afl;
    if (s != NULL)
        mutator_begin(&s->m, seed, getenv("FUZZER_DICTIONARY_PATH"));
    return s;
}

void afl_custom_deinit(void *data)
{
    free(data);
}

size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t n, uint8_t **out, uint8_t *add,
                       size_t n_add, size_t room)
{
    struct state *s = data;
    size_t most = room < sizeof s->bytes ? room : sizeof s->bytes, made = 0;

    if (n_add > 0 && mutator_below(&s->m, 5) == 0)
        made = cross_over_bytes(&s->m, buf, n, add, n_add, s->bytes, most);
    // several in a row: libFuzzer goes on from what it made, AFL++ begins with the input each time
    for (uint32_t i = mutator_below(&s->m, STEPS) + 1; i > 0; i--) {
        size_t next = mutate_bytes(&s->m, made ? s->bytes : buf, made ? made : n, s->next, most);

        if (next == 0)
            break;
        memcpy(s->bytes, s->next, next);
        made = next;
    }
    *out = made > 0 ? s->bytes : buf;
    return made > 0 ? made : n;
}

// Of each input in turn. By itself AFL++ doubles this with every find: all of 60 000 executions
// were of two inputs.
uint32_t afl_custom_fuzz_count(void *data, const uint8_t *buf, size_t n)
{
    (void)data, (void)buf, (void)n;
    return 64;
}
