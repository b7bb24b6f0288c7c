// SPDX-License-Identifier: Apache-2.0
//
// Inputs of fuzz targets: text and bytes are made of each other without loss, for every workload
// and every seed of the tree, and damaged bytes are refused or are the one form of what they mean.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "repro/input.h"
#include "stress/workload/binary.h"

static char **files; // workloads and inputs

static char *printed(const struct input *in)
{
    char *text;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    input_print(in, f);
    fclose(f);
    return text;
}

static void decode(struct input *in, const uint8_t *data, size_t n)
{
    struct text_error err;

    if (!input_decode(in, data, n, &err))
        fail_msg("%u:%u: %s", err.line, err.col, err.message);
}

// The input is the same after each way there and back.
static void check_both_ways(const struct input *in)
{
    static struct input back;
    static uint8_t bytes[INPUT_BYTES], again[INPUT_BYTES];
    size_t n = input_encode(in, bytes, sizeof bytes);
    char *text = printed(in);

    assert_true(n > 0);
    assert_true(input_is_text((uint8_t *)text, strlen(text)));
    assert_false(input_is_text(bytes, n));
    decode(&back, bytes, n);
    char *text_back = printed(&back);
    assert_string_equal(text, text_back);
    decode(&back, (uint8_t *)text, strlen(text));
    assert_int_equal(input_encode(&back, again, sizeof again), n);
    assert_memory_equal(bytes, again, n);
    free(text);
    free(text_back);
}

static const struct sim_plan some_plan = {
    .legs = 3,
    .leg = {{SIM_WALK_CALM, 0, 12},
            {SIM_WALK_RANDOM, 4000000000u, 300},
            {SIM_WALK_PRIORITIES, 7, 0}},
    .edits = 4,
    .edit = {{0, SIM_EDIT_RUN, 63, 1},
             {SIM_PLAN_POINTS, SIM_EDIT_ANSWER, 0, 0},
             {5, SIM_EDIT_HOLD, 1, 0},
             {127, SIM_EDIT_DRAIN, 2, SIM_PLAN_POINTS}},
};

static void load(const char *path, struct input *in)
{
    char error[512];
    size_t n;
    char *text = text_read_file(path, INPUT_BYTES, &n, error, sizeof error);

    if (text == NULL)
        fail_msg("%s", error);
    if (strstr(path, ".wl") == NULL) {
        decode(in, (uint8_t *)text, n);
    } else {
        struct text_error err;
        struct workload *w = workload_parse(text, n, 1, &err);

        assert_non_null(w);
        *in = (struct input){.vouched = true, .plan = some_plan};
        memcpy(&in->program, w, sizeof *w);
        workload_finish(&in->program, &err);
        workload_free(w);
    }
    free(text);
}

static void every_file_comes_back_as_it_was(void **state)
{
    static struct input in;
    uint32_t n = 0;

    (void)state;
    for (char **file = files; *file != NULL; file++, n++) {
        load(*file, &in);
        check_both_ways(&in);
        in.memory = SIM_TSO;
        in.frozen = true;
        in.faults = SIM_FAULTS_ALL;
        in.vouched = false;
        workload_plain_names(&in.program);
        in.plan = (struct sim_plan){0};
        check_both_ways(&in);
    }
    assert_true(n > 140);
}

// Each byte set to some other values, each length cut: refused with a reason, or accepted and then
// the only form of what it means.
static void damaged_bytes_are_refused_or_canonical(void **state)
{
    static struct input in;
    static uint8_t bytes[INPUT_BYTES], again[INPUT_BYTES];
    struct text_error err;
    uint32_t refused = 0, accepted = 0;

    (void)state;
    for (char **file = files; *file != NULL; file++) {
        load(*file, &in);
        in.vouched = false;
        size_t n = input_encode(&in, bytes, sizeof bytes);
        for (size_t i = 0; i < n; i++) {
            uint8_t was = bytes[i];
            assert_false(input_decode(&in, bytes, i, &err));
            for (uint32_t k = 1; k < 256; k += 37) {
                bytes[i] = (uint8_t)(was + k);
                if (!input_is_text(bytes, n) && input_decode(&in, bytes, n, &err)) {
                    accepted++;
                    assert_int_equal(input_encode(&in, again, sizeof again), n);
                    assert_memory_equal(bytes, again, n);
                } else {
                    refused++;
                    assert_true(err.line > 0 && err.message[0] != 0);
                }
            }
            bytes[i] = was;
        }
    }
    assert_true(accepted > 1000 && refused > 1000);
}

static void a_voucher_is_of_one_program(void **state)
{
    static struct input in;
    static uint8_t bytes[INPUT_BYTES];
    struct text_error err;

    (void)state;
    load(files[0], &in);
    size_t n = input_encode(&in, bytes, sizeof bytes);
    decode(&in, bytes, n);
    assert_true(in.vouched);
    bytes[4] ^= 1;
    assert_false(input_decode(&in, bytes, n, &err));
    assert_non_null(strstr(err.message, "voucher"));
}

static void texts_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *text;
        uint32_t line;
    } bad[] = {
        {"gauntlet input 2\n", 1},
        {"gauntlet input 1\n", 2},
        {"gauntlet input 1\nmemory ra\n", 2},
        {"gauntlet input 1\nmemory sc\nvouched\nsysmon frozen\n", 4},
        {"gauntlet input 1\nmemory sc\nprogram\n  workload w\n  goroutine main\n", 6},
        {"gauntlet input 1\nmemory sc\nprogram\n  workload w\n  goroutine main\n  jump\nplan\n", 6},
        {"gauntlet input 1\nmemory sc\nprogram\n  workload w\n  goroutine main\nplan\n  hop 1\n",
         7},
        {"gauntlet input 1\nmemory sc\nprogram\n  workload w\n  goroutine main\nplan\n  run 64 "
         "after 1 "
         "points\n",
         7},
        {"gauntlet input 1\nmemory sc\nprogram\n  workload w\n  goroutine main\nplan\n  random 1\n "
         " "
         "random 2\n",
         8},
    };
    static struct input in;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct text_error err = {0};

        assert_false(input_parse(&in, bad[i].text, strlen(bad[i].text), &err));
        if (err.line != bad[i].line)
            fail_msg("text %zu: line %u: %s", i, err.line, err.message);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_comes_back_as_it_was),
        cmocka_unit_test(damaged_bytes_are_refused_or_canonical),
        cmocka_unit_test(a_voucher_is_of_one_program),
        cmocka_unit_test(texts_are_refused_with_their_place),
    };
    files = argv + (argc > 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
