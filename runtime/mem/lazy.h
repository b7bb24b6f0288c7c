// SPDX-License-Identifier: Apache-2.0
//
// An array over the whole heap that costs memory only as far as the heap has grown: address space
// is reserved for all of it, and opened from the beginning. What is open reads as zero at first.
// The caller serialises; readers of what is open already need nothing.
#pragma once

#include <stddef.h>

struct lazy {
    char *base;   // const after lazy_reserve
    size_t open;  // caller's lock; whole host pages
    size_t bytes; // const
};

// 0 or -ENOMEM.
int lazy_reserve(struct lazy *a, size_t bytes);
// Opens at least the first `bytes`. 0 or -ENOMEM, and then nothing has changed.
int lazy_open(struct lazy *a, size_t bytes);
