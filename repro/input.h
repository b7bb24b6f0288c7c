// SPDX-License-Identifier: Apache-2.0
//
// An input of the fuzz targets that run whole workloads: a program, the choices of one execution,
// and the random walks that take all other choices. It has a binary form, which engines store, and
// a text, which people read and write; each is made of the other without loss. The targets take
// both.
//
//     u8 'g', u8 'i', u8 version, u8 settings, u32 voucher
//     LEB128 bytes of the program, the program (stress/workload/binary.h)
//     u8 legs:  each u8 walk, u32 seed, LEB128 points
//     u8 edits: each LEB128 gap, u8 kind << 6 | value, LEB128 quiet
//
//     gauntlet input 1
//     memory sc
//     sysmon frozen               absent when it is not
//     faults mild                 absent when there are none
//     vouched                     absent when it is not
//     program
//       workload ...
//     plan
//       run 3 after 120 points, alone for 40
//       answer 1 after 0 points
//       random 7341 for 300 points
//       priorities 5
//
// Edits stand before walks. A voucher says that the program has been seen to hold what it expects,
// and not to wait for ever: then a deadlock is the runtime's fault. It is a hash of the program, so
// that what a fuzzer makes of it has none.
#pragma once

#include "repro/trial.h"

enum { INPUT_VERSION = 1, INPUT_BYTES = 64 * 1024, INPUT_TEXT_BYTES = 256 * 1024 };

struct input {
    enum sim_memory memory;
    bool frozen; // sysmon
    enum sim_faults_allowed faults;
    bool vouched;
    struct workload program;
    struct sim_plan plan;
};

// Bytes written, or 0: more than `room`.
size_t input_encode(const struct input *in, uint8_t *to, size_t room);
// Either form. *in is overwritten. False and *err when it is neither; of the binary form err->line
// is the number of the operation, or 1.
bool input_decode(struct input *in, const uint8_t *data, size_t n, struct text_error *err);
bool input_is_text(const uint8_t *data, size_t n);
void input_print(const struct input *in, FILE *out);
bool input_parse(struct input *in, const char *text, size_t n, struct text_error *err);
// Begins a trial with it. `in` outlives the trial; its actors are named.
void input_begin(struct trial *t, struct input *in);
// Whether a finding may be the program's own fault: it waits for ever, expects what does not hold,
// or races on its own variables.
bool input_is_at_fault(const struct input *in, const struct sim_finding *f);
