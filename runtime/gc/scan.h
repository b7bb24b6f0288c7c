// SPDX-License-Identifier: Apache-2.0
//
// What marking and its check have in common: objects and their pointers.
#pragma once

#include "runtime/mem/mheap.h"

struct object {
    struct mspan *span;
    uint32_t index;
};

// The object that addr lies in; false when there is none. For words met by chance too.
static inline bool object_find(struct object *o, uintptr_t addr)
{
    o->span = span_of(addr);
    if (o->span == NULL)
        return false;
    o->index = span_index(o->span, addr);
    return span_is_object(o->span, o->index);
}

// Calls visit(arg, slot, value) for each pointer word of [from, end) of the heap that is not NULL.
static inline __attribute__((always_inline)) void
each_pointer(uintptr_t from, uintptr_t end, void (*visit)(void *, uintptr_t, uintptr_t), void *arg)
{
    for (uintptr_t at = from & ~(uintptr_t)511; at < end; at += 512) {
        uint64_t bits = heap_pointer_bits(at);
        if (at < from)
            bits &= UINT64_MAX << (from - at) / 8;
        if (end - at < 512)
            bits &= (UINT64_C(1) << (end - at) / 8) - 1;
        for (; bits != 0; bits &= bits - 1) {
            uintptr_t slot = at + 8 * (uintptr_t)__builtin_ctzll(bits);
            uintptr_t value = (uintptr_t)rt_load_ptr((const rt_ptr *)slot);
            if (value != 0)
                visit(arg, slot, value);
        }
    }
}
