// SPDX-License-Identifier: Apache-2.0
//
// Workload text: what is accepted means the same after printing, and what strangers send is refused
// with the place of the first error.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stress/workload/text.h"

static struct workload *parsed(const char *text)
{
    struct text_error err;
    struct workload *w = workload_parse(text, strlen(text), 1, &err);

    if (w == NULL)
        fail_msg("%u:%u: %s", err.line, err.col, err.message);
    return w;
}

static char *printed(const struct workload *w)
{
    char *text;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    workload_print(w, f, "");
    fclose(f);
    return text;
}

static void print_is_canonical_and_round_trips(void **state)
{
    static const char canonical[] =
        "workload w\nprocs 3\nsizes prod\nsysmon needed\n"
        "goroutine main\n    go a 3\n    go b\n    loop 2\n        loop 3\n"
        "            yield\n        end\n    end\n    ready a\n    ready a#3\n    wait\n"
        "    expect x 7\n"
        "goroutine a\n    park\n    sleep 1500ns\n    work 2ms\n    exit\n"
        "goroutine b\n    set y 1\n    get y\n    add x 7\n";
    static const char loose[] =
        "# comment\n\n workload w # more\nsysmon  needed\n sizes  prod\nprocs 3\n\tgoroutine main\n"
        "go a 3\ngo b 1\nloop 2\nloop 3\nyield\nend\nend\nready a#1\nready a#3\nwait\n"
        "expect x 7\ngoroutine a\npark\nsleep 1500ns\nwork 2000us\nexit\n"
        "goroutine b\nset y\nget y\nadd x 7\n";
    struct workload *a = parsed(canonical), *b = parsed(loose);
    char *ta = printed(a), *tb = printed(b);

    (void)state;
    assert_string_equal(ta, canonical);
    assert_string_equal(tb, canonical);
    free(ta), free(tb);
    workload_free(a), workload_free(b);
}

static void operations_on_objects_print_as_they_were(void **state)
{
    static const char text[] =
        "workload w\nprocs 2\nsizes tiny\n"
        "goroutine main\n    new a 0\n    new b 8\n    big c 16\n    tiny 3\n    crumbs 8\n    "
        "past c\n"
        "    link b 7 a\n"
        "    link b 0 b\n    load a b 0\n    unlink b 7\n    global a b\n    fetch c a\n"
        "    weak a b\n    weakget c a\n    finalizer c\n    look b\n    hide a\n    stale a\n"
        "    hold c\n    "
        "deepcall 40\n    drop b\n"
        "    pass child c\n    gc\n    gcpercent off\n    gcpercent 50\n    memlimit off\n"
        "    memlimit 65536\n    wait\n"
        "goroutine child\n    look c\n";
    struct workload *w = parsed(text);
    char *again = printed(w);

    (void)state;
    assert_string_equal(again, text);
    assert_int_equal(w->names[WL_REF].n, 3); // a global, a weak handle and a reference may share
    assert_int_equal(w->names[WL_GLOBAL_NAME].n, 1);
    assert_int_equal(w->names[WL_WEAK_NAME].n, 1);
    assert_int_equal(w->instances, 2);
    free(again);
    workload_free(w);
}

static void operations_on_channels_and_locks_print_as_they_were(void **state)
{
    static const char text[] =
        "workload w\nprocs 2\nsizes tiny\n"
        "goroutine main\n    chan c 0\n    chan d 64\n    send c\n    recv d\n    trysend c\n"
        "    tryrecv c\n    give c x\n    take x d\n    close c\n    case_send c\n"
        "    case_recv d\n    case_give c x\n    case_take x d\n    otherwise\n    select\n    "
        "lock c\n    trylock c\n    unlock c\n"
        "    rlock l\n    runlock l\n    wlock l\n    wunlock l\n    wgadd g 3\n    wgdone g\n"
        "    wgwait g\n    set y 1\n    once o z\n    condwait u\n    condsignal u\n"
        "    condall u 2\n    unwind 64\n    go child\n    wait\n    expect z 1\n"
        "goroutine child\n    goexit 1\n";
    struct workload *w = parsed(text);
    char *again = printed(w);

    (void)state;
    assert_string_equal(again, text);
    assert_int_equal(w->names[WL_CHAN_NAME].n, 2); // a channel and a lock may share a name
    assert_int_equal(w->names[WL_LOCK_NAME].n, 5);
    assert_int_equal(w->names[WL_VARIABLE].n, 2);
    free(again);
    workload_free(w);
}

