// SPDX-License-Identifier: Apache-2.0
//
// The shadow heap: which objects an execution has made, what they hold and who refers to them, kept
// apart from the heap. An object that can be got at must be there, whole, and alone in its memory;
// one that cannot may go at any time.
//
// Objects are known by number from 1; 0: none. What is wrong ends the execution (calm_fail).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OBJECTS_MAX = 64,
    ROOTS_MAX = 48,
    LINKS = 16,    // slots of an object that are used, spread over it
    NODE_SLOTS = 7 // at most, of one element
};

struct object {
    uintptr_t base; // 0: seen to be gone
    size_t bytes;   // asked for
    uint32_t elems; // of `slots` pointers behind a word each; 0: bytes without pointers
    uint32_t slots;
    bool finalizer; // set, and has not run
    uint8_t to[LINKS];
};

// From now on roots[i] are the numbers of what goroutines and globals refer to.
extern uint8_t shadow_root[ROOTS_MAX];
extern struct object shadow_object[OBJECTS_MAX];
extern uint32_t shadow_objects; // numbers given out, and 1

// A new object, whose memory is looked at and filled. elems and slots as above.
uint8_t shadow_add(void *base, size_t bytes, uint32_t elems, uint32_t slots);
// Its k-th link: where it lies.
uint32_t shadow_links(const struct object *o);
void *shadow_slot(const struct object *o, uint32_t k);
// The object that begins there and is not known to be gone.
uint8_t shadow_find(const void *base);
// What a goroutine can get at, and what a finalizer will still see, is marked in `live`.
void shadow_reach(bool live[OBJECTS_MAX]);
bool shadow_reached(uint8_t number);
// One object: there, whole, and its links are those that were written.
void shadow_check(uint8_t number);
// All that are reached.
void shadow_check_all(void);
// The statistics equal a walk over all spans. At a moment at which nobody else allocates.
void shadow_check_stats(void);
