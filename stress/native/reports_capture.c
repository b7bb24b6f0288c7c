// SPDX-License-Identifier: Apache-2.0
//
// In the execution: ThreadSanitizer's reports go to the parent's memory instead of standard error.
// Its OnReport is called with its locks held, by one thread at a time; nothing here may be
// instrumented, allocate or call what is intercepted.
//
// The fibers and threads are counted at the calls by which the runtime tells of them (linked with
// --wrap, see BUILD).
#include "stress/native/reports.h"

#include <sanitizer/tsan_interface.h>

static struct execution *seen; // const after reports_capture

const char *__tsan_default_options(void);

// TSAN_OPTIONS go over these.
const char *__tsan_default_options(void)
{
    return "history_size=64 suppress_equal_stacks=0 suppress_equal_addresses=0 symbolize=0 "
           "report_thread_leaks=0 report_signal_unsafe=0 atexit_sleep_ms=0 exitcode=66";
}

void reports_capture(struct execution *to)
{
    seen = to;
}

static void take_access(void *report, uint32_t i, struct report_access *a)
{
    int tid = 0, size = 0, write = 0, atomic = 0;
    void *addr = NULL, *trace[REPORT_FRAMES];

    for (uint32_t k = 0; k < REPORT_FRAMES; k++)
        trace[k] = NULL;
    __tsan_get_report_mop(report, i, &tid, &addr, &size, &write, &atomic, trace, REPORT_FRAMES);
    a->addr = (uint64_t)(uintptr_t)addr;
    a->bytes = (uint32_t)size;
    a->tid = tid;
    a->write = write != 0;
    a->atomic = atomic != 0;
    for (uint32_t k = 0; k < REPORT_FRAMES; k++)
        a->pc[k] = (uint64_t)(uintptr_t)trace[k];
}

static void take_report(void *report, struct report *r)
{
    const char *type = "?";
    int count, stacks, mops = 0, locations, mutexes, threads, tids;
    void *sleep[1];

    __tsan_get_report_data(report, &type, &count, &stacks, &mops, &locations, &mutexes, &threads,
                           &tids, sleep, 1);
    for (uint32_t i = 0; i + 1 < REPORT_TYPE_BYTES && type[i] != 0; i++)
        r->type[i] = type[i];
    r->accesses = mops > 2 ? 2 : (uint32_t)mops;
    for (uint32_t i = 0; i < r->accesses; i++)
        take_access(report, i, &r->access[i]);
}

// __tsan::OnReport(const ReportDesc *, bool), which is weak. True: nothing is printed.
_Bool on_report(void *report, _Bool suppressed) __asm__("_ZN6__tsan8OnReportEPKNS_10ReportDescEb");

_Bool on_report(void *report, _Bool suppressed)
{
    if (seen == NULL)
        return suppressed;
    uint32_t i = atomic_fetch_add_explicit(&seen->reports, 1, memory_order_relaxed);
    if (i < REPORTS_MAX && !suppressed)
        take_report(report, &seen->report[i]);
    return true;
}

// Counting ------------------------------------------------------------------------------------

static _Atomic uint32_t fibers; // relaxed: a count; now
static _Thread_local bool counted;

void *__real___tsan_create_fiber(unsigned flags);
void *__wrap___tsan_create_fiber(unsigned flags);
void __real___tsan_destroy_fiber(void *fiber);
void __wrap___tsan_destroy_fiber(void *fiber);
void *__real___tsan_get_current_fiber(void);
void *__wrap___tsan_get_current_fiber(void);

void *__wrap___tsan_create_fiber(unsigned flags)
{
    uint32_t now = atomic_fetch_add_explicit(&fibers, 1, memory_order_relaxed) + 1;

    if (seen != NULL) {
        uint32_t most = atomic_load_explicit(&seen->fibers, memory_order_relaxed);
        while (now > most &&
               !atomic_compare_exchange_weak_explicit(&seen->fibers, &most, now,
                                                      memory_order_relaxed, memory_order_relaxed))
            ;
    }
    return __real___tsan_create_fiber(flags);
}

void __wrap___tsan_destroy_fiber(void *fiber)
{
    atomic_fetch_sub_explicit(&fibers, 1, memory_order_relaxed);
    __real___tsan_destroy_fiber(fiber);
}

// Each m asks, for its g0.
void *__wrap___tsan_get_current_fiber(void)
{
    if (seen != NULL && !counted) {
        counted = true;
        atomic_fetch_add_explicit(&seen->threads, 1, memory_order_relaxed);
    }
    return __real___tsan_get_current_fiber();
}
