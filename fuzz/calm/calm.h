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
// Runs fn(arg) as the main goroutine. Returns NULL when it has returned, else what the runtime, the
// processor or the program by calm_fail have said to be wrong. The text stays until the next call.
const char *calm_run(void (*fn)(void *), void *arg);
// Ends the execution: calm_run returns `text`. From any stack.
_Noreturn void calm_fail(const char *text);
// What was written to standard error.
const char *calm_output(size_t *bytes);
