// SPDX-License-Identifier: Apache-2.0
//
// The site table of a linked program: for each return address of a call that instrumented code
// makes, the place in the source, named so that it is the same after recompilation and after edits
// elsewhere.
//
// A site is the first frame of the inline chain whose file does not lie under runtime/base/: the
// chain of function names (innermost first, joined by '<', frames under base/ left out), the text
// of the source line (white space folded, trailing comment dropped), and the rank of its line and
// column among those with equal chain and text. Several addresses may be one site.
//
// The program must be linked without PIE and with --emit-relocs: calls are found by their
// relocations, so that nothing has to be disassembled.
#pragma once

#include <stddef.h>

struct sitetab_request {
    const char *binary; // ELF executable to read
    const char *root;   // folder that the source names in its debug information start from
    const char *output; // text file to write
};

// Writes the table. Returns 0; or -1 with one line in `err`, and no output file: when the program
// cannot be read, or an atomic operation in it has no line or column of its own (the compiler
// merged two operations, and a schedule could not tell them apart).
int sitetab_write(const struct sitetab_request *request, char *err, size_t errlen);
