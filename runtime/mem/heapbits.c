// SPDX-License-Identifier: Apache-2.0
//
// Where the pointers are: a bit for each word of the heap. A span without pointers has none to look
// at: its bits are what its pages had before. A word of bits lies within one span and has one
// writer at a time, so writing part of it is a load and a store.
#include "runtime/base/throw.h"
#include "runtime/mem/mheap.h"

static atomic_u64 *bits_of(uintptr_t addr)
{
    return (atomic_u64 *)(void *)heap.pointer_bits.base + (addr - heap.base) / 512;
}

bool heap_word_is_pointer(uintptr_t addr)
{
    return (load_relaxed(bits_of(addr)) >> (addr - heap.base) / 8 % 64 & 1) != 0;
}

uint64_t heap_pointer_bits(uintptr_t addr)
{
    return load_relaxed(bits_of(addr));
}

// Collects bits in order and writes them a word at a time.
struct bit_writer {
    atomic_u64 *to;
    uint32_t at;   // next bit of it
    uint64_t word; // bits below .at, what was there and what is new
};

static void put_bits(struct bit_writer *w, uint64_t bits, uint32_t n)
{
    w->word |= bits << w->at;
    if (w->at + n < 64) {
        w->at += n;
        return;
    }
    store_relaxed(w->to, w->word);
    w->to++;
    w->word = w->at == 0 ? 0 : bits >> (64 - w->at);
    w->at = w->at + n - 64;
}

static void put_zeros(struct bit_writer *w, size_t n)
{
    for (; n > 64; n -= 64)
        put_bits(w, 0, 64);
    put_bits(w, 0, (uint32_t)n);
}

static void put_type(struct bit_writer *w, const struct rt_type *type)
{
    size_t words = type->ptr_bytes / 8;
    for (size_t i = 0; i < words; i += 64) {
        uint32_t n = words - i < 64 ? (uint32_t)(words - i) : 64;
        uint64_t mask = n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
        put_bits(w, type->ptr_bits[i / 64] & mask, n);
    }
    put_zeros(w, (type->bytes - type->ptr_bytes) / 8);
}

// Of the first 64 words of a type.
static uint64_t first_bits(const struct rt_type *type)
{
    return type->ptr_bits[0] & ((UINT64_C(2) << (type->ptr_bytes / 8 - 1) % 64) - 1);
}

// Elements of at most half a word of bits go as many at a time as a word holds.
static void put_array(struct bit_writer *w, const struct rt_type *type, size_t n)
{
    uint32_t words = (uint32_t)(type->bytes / 8);
    if (n > 1 && words <= 32) {
        uint32_t each = 64 / words;
        uint64_t many = 0;
        for (uint32_t i = 0; i < each; i++)
            many |= first_bits(type) << i * words;
        for (; n >= each; n -= each)
            put_bits(w, many, each * words);
    }
    for (size_t i = 0; i < n; i++)
        put_type(w, type);
}

void heap_set_pointers(uintptr_t slot, size_t bytes, const struct rt_type *type, size_t n)
{
    rt_assert(bytes % 8 == 0 && type->bytes % 8 == 0 && type->bytes * n <= bytes);
    struct bit_writer w = {bits_of(slot), (uint32_t)((slot - heap.base) / 8 % 64), 0};
    size_t words = bytes / 8;
    if (n == 1 && w.at + words < 64) { // most objects: all bits lie in one word
        uint64_t slot_mask = ((UINT64_C(1) << words) - 1) << w.at;
        store_relaxed(w.to, (load_relaxed(w.to) & ~slot_mask) | first_bits(type) << w.at);
        return;
    }
    uint64_t below = (UINT64_C(1) << w.at) - 1;
    w.word = load_relaxed(w.to) & below;
    put_array(&w, type, n);
    put_zeros(&w, (bytes - type->bytes * n) / 8);
    if (w.at != 0) { // the next slot's bits stay
        uint64_t above = UINT64_MAX << w.at;
        store_relaxed(w.to, w.word | (load_relaxed(w.to) & above));
    }
}
