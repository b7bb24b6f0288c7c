// SPDX-License-Identifier: Apache-2.0
//
// The binary form of a workload, for fuzzers: the same program as its text, without loss. There is
// one form for each program, and what is no such form is refused with a reason: a fuzzer's mutator
// (fuzz/program) makes programs, not bytes.
//
//     u8 version, u8 settings, u8 p's, u8 bodies, u8 which of them is main
//     each body: number of operations, each of them: u8 kind, its arguments in order
//     with WL_BINARY_NAMED, all names: u8 length, the letters
//
// Numbers are LEB128. A name is its number in the order of first use; without WL_BINARY_NAMED it is
// called as workload_plain_names would.
#pragma once

#include "stress/workload/text.h"

enum { WL_BINARY_VERSION = 1, WL_BINARY_BYTES = 64 * 1024 };
enum { WL_BINARY_PROD = 1, WL_BINARY_SYSMON = 2, WL_BINARY_NAMED = 4 };

// A reader and a writer over bytes that somebody else owns. After the first error nothing is done.
struct bytes_in {
    const uint8_t *at, *end;
    const char *error; // the first; NULL: none
};
struct bytes_out {
    uint8_t *at, *end;
    bool full;
};
uint8_t get_u8(struct bytes_in *in);
uint64_t get_number(struct bytes_in *in);
void put_u8(struct bytes_out *out, uint8_t value);
void put_number(struct bytes_out *out, uint64_t value);

// Bytes of the program, or 0: more than `room`.
size_t workload_encode(const struct workload *w, uint8_t *to, size_t room);
// Overwrites *w. False and *err (line: number of the operation, from 1) when it is none.
bool workload_decode(struct workload *w, const uint8_t *data, size_t n, struct text_error *err);
// Numbers all names in the order of their first use, as the parser does, and forgets those that are
// not used. For those who edit a workload.
void workload_number_names(struct workload *w);
// Calls everything by its kind and number: main, b1, b2; v0, r0, g0, w0, c0, l0, t0, p0.
void workload_plain_names(struct workload *w);
