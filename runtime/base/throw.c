// SPDX-License-Identifier: Apache-2.0
//
// The end of a process that cannot go on. Uninstrumented from end to end: what it reads moves
// under it, and a report about the reporter would hide the cause. Takes no lock and allocates
// nothing, so that it works from every state; a second thrower while the first one prints adds
// its own line, no second dump.
#include "runtime/base/throw.h"

#include "runtime/base/atomic.h"
#include "runtime/base/print.h"
#include "runtime/base/san.h"
#include "runtime/host/host.h"
#include "runtime/observe/dump.h"

SAN_UNINSTRUMENTED_BEGIN

// relaxed: decides only who dumps, publishes nothing
static atomic_u32 dumping;

_Noreturn void rt_throw(const char *text)
{
    print_line("runtime: throw: ", text);
    if (add_relaxed(&dumping, 1) == 0)
        rt_dump();
    host_abort(text);
}

_Noreturn void rt_fatal(const char *text)
{
    host_abort(text);
}

_Noreturn void rt_assert_failed(const char *condition, const char *function)
{
    struct print out;
    print_begin(&out);
    print_str(&out, function);
    print_str(&out, ": assertion failed: ");
    print_str(&out, condition);
    rt_throw(print_text(&out));
}

SAN_UNINSTRUMENTED_END
