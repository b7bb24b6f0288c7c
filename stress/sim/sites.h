// SPDX-License-Identifier: Apache-2.0
//
// The site table of the running program, and the words that a finding about memory is made of. Part
// of the engine, but with a library of its own: what runs the same objects under ThreadSanitizer
// names its findings by the same functions, so that a bug found both ways is one finding.
#pragma once

#include "stress/sim/sim.h"

enum { SIM_SITES_MAX = 16384 };

// Site of a hook's return address, by one table lookup. Return addresses lie some bytes apart: the
// table has an entry for every 2^sim_site_shift bytes.
extern uint16_t *sim_site_table;
extern uint64_t sim_site_lo, sim_site_span;
extern uint32_t sim_site_shift;
extern bool sim_uses_fences; // the program contains fences
// Reads the table; ends the process with status 2 when there is none that can be used.
void sim_sites_load(void);

static inline uint32_t sim_site_of(uint64_t pc)
{
    uint64_t d = pc - sim_site_lo;
    return __builtin_expect(d < sim_site_span, 1) ? sim_site_table[d >> sim_site_shift]
                                                  : SIM_SITE_NONE;
}

// Whether the call that returns there copies or fills memory (memcpy ...).
bool sim_is_range_call(uint64_t pc);

// "KIND FUNCTION `TEXT`": one side of a race.
enum { SIM_SIDE_BYTES = 240 };
const char *sim_access_name(bool write, bool atomic);
void sim_side(char side[SIM_SIDE_BYTES], bool write, bool atomic, uint64_t pc);
// The signature of a race, whichever side came first.
void sim_race_signature(char *signature, size_t bytes, const char *a, const char *b);
// That of a crash: the first line of its text, without digits, for "g 17" and "g 18" are the same
// symptom.
void sim_crash_signature(char *signature, size_t bytes, const char *text);
