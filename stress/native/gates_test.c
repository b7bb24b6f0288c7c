// SPDX-License-Identifier: Apache-2.0
//
// Gates on real threads: a canary whose bad order never comes about without them, and always with
// them; what they say of an order that cannot be followed; and that they order nothing in
// ThreadSanitizer's eyes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress/native/gates.h"
#include "stress/native/gates_canary.h"
#include "stress/native/reports.h"
#include "stress/sim/sites.h"

enum { FIRST = 10, OTHER = 20, SECOND_MS = 1000, TIMES = 10 };

static struct execution *seen;        // of ThreadSanitizer's reports
static struct gates_outcome *outcome; // both shared with the execution
static int64_t patience_ns;
static int nap_ms; // at most

void canary_nap(const unsigned *who)
{
    for (int ms = 0; ms < nap_ms && __atomic_load_n(who, __ATOMIC_RELAXED) == 0; ms++)
        wrap_pause(1000000);
}

// The n-th site of that function with that text in its line.
static uint32_t site_of(const char *function, const char *text)
{
    for (uint32_t i = SIM_SITE_HOST + 1; i < sim_site_count(); i++)
        if (strcmp(sim_site(i)->function, function) == 0 &&
            strstr(sim_site(i)->text, text) != NULL && sim_site(i)->rank == 0)
            return i;
    fail_msg("no place in %s with %s", function, text);
    return 0;
}

// An order in which the other thread is first. `last`: what follows.
static void write_order(const char *path, const char *last)
{
    static const struct {
        const char *function, *text;
    } places[] = {{"canary_main", "host_thread_create"},
                  {"other", "cas_relaxed"},
                  {"other", "store_release"},
                  {"other", "store_relaxed"},
                  {"canary_main", "cas_relaxed"}};
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs("gauntlet order 1\n", f);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const struct sim_site *s = sim_site(site_of(places[i].function, places[i].text));
        fprintf(f, "site\t%u\t%s\t%s\n", s->rank, s->function, s->text);
    }
    fprintf(f, "p\t0\t0\na\t0\t0\nr\t1\np\t1\t1\n%send\n", last);
    fclose(f);
}

static int execute(const char *order, bool ordered)
{
    char error[256];
    int status;

    memset(outcome, 0, sizeof *outcome);
    memset(seen, 0, sizeof *seen);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        reports_capture(seen);
        if (order != NULL && !gates_read(order, error, sizeof error))
            _exit(1);
        if (order != NULL)
            gates_close(outcome, patience_ns, NULL);
        canary_main(ordered);
        _exit(2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static char path[] = "/tmp/gates_test.XXXXXX";

static const char *order_file(const char *last)
{
    static int fd = -1;

    if (fd < 0)
        fd = mkstemp(path);
    write_order(path, last);
    patience_ns = 60 * INT64_C(1000000000);
    nap_ms = 50;
    return path;
}

static void without_gates_the_first_thread_is_first(void **state)
{
    (void)state;
    nap_ms = 60 * SECOND_MS;
    for (int i = 0; i < TIMES; i++)
        assert_int_equal(execute(NULL, false), FIRST);
}

static void with_gates_the_other_one_is(void **state)
{
    const char *order = order_file("p\t0\t4\n");

    (void)state;
    for (int i = 0; i < TIMES; i++) {
        assert_int_equal(execute(order, true), OTHER);
        assert_int_equal(outcome->state, GATES_PASSED);
        assert_int_equal(seen->reports, 0);
    }
}

// In time one follows the other, all the way; what orders them is missing.
static void gates_order_nothing(void **state)
{
    const char *order = order_file("p\t1\t2\np\t1\t3\np\t0\t4\n");
    char signature[REPORT_SIGNATURE_BYTES];

    (void)state;
    for (int i = 0; i < TIMES; i++) {
        assert_int_equal(execute(order, false), OTHER);
        assert_int_equal(outcome->state, GATES_PASSED);
        assert_true(seen->reports >= 1);
        report_signature(&seen->report[0], signature);
        assert_string_equal(signature, "race: write canary_main `canary_plain = 1;` / write other "
                                       "`canary_plain = 2;`");
    }
}

static void who_comes_back_goes_on(void **state)
{
    (void)state;
    assert_int_equal(execute(order_file("p\t1\t3\n"), true), OTHER);
    assert_int_equal(outcome->state, GATES_PASSED);
    assert_int_equal(outcome->detours, 1);
}

static void who_stays_elsewhere_opens_them(void **state)
{
    (void)state;
    assert_int_equal(execute(order_file("p\t1\t4\n"), true), OTHER);
    assert_int_equal(outcome->state, GATES_STRAYED);
    assert_int_equal(outcome->step + 1, 5);
    assert_string_equal(outcome->due.function, "canary_main");
    assert_non_null(strstr(outcome->due.text, "cas_relaxed"));
    assert_non_null(strstr(outcome->came.text, "store_release"));
}

static void who_does_not_come_opens_them(void **state)
{
    const char *order = order_file("p\t7\t3\n");

    (void)state;
    patience_ns = 100000000;
    execute(order, true);
    assert_int_equal(outcome->state, GATES_EXPIRED);
    assert_int_equal(outcome->due.thread, 7);
}

static void a_damaged_order_is_refused(void **state)
{
    static const char *const bad[] = {"x\t0\n", "p\t0\t9\n", "p\t128\t0\n", "p\n", "r\t-1\n"};
    char error[256];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(gates_read(order_file(bad[i]), error, sizeof error));
        assert_non_null(strstr(error, ":11: not an order"));
    }
}

static int clean(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_gates_the_first_thread_is_first),
        cmocka_unit_test(with_gates_the_other_one_is),
        cmocka_unit_test(gates_order_nothing),
        cmocka_unit_test(who_comes_back_goes_on),
        cmocka_unit_test(who_stays_elsewhere_opens_them),
        cmocka_unit_test(who_does_not_come_opens_them),
        cmocka_unit_test(a_damaged_order_is_refused),
    };
    size_t bytes = sizeof *seen + sizeof *outcome + 64;

    sim_sites_load();
    char *shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 2;
    seen = (void *)shared;
    outcome = (void *)(shared + (sizeof *seen + 63) / 64 * 64);
    return cmocka_run_group_tests(tests, NULL, clean);
}
