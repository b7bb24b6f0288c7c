// SPDX-License-Identifier: Apache-2.0
//
// Memory that is never given back: g, m, p, their arrays. Bump allocation under a lock from
// chunks of the host's memory, opened a few pages at a time. Zeroed. Refusal by the host is
// fatal.
#pragma once

#include <stddef.h>
#include <stdint.h>

// The last words of a program that the host grants no more memory: what it asked for, and how much
// of that kind it has.
_Noreturn void out_of_memory(size_t bytes, const char *of, uint64_t in_use);

void persistent_init(void);
// Opened so far.
size_t persistent_open_bytes(void);
// `align` is a power of two, at most a page.
void *persistent_alloc(size_t bytes, size_t align);
