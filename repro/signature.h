// SPDX-License-Identifier: Apache-2.0
//
// Is what was found the bug of the case? A signature holds function names and lines of source,
// which harmless edits change. A changed one is believed only when the place that it used to name
// is gone from the program: as long as that is there, a finding elsewhere is another bug.
#pragma once

#include "repro/case.h"

enum signature_verdict {
    SIGNATURE_OTHER,
    SIGNATURE_SAME,
    SIGNATURE_MOVED, // the bug of the case; its text has changed with the code
};

enum signature_verdict signature_compare(const struct repro_case *c, const struct sim_result *r);
