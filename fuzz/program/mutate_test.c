// SPDX-License-Identifier: Apache-2.0
//
// The mutator: what comes out is always an input that decodes to itself, small enough, of the
// operations that the dictionary allows; every kind of mutation does come about.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/program/mutate.h"
#include "stress/workload/binary.h"

enum { MUTATIONS = 60000 };

static void decode(struct input *in, const uint8_t *bytes, size_t n)
{
    struct text_error err;

    if (!input_decode(in, bytes, n, &err))
        fail_msg("%u: %s", err.line, err.message);
}

static void inputs_stay_inputs_and_everything_comes_about(void **state)
{
    static struct input in;
    static uint8_t bytes[INPUT_BYTES], next[INPUT_BYTES], again[INPUT_BYTES];
    struct mutator m;
    size_t n = 0;
    uint32_t seen[WL_KINDS] = {0}, tso = 0, frozen = 0, faults = 0, most_edits = 0, most_legs = 0,
             quiet = 0, most_bodies = 0, walks[SIM_WALKS] = {0}, edits[SIM_EDITS] = {0};

    (void)state;
    mutator_begin(&m, 7, NULL);
    for (uint32_t i = 0; i < MUTATIONS; i++) {
        n = mutate_bytes(&m, bytes, i % 300 ? n : 0, next, sizeof next);
        assert_true(n > 0);
        memcpy(bytes, next, n);
        decode(&in, bytes, n);
        assert_int_equal(input_encode(&in, again, sizeof again), n);
        assert_memory_equal(again, bytes, n);
        assert_true(in.program.ops <= 64 && in.program.instances <= 16);
        for (uint32_t k = 0; k < in.program.ops; k++)
            seen[in.program.op[k].kind]++;
        tso += in.memory == SIM_TSO;
        frozen += in.frozen;
        faults += in.faults != SIM_FAULTS_OFF;
        most_edits = in.plan.edits > most_edits ? in.plan.edits : most_edits;
        most_legs = in.plan.legs > most_legs ? in.plan.legs : most_legs;
        most_bodies = in.program.bodies > most_bodies ? in.program.bodies : most_bodies;
        for (uint32_t k = 0; k < in.plan.legs; k++)
            walks[in.plan.leg[k].walk]++;
        for (uint32_t k = 0; k < in.plan.edits; k++) {
            edits[in.plan.edit[k].kind]++;
            quiet += in.plan.edit[k].quiet > 0;
        }
    }
    for (uint32_t k = 0; k < WL_KINDS; k++) {
        bool left_out = k == WL_SET || k == WL_GET || k == WL_EXPECT || k == WL_CALL;
        if ((seen[k] > 0) == left_out)
            fail_msg("%s: %u times", wl_op_info[k].word, seen[k]);
    }
    for (uint32_t k = 0; k < SIM_WALKS; k++)
        assert_true(walks[k] > 0);
    for (uint32_t k = 0; k < SIM_EDITS; k++)
        assert_true(edits[k] > 0);
    assert_true(tso > 0 && frozen > 0 && faults > 0 && quiet > 0);
    assert_true(most_edits > 8 && most_legs > 4 && most_bodies > 4);
}

static void a_dictionary_says_which_operations(void **state)
{
    static struct input in;
    static uint8_t bytes[INPUT_BYTES], next[INPUT_BYTES];
    char path[] = "/tmp/mutate_test.XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    struct mutator m;
    size_t n = 0;

    (void)state;
    fputs("# words\n\"send\"\nchan=\"chan\"\n\"no such\"\n\"broken\n", f);
    fclose(f);
    mutator_begin(&m, 1, path);
    remove(path);
    assert_int_equal(m.kinds, 2);
    for (uint32_t i = 0; i < 2000; i++) {
        n = mutate_bytes(&m, bytes, n, next, sizeof next);
        memcpy(bytes, next, n);
        decode(&in, bytes, n);
        for (uint32_t k = 0; k < in.program.ops; k++) {
            enum wl_kind kind = in.program.op[k].kind;
            assert_true(kind == WL_SEND || kind == WL_CHAN || kind == WL_GO || kind == WL_YIELD ||
                        kind == WL_WAIT || kind == WL_LOOP || kind == WL_END);
        }
    }
}

// Only the program's changes take the voucher away.
static void a_changed_program_has_no_voucher(void **state)
{
    static struct input in;
    static struct workload before;
    struct mutator m;
    uint32_t kept = 0, gone = 0;

    (void)state;
    mutator_begin(&m, 3, NULL);
    for (uint32_t i = 0; i < 3000; i++) {
        static uint8_t a[WL_BINARY_BYTES], b[WL_BINARY_BYTES];

        mutator_first(&in);
        in.vouched = true;
        workload_assign(&before, &in.program);
        mutate(&m, &in);
        size_t n_a = workload_encode(&before, a, sizeof a);
        size_t n_b = workload_encode(&in.program, b, sizeof b);
        assert_true(!in.vouched || (n_a == n_b && memcmp(a, b, n_a) == 0));
        kept += in.vouched;
        gone += !in.vouched;
    }
    assert_true(kept > 100 && gone > 100);
}

// Of two inputs, the child has the one's program with the other's plan, or operations of both.
static void crossing_over_takes_from_both(void **state)
{
    static struct input a, b, child;
    static uint8_t bytes_a[INPUT_BYTES], bytes_b[INPUT_BYTES], out[INPUT_BYTES];
    uint32_t plans = 0, programs = 0;
    struct mutator m;

    (void)state;
    mutator_begin(&m, 5, NULL);
    mutator_first(&a);
    mutator_first(&b);
    b.plan.leg[0].seed = 4711;
    b.program.op[b.program.body[0].first + 1].kind = WL_STATS;
    size_t n_a = input_encode(&a, bytes_a, sizeof bytes_a);
    size_t n_b = input_encode(&b, bytes_b, sizeof bytes_b);
    for (uint32_t i = 0; i < 500; i++) {
        size_t n = cross_over_bytes(&m, bytes_a, n_a, bytes_b, n_b, out, sizeof out);
        decode(&child, out, n);
        plans += child.plan.leg[0].seed == 4711;
        for (uint32_t k = 0; k < child.program.ops; k++)
            programs += child.program.op[k].kind == WL_STATS;
    }
    assert_true(plans > 50 && programs > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_stay_inputs_and_everything_comes_about),
        cmocka_unit_test(a_dictionary_says_which_operations),
        cmocka_unit_test(a_changed_program_has_no_voucher),
        cmocka_unit_test(crossing_over_takes_from_both),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