static void instances_are_named_breadth_first_and_loops_count(void **state)
{
    struct workload *w = parsed("workload w\ngoroutine main\ngo p 2\nloop 2\ngo leaf\nend\n"
                                "goroutine p\nloop 3\ngo leaf\nend\ngoroutine leaf\nyield\n");
    static const char *const names[] = {"main",   "p",      "p#2",    "leaf",   "leaf#2", "leaf#3",
                                        "leaf#4", "leaf#5", "leaf#6", "leaf#7", "leaf#8"};
    char buf[WL_INSTANCE_NAME];

    (void)state;
    assert_int_equal(w->instances, sizeof names / sizeof names[0]);
    for (uint32_t i = 0; i < w->instances; i++) {
        assert_string_equal(workload_instance_name(w, i, buf), names[i]);
        assert_int_equal(workload_instance_find(w, names[i]), i);
    }
    assert_int_equal(w->instance[0].children, 4);
    assert_int_equal(w->instance[1].first_child, 5);
    assert_int_equal(w->instance[2].first_child, 8);
    assert_int_equal(workload_instance_find(w, "leaf#9"), -1);
    workload_free(w);
}

struct refusal {
    const char *text;
    uint32_t line, col;
    const char *message; // part of it
};

static const struct refusal refusals[] = {
    {"", 1, 1, "empty"},
    {"workload w\ngoroutine main\nyield", 3, 6, "truncated"},
    {"workload w\r\n", 1, 11, "carriage return"},
    {"workload w\n\x01\n", 2, 1, "control character"},
    {"hello\n", 1, 1, "first line"},
    {"# only a comment\n", 2, 1, "first line"},
    {"workload 9\n", 1, 10, "not a name"},
    {"workload w\nprocs 17\nsizes tiny\ngoroutine main\n", 2, 1, "at most 16 with sizes tiny"},
    {"workload w x\n", 1, 12, "unexpected 'x'"},
    {"workload w\n", 1, 1, "no goroutine 'main'"},
    {"workload w\nprocs 0\n", 2, 7, "from 1 to 64"},
    {"workload w\nprocs 65\n", 2, 7, "from 1 to 64"},
    {"workload w\nprocs -1\n", 2, 7, "not a number"},
    {"workload w\nprocs 2\nprocs 3\n", 3, 1, "given twice"},
    {"workload w\nsizes huge\n", 2, 7, "tiny or prod"},
    {"workload w\nsizes\n", 2, 6, "tiny or prod"},
    {"workload w\nsysmon frozen\n", 2, 8, "sysmon: needed expected"},
    {"workload w\nsysmon\n", 2, 7, "needed"},
    {"workload w\nsysmon needed\nsysmon needed\n", 3, 1, "given twice"},
    {"workload w\ngoroutine main\nprocs 2\n", 3, 1, "before the first goroutine"},
    {"workload w\nyield\n", 2, 1, "before the first goroutine"},
    {"workload w\ngoroutine main\ngoroutine main\n", 3, 11, "there are two"},
    {"workload w\ngoroutine m0\n", 2, 11, "name of a thread"},
    {"workload w\ngoroutine aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 2, 11, "longer"},
    {"workload w\ngoroutine main\n  fly\n", 3, 3, "unknown operation 'fly'"},
    {"workload w\ngoroutine main\n  yield 3\n", 3, 9, "unexpected '3'"},
    {"workload w\ngoroutine main\n  go\n", 3, 5, "goroutine expected"},
    {"workload w\ngoroutine main\n  go ghost\n", 3, 6, "no goroutine 'ghost'"},
    {"workload w\ngoroutine main\n  go main\n", 3, 6, "cannot be started again"},
    {"workload w\ngoroutine main\n  go a 513\ngoroutine a\n", 3, 8, "not a number from 1 to 512"},
    {"workload w\ngoroutine main\n  go a\ngoroutine a\n  go a\n", 5, 6, "more than 512"},
    {"workload w\ngoroutine main\ngoroutine a\n", 3, 1, "never started"},
    {"workload w\ngoroutine main\n  ready a#2\n  go a\ngoroutine a\n", 3, 9, "fewer instances"},
    {"workload w\ngoroutine main\n  ready a#0\n  go a\ngoroutine a\n", 3, 9, "after '#'"},
    {"workload w\ngoroutine main\n  sleep 10\n", 3, 9, "not a duration"},
    {"workload w\ngoroutine main\n  sleep 11s\n", 3, 9, "not a duration"},
    {"workload w\ngoroutine main\n  sleep 99999999999999999999s\n", 3, 9, "not a duration"},
    {"workload w\ngoroutine main\n  loop 2\n", 3, 3, "loop without end"},
    {"workload w\ngoroutine main\n  end\n", 3, 3, "end without loop"},
    {"workload w\ngoroutine main\n  loop 0\n  end\n", 3, 8, "not a number from 1"},
    {"workload w\ngoroutine main\nloop 300\nloop 300\nend\nend\n", 4, 1, "more than 65535"},
    {"workload w\ngoroutine main\ngo a\nwait\ngoroutine a\nwait\n", 6, 1, "only main can wait"},
    {"workload w\ngoroutine main\nexit\n", 3, 1, "main ends"},
    {"workload w\ngoroutine main\ngo a 99\ngoroutine a\nloop 65535\nyield\nend\n", 1, 1,
     "more than 1000000"},
    {"workload w\ngoroutine main\nexpect x\n", 3, 9, "number expected"},
    {"workload w\ngoroutine main\nset x 99999999999999999999\n", 3, 7, "not a number"},
    {"workload w\ngoroutine main\nnew\n", 3, 4, "reference: name expected"},
    {"workload w\ngoroutine main\nnew a\n", 3, 6, "number expected"},
    {"workload w\ngoroutine main\nnew a 9\n", 3, 7, "from 0 to 8"},
    {"workload w\ngoroutine main\nlink a 8 b\n", 3, 8, "from 0 to 7"},
    {"workload w\ngoroutine main\nlink a 0\n", 3, 9, "reference: name expected"},
    {"workload w\ngoroutine main\nload a 0 b\n", 3, 8, "'0' is not a name"},
    {"workload w\ngoroutine main\nlink a 0 b c\n", 3, 12, "unexpected 'c'"},
    {"workload w\ngoroutine main\nbig a 15\n", 3, 7, "from 16 to 262144"},
    {"workload w\ngoroutine main\ngcpercent no\n", 3, 11, "neither off nor a number"},
    {"workload w\ngoroutine main\nmemlimit\n", 3, 9, "number or off expected"},
    {"workload w\ngoroutine main\npass ghost a\n", 3, 6, "no goroutine 'ghost'"},
    {"workload w\ngoroutine main\npass main a\n", 3, 6, "cannot be started again"},
    {"workload w\ngoroutine main\nchan c 65\n", 3, 8, "from 0 to 64"},
    {"workload w\ngoroutine main\ncall\n", 3, 5, "step expected"},
    {"workload w\ngoroutine main\ncall fly\n", 3, 6, "there is no step 'fly'"},
    {"workload w\ngoroutine main\ncall payments_pay 513\n", 3, 19, "from 1 to 512"},
    {"workload w\ngoroutine main\nloop 3\ncall payments_pay 512\nend\n", 1, 1, "4 MiB"},
    {"workload w\ngoroutine main\nchan c\n", 3, 7, "number expected"},
    {"workload w\ngoroutine main\nsend\n", 3, 5, "channel: name expected"},
    {"workload w\ngoroutine main\ntake c\n", 3, 7, "channel: name expected"},
    {"workload w\ngoroutine main\ngo a\ngoroutine a\nchan c 1\n", 5, 1, "only main makes"},
    {"workload w\ngoroutine main\nlock\n", 3, 5, "lock: name expected"},
    {"workload w\ngoroutine main\nonce o\n", 3, 7, "variable: name expected"},
    {"workload w\ngoroutine main\nunwind 65\n", 3, 8, "from 1 to 64"},
    {"workload w\ngoroutine main\ngoexit 1\n", 3, 1, "main ends"},
    {"workload w\ngoroutine main\nloop 17\nbig a 262144\nend\n", 1, 1, "more than 4 MiB"},
    {"workload w\ngoroutine main\nloop 65535\ntiny 65535\nend\n", 1, 1, "more than 4 MiB"},
    {"workload w\ngoroutine main\ndrop a\ndrop b\ndrop c\ndrop d\ndrop e\ndrop f\ndrop g\n"
     "drop h\ndrop i\ndrop j\ndrop k\ndrop l\ndrop m\ndrop n\ndrop o\ndrop p\ndrop q\n",
     19, 6, "more than 16 references"},
};

static void refuses_with_line_and_column(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *r = &refusals[i];
        struct text_error err;

        assert_null(workload_parse(r->text, strlen(r->text), 1, &err));
        if (err.line != r->line || err.col != r->col || strstr(err.message, r->message) == NULL)
            fail_msg("%s\ngives %u:%u: %s", r->text, err.line, err.col, err.message);
    }
}

