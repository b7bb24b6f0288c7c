// SPDX-License-Identifier: Apache-2.0
//
// Real threads in a found order. An order is what the engine has kept of one execution (sim_order):
// who does what at which place, who goes on, what the host says. Each thread is held at its next
// place until its step is the next one; then it goes on alone until it comes to its next place. So
// the operations happen as in simulation, on real threads, and ThreadSanitizer judges what orders
// them: the program alone, for what holds them orders nothing that it sees.
//
// While the gates are closed the host answers as it did in simulation: clock, random numbers,
// refusals, and waits, whose sleepers are woken by their step. When the order is over they open:
// from there on all is real, and who was asleep goes to sleep in the kernel, for what time was
// left. They open as well, with a reason, when a thread comes to another place than it should and
// is not back soon, or when the next one does not come for too long.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/host/host.h"
#include "stress/native/wrap.h"

enum gates_state {
    GATES_NONE, // there is no order
    GATES_CLOSED,
    GATES_PASSED,  // the whole order has come about
    GATES_STRAYED, // a thread came to another place
    GATES_EXPIRED, // a thread did not come
};

enum gates_kind { GATES_POINT, GATES_RESUMES, GATES_ANSWER, GATES_SIGNAL };

struct gates_place {
    uint32_t thread, kind; // enum gates_kind
    uint32_t rank;
    char function[128], text[160]; // of a point, in the words of its site; cut
};

// Shared with the parent, which reads it when the gates are open, or the execution is over.
struct gates_outcome {
    uint32_t state; // atomic: enum gates_state; once open, all else is set
    uint32_t pid;   // of the process in which it is so
    uint32_t step;  // atomic: so many have come about
    uint32_t steps;
    // When the order ends with all threads asleep, in virtual time: when the first of them wakes,
    // helpers aside (INT64_MAX: none), and when the first timer is due (0: there is none).
    int64_t wakes_ns, due_ns;
    uint32_t detours; // places beside the order, after which threads came back to it
    bool all_asleep;
    struct gates_place due, came; // came: whoever opened the gates
};

// Reads an order, for this program; false after one line in `error`.
bool gates_read(const char *path, char *error, size_t bytes);
// In the execution, by its first thread: close. A step that does not come within `patience_ns`
// opens them. `due` says when the program's first timer is due, without being seen; or NULL.
void gates_close(struct gates_outcome *outcome, int64_t patience_ns, int64_t (*due)(void));
bool gates_closed(void);
// There was an order in this execution, be it over or not.
bool gates_used(void);
// The calling thread is at a place. Returns when it may go on.
void gates_point(struct wrap_thread *t, enum gates_kind kind, struct wrap_frame *at);
// Signals that come to the calling thread now.
void gates_signals(struct wrap_thread *t, struct wrap_frame *at);
// The next step is an answer to the calling thread; it is taken.
bool gates_answer(struct wrap_thread *t, int64_t *answer);
// The calling thread is about to wait. True: it has waited, and this is the answer. False: the
// gates have opened meanwhile, it is to wait in the kernel.
bool gates_wait(struct wrap_thread *t, struct wrap_frame *at, int64_t timeout_ns, int64_t *answer);
// It begins; it sleeps for a time.
void gates_begin(struct wrap_thread *t);
void gates_sleep(struct wrap_thread *t, struct wrap_frame *at, int64_t ns);
// It ends: nothing follows.
void gates_end(struct wrap_thread *t);
// That thread is a helper, which does not come back from its sleep when the order is over: what
// hangs on its help has been lost.
bool gates_helper(const struct wrap_thread *t);
// The clock of an execution that has an order: virtual time while the gates are closed, and from
// there on as real time goes. Of a thread that has the turn: it is so late now.
int64_t gates_now(void);
int64_t gates_is_now(int64_t ns);
int64_t gates_time(int64_t real);
// What runs when a step says that a signal comes.
void gates_on_interrupt(void (*(*fn)(const struct host_context *))(void));
