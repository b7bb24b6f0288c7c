// SPDX-License-Identifier: Apache-2.0
//
// What the runtime does when it finds itself or the program wrong. Texts are constants or change
// with nothing but the cause: under simulation they are the signature of a finding, so numbers
// that vary go to the lines printed before (see print.h), not into the text.
#pragma once

// The runtime is corrupt: prints the text, the state of all g, m and p and the last events, aborts.
_Noreturn void rt_throw(const char *text);
// The program or the world is at fault: the same without the dump.
_Noreturn void rt_fatal(const char *text);
// For the macros below.
_Noreturn void rt_assert_failed(const char *condition, const char *function);

// O(1) conditions and state transitions; in every build.
#define rt_assert(c) ((c) ? (void)0 : rt_assert_failed(#c, __func__))
