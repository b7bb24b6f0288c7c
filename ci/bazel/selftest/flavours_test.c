// SPDX-License-Identifier: Apache-2.0
//
// Each sanitizer flavour is what it claims to be: the fault that it is for ends the process, and
// the faults of other flavours do not. A flavour that silently lost its flags fails here.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ci/bazel/selftest/subject.h"

#if __has_feature(thread_sanitizer)
static const bool sees_races = true, sees_heap = false;
#elif __has_feature(address_sanitizer)
static const bool sees_races = false, sees_heap = true;
#else
static const bool sees_races = false, sees_heap = false;
#endif

static int read_past_end(void)
{
    return subject_read_heap(16);
}

// Whether a child process that runs fn comes to a bad end.
static bool dies(int (*fn)(void))
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(STDERR_FILENO);
        (void)fn();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void race_is_seen_by_thread_sanitizer_alone(void **state)
{
    (void)state;
    assert_int_equal(dies(subject_race), sees_races);
}

static void heap_overflow_is_seen_by_address_sanitizer_alone(void **state)
{
    (void)state;
    assert_int_equal(dies(read_past_end), sees_heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(race_is_seen_by_thread_sanitizer_alone),
        cmocka_unit_test(heap_overflow_is_seen_by_address_sanitizer_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
