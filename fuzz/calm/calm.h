// SPDX-License-Identifier: Apache-2.0
//
// A host for fuzzing what has no schedule: one thread, a clock that counts questions, memory at
// fixed addresses. A runtime with one p does the same in every execution that begins alike, in
// native code; between executions all that it has written is put back. Threads that it makes never
// run, and so nothing waits for one: when the only thread would sleep for ever, that is said.
//
// Everything that the program of an execution writes must lie between the section symbols of
// runtime/base/sections.h, or be its own care.
#pragma once

#include <stddef.h>

// Puts the runtime's globals and memory back. Before each execution; after it the runtime may be
// configured.
void calm_reset(void);
// Runs fn(arg) as the main goroutine, until it returns. What the runtime, the processor, or the
// program by calm_fail say to be wrong is a finding: it is printed, with what was written to
// standard error, and the process aborts.
void calm_run(void (*fn)(void *), void *arg);
// Ends the execution as a finding. From any stack.
_Noreturn void calm_fail(const char *text);
