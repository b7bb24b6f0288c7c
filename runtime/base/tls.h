// SPDX-License-Identifier: Apache-2.0
//
// The one thread-local: which g runs on this thread. Read through a function that is never
// inlined, because a goroutine resumes on another thread and compilers keep a thread-local's
// address across the switch. Written by the switching code of arch/ only, and exchanged by the
// engine between virtual threads. Rejected: a register reserved for g (-ffixed-r14), which libc
// and sanitizer runtimes clobber.
#pragma once

struct g;

extern _Thread_local struct g *rt_tls_g;

// The g that runs on this thread: a goroutine, or the g0 of its m. Constant between two switches.
struct g *getg(void);
// For the start of a thread and for tests; everything else switches.
void setg(struct g *gp);
