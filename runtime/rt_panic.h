// SPDX-License-Identifier: Apache-2.0
//
// Panics, deferred calls and recovery as Go has them, and ends of goroutines. A C function is no
// frame that the runtime knows; rt_call makes one. What is deferred in it runs when its function
// returns, the last one first, or on the way of a panic or rt_goexit through it.
//
//     static void work(void *job) { rt_defer(close_job, job); ... }
//     if (!rt_call(work, job)) ... // a panic was recovered in close_job
//
// A jump to rt_call leaves everything between without its end: functions between must hold nothing
// that only they can give back, unless a deferred call does that.
#pragma once

#include <stdbool.h>

// Runs fn(arg), then what it has deferred. True: fn has returned; false: it has panicked, and a
// call that it had deferred recovered. The other deferred calls have run in both cases.
bool rt_call(void (*fn)(void *), void *arg);
// When the innermost rt_call comes to its end, fn(arg) is called. `arg` is kept alive. Outside of
// rt_call it is a fatal error.
void rt_defer(void (*fn)(void *), void *arg);

// Goes back along the rt_calls of the goroutine, innermost first, and runs what they have deferred.
// If none recovers the process ends: "panic: TEXT". The text must live as long as the goroutine.
// May be called by deferred calls, on the way of another panic too: the newer one goes on, the
// older one ends when the newer comes past the place where it was.
_Noreturn void rt_panic(const char *text);
// The same with an object or anything else for whoever recovers; kept alive.
_Noreturn void rt_panic_with(const char *text, void *value);

struct rt_recovered {
    const char *text;
    void *value;
};
// By a call that was deferred and runs because of a panic, itself and not in an rt_call of its own:
// ends the panic, so that the rt_call in which it was deferred returns. False, and *what is
// untouched, anywhere else. `what` may be NULL.
bool rt_recover(struct rt_recovered *what);

// Ends the calling goroutine after all its deferred calls. In the main goroutine the others go on.
_Noreturn void rt_goexit(void);