static void refuses_what_is_too_large(void **state)
{
    struct text_error err;
    size_t n = WL_TEXT_BYTES + 1;
    char *text = malloc(n + 64);
    FILE *f;

    (void)state;
    memset(text, '\n', n);
    assert_null(workload_parse(text, n, 1, &err));
    assert_non_null(strstr(err.message, "too large"));
    f = fmemopen(text, n, "w");
    fputs("workload w\ngoroutine main\n", f);
    for (int i = 0; i <= WL_OPS; i++)
        fputs("yield\n", f);
    fclose(f);
    assert_null(workload_parse(text, strlen(text), 1, &err));
    assert_int_equal(err.line, WL_OPS + 3);
    assert_non_null(strstr(err.message, "more than 4096 operations"));
    assert_null(workload_parse("workload\0w\n", 11, 1, &err));
    assert_non_null(strstr(err.message, "NUL"));
    free(text);
}

// Bytes of a valid text changed and cut at every place: never a crash (the asan flavour looks on),
// and whatever is accepted prints and parses to the same text again.
static void characters_are_told_from_other_bytes(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } table[] = {
        {"a", 1},
        {"\x7f", 1}, // refused elsewhere
        {"\xc2\xa0", 2},
        {"\xc3\xa9x", 2},
        {"\xe2\x82\xac", 3},
        {"\xed\x9f\xbf", 3},
        {"\xf0\x9f\x90\x9b", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"", 0},
        {"\x80", 0},             // the middle of one
        {"\xc2\x9b", 0},         // control character
        {"\xc1\xbf", 0},         // too long a form
        {"\xe0\x9f\xbf", 0},     // likewise
        {"\xf0\x8f\xbf\xbf", 0}, // likewise
        {"\xed\xa0\x80", 0},     // half of a pair
        {"\xf4\x90\x80\x80", 0}, // beyond the last
        {"\xe2\x82", 0},         // cut
        {"\xe2\x82z", 0},
        {"\xff", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(utf8_character(table[i].bytes, strlen(table[i].bytes)), table[i].length);
}

static void survives_damage_everywhere(void **state)
{
    static const char text[] =
        "workload w\nprocs 3\nsizes tiny\ngoroutine main\n go a 2\n loop 2\n  yield\n end\n"
        " ready a#2\n new r 2\n link r 0 r\n gcpercent off\n wait\n expect x 1\n"
        "goroutine a\n sleep 10us\n add x 1\n load r r 1\n exit\n";
    static const char damage[] = {'\n', ' ', '#', '9', 'x', 0, '\xff', '-'};
    struct text_error err;
    uint32_t accepted = 0;

    (void)state;
    for (size_t i = 0; i < 2 * sizeof text; i++) {
        for (size_t k = 0; k < sizeof damage; k++) {
            char copy[sizeof text];
            size_t n = i < sizeof text ? sizeof text - 1 : i - sizeof text;

            memcpy(copy, text, sizeof text);
            copy[i % sizeof text] = damage[k];
            struct workload *w = workload_parse(copy, n, 1, &err);
            if (w == NULL) {
                assert_true(err.line >= 1 && err.col >= 1 && strchr(err.message, '\n') == NULL);
                continue;
            }
            accepted++;
            char *once = printed(w);
            struct workload *again = parsed(once);
            char *twice = printed(again);
            assert_string_equal(once, twice);
            free(once), free(twice);
            workload_free(w), workload_free(again);
        }
    }
    assert_true(accepted > 50);
}

struct files {
    int argc;
    char **argv;
};

static void files_of_this_folder_parse(void **state)
{
    const struct files *files = *state;
    char **argv = files->argv;
    char error[512];

    for (int i = 1; i < files->argc; i++) {
        struct workload *w = workload_read(argv[i], error, sizeof error);

        if (w == NULL)
            fail_msg("%s", error);
        char *slash = strrchr(argv[i], '/'), *name = slash ? slash + 1 : argv[i];
        assert_true(strlen(name) == strlen(w->name) + 3 &&
                    strncmp(name, w->name, strlen(w->name)) == 0);
        workload_free(w);
    }
    assert_null(workload_read("/nonexistent/file", error, sizeof error));
    assert_string_equal(error, "/nonexistent/file: No such file or directory");
}

int main(int argc, char **argv)
{
    static struct files files;

    files = (struct files){argc, argv};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(print_is_canonical_and_round_trips),
        cmocka_unit_test(operations_on_objects_print_as_they_were),
        cmocka_unit_test(operations_on_channels_and_locks_print_as_they_were),
        cmocka_unit_test(instances_are_named_breadth_first_and_loops_count),
        cmocka_unit_test(refuses_with_line_and_column),
        cmocka_unit_test(refuses_what_is_too_large),
        cmocka_unit_test(characters_are_told_from_other_bytes),
        cmocka_unit_test(survives_damage_everywhere),
        cmocka_unit_test_prestate(files_of_this_folder_parse, &files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
