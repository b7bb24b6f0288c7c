// SPDX-License-Identifier: Apache-2.0
//
// Litmus programs of the memory model: for each rule of the store buffers one that shows it. Each
// has a weak outcome, one that no interleaving of its operations has. tso_test.c asserts of all of
// them that sequential consistency never shows it, and under total store order what `tso` says.
#pragma once

#include <stdbool.h>

#include "stress/sim/litmus/litmus.h"

enum tso_verdict {
    TSO_NEVER, // the rule keeps it away
    TSO_FOUND, // a store waits for long enough
    TSO_RARE,  // the same, and much else must happen: no walk is sure to find it soon
};

struct tso_litmus {
    struct litmus program;
    enum tso_verdict tso;
    bool (*weak)(void); // of an execution that ended well; NULL: program.expect reports it. With
                        // both, the oracle must report some executions, under either model
};

// NULL-terminated by name.
extern const struct tso_litmus tso_programs[];

// Each of two threads waits for a store of the other, with host_relax and without.
extern const struct litmus tso_relaxes, tso_spins;
