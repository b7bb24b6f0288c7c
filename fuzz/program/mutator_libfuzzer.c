// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's view of the mutator.
#include "fuzz/program/mutate.h"

#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t room, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b,
                                 uint8_t *to, size_t room, unsigned seed);

static struct mutator *mutator(unsigned seed)
{
    static struct mutator m;

    if (m.kinds == 0)
        mutator_begin(&m, 0, getenv("FUZZER_DICTIONARY_PATH"));
    m.rng = seed; // everything comes from libFuzzer's own generator
    return &m;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t room, unsigned seed)
{
    static uint8_t bytes[INPUT_BYTES];
    size_t made = mutate_bytes(mutator(seed), data, n, bytes, sizeof bytes);

    if (made == 0 || made > room)
        return n;
    memcpy(data, bytes, made);
    return made;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b,
                                 uint8_t *to, size_t room, unsigned seed)
{
    return cross_over_bytes(mutator(seed), a, n_a, b, n_b, to, room);
}
