// SPDX-License-Identifier: Apache-2.0
//
// Feedback of interleavings beside the coverage of code: see feedback.c.
#pragma once

void feedback_begin(void);
void feedback_clear(void); // before an execution
void feedback_take(void);  // after it
