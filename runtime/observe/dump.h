// SPDX-License-Identifier: Apache-2.0
//
// The state of the scheduler as text on standard error, for a runtime that has lost its way.
#pragma once

// Prints every p, m and g and the last events of each p. Reads without any lock what others may be
// writing: words are whole, the picture may not be. Works on any stack, from any state.
void rt_dump(void);
// A line for each goroutine of the program that has not ended: what it waits for, or its state, and
// what it runs.
void rt_dump_waiting(void);
// The same by a signal handler, in the middle of everything; ends the process with status 2.
void rt_dump_quit(void);
