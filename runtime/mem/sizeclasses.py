#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes config/*/sizeclasses.h: the sizes in which small objects are cut from spans.

    sizeclasses.py PAGE_BYTES SMALL_MAX STEPS > sizeclasses.h

Sizes are multiples of 8, from 32 bytes on of 16; from 128 bytes on STEPS of them lie in a doubling,
above 2 KiB at the distance reached there. A span has as many pages as it takes for the rest behind
its last slot, the tail, to be at most an eighth of it. Of sizes that give equally many slots in
equally many pages only the largest stays, and it is made as large as they allow: so a tail goes to
its objects where it can. The idea is TCMalloc's. The last class, which no size leads to, are the
blocks that pieces of less than 16 bytes share: apart, so that a span says what its objects are.
"""

import sys

LOOKUP_FINE_MAX = 1024  # the table of classes has an entry for each 8 bytes, above for each 128
COARSE = 128
EVEN_FROM = 2048
TINY = 16


def step(size, steps):
    """From one size to the next."""
    if size < 32:
        return 8
    doubling = 1 << (min(size, EVEN_FROM).bit_length() - 1)
    return max(16, doubling // steps)


def span_pages(size, page):
    pages = 1
    while pages * page % size > pages * page // 8:
        pages += 1
    return pages


def classes(page, largest, steps):
    """[(bytes, pages)] from class 1 on, ascending."""
    found = []
    size = 8
    while size <= largest:
        pages = span_pages(size, page)
        if found and found[-1][1] == pages and pages * page // found[-1][0] == pages * page // size:
            found.pop()
        found.append((size, pages))
        size += step(size, steps)
    return [(max(size, pages * page // (pages * page // size) // COARSE * COARSE), pages)
            for size, pages in found]


def lookup(sizes, first, last, distance):
    """The class of each size first, first + distance, ... last."""
    return [next(i for i, s in enumerate(sizes) if s >= size)
            for size in range(first, last + 1, distance)]


def table(type_, name, values):
    lines, line = [], "   "
    for v in values:
        if len(line) + len(" %d," % v) > 100:
            lines.append(line)
            line = "   "
        line += " %d," % v
    lines.append(line)
    return "static const %s %s[] = {\n%s\n};\n" % (type_, name, "\n".join(lines))


def text(page, largest, steps):
    found = classes(page, largest, steps)
    sizes = [0] + [size for size, _ in found]
    assert sizes[-1] == largest and largest <= 0xffff
    fine = lookup(sizes, 0, LOOKUP_FINE_MAX, 8)
    coarse = lookup(sizes, LOOKUP_FINE_MAX, largest, COARSE)
    sizes.append(TINY)
    found.append((TINY, 1))
    words = max((pages * page // size + 63) // 64 for size, pages in found)
    return """// SPDX-License-Identifier: Apache-2.0
//
// Made by runtime/mem/sizeclasses.py %d %d %d; a test compares. Class 0 are the large objects.
#pragma once

#include <stdint.h>

// clang-format off
enum {
    SIZECLASSES = %d,
    SIZECLASS_TINY = SIZECLASSES - 1, // shared blocks
    SIZECLASS_STEPS = %d,       // to a doubling
    SIZECLASS_PAGE_BYTES = %d,  // for which the table was made
    SMALL_BYTES_MAX = %d,      // larger objects have a span of their own
    SPAN_WORDS_MAX = %d,         // words that hold a bit for each object of any span
    SIZECLASS_FINE_MAX = %d,
};
""" % (page, largest, steps, len(sizes), steps, page, largest, words, LOOKUP_FINE_MAX) + "\n".join([
        "// Bytes of a slot.",
        table("uint16_t", "sizeclass_bytes", sizes),
        "// Pages of a span.",
        table("uint8_t", "sizeclass_pages", [0] + [pages for _, pages in found]),
        "// offset / bytes is offset * divmul >> 32 for every offset in a span.",
        table("uint32_t", "sizeclass_divmul", [0] + [-(-(1 << 32) // s) for s in sizes[1:]]),
        "// The class of up to SIZECLASS_FINE_MAX bytes, by (bytes + 7) / 8.",
        table("uint8_t", "sizeclass_of_fine", fine),
        "// The class of more, by (bytes - SIZECLASS_FINE_MAX + %d) / %d." % (COARSE - 1, COARSE),
        table("uint8_t", "sizeclass_of_coarse", coarse),
    ]) + "// clang-format on\n"


if __name__ == "__main__":
    sys.stdout.write(text(*[int(a) for a in sys.argv[1:4]]))
