// SPDX-License-Identifier: Apache-2.0
//
// Made by runtime/mem/sizeclasses.py 4096 8192 2; a test compares. Class 0 are the large objects.
#pragma once

#include <stdint.h>

// clang-format off
enum {
    SIZECLASSES = 23,
    SIZECLASS_TINY = SIZECLASSES - 1, // shared blocks
    SIZECLASS_STEPS = 2,       // to a doubling
    SIZECLASS_PAGE_BYTES = 4096,  // for which the table was made
    SMALL_BYTES_MAX = 8192,      // larger objects have a span of their own
    SPAN_WORDS_MAX = 8,         // words that hold a bit for each object of any span
    SIZECLASS_FINE_MAX = 1024,
};
// Bytes of a slot.
static const uint16_t sizeclass_bytes[] = {
    0, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 5376,
    6144, 8192, 16,
};

// Pages of a span.
static const uint8_t sizeclass_pages[] = {
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 3, 1, 4, 3, 2, 1,
};

// offset / bytes is offset * divmul >> 32 for every offset in a span.
static const uint32_t sizeclass_divmul[] = {
    0, 536870912, 268435456, 178956971, 134217728, 89478486, 67108864, 44739243, 33554432, 22369622,
    16777216, 11184811, 8388608, 5592406, 4194304, 2796203, 2097152, 1398102, 1048576, 798916,
    699051, 524288, 268435456,
};

// The class of up to SIZECLASS_FINE_MAX bytes, by (bytes + 7) / 8.
static const uint8_t sizeclass_of_fine[] = {
    0, 1, 2, 3, 4, 5, 5, 6, 6, 7, 7, 7, 7, 8, 8, 8, 8, 9, 9, 9, 9, 9, 9, 9, 9, 10, 10, 10, 10, 10,
    10, 10, 10, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 12, 12, 12, 12, 12,
    12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13,
    13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 14, 14, 14, 14, 14,
    14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14,
    14, 14, 14,
};

// The class of more, by (bytes - SIZECLASS_FINE_MAX + 127) / 128.
static const uint8_t sizeclass_of_coarse[] = {
    14, 15, 15, 15, 15, 16, 16, 16, 16, 17, 17, 17, 17, 17, 17, 17, 17, 18, 18, 18, 18, 18, 18, 18,
    18, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 20, 20, 20, 20, 20, 20, 21, 21, 21, 21, 21, 21, 21,
    21, 21, 21, 21, 21, 21, 21, 21, 21,
};
// clang-format on
