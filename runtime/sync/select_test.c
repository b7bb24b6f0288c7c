// SPDX-License-Identifier: Apache-2.0
//
// What rt_chan.h promises of select; see claims.h.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/rt_chan.h"
#include "runtime/sched/claims.h"

struct number {
    uint64_t v;
};
RT_TYPE(number_type, struct number, 0);

static struct hchan *numbers(size_t n)
{
    return rt_chan_make(&number_type, n);
}

static struct rt_select_case on_send(struct hchan *c, struct number *n)
{
    return (struct rt_select_case){.c = c, .dir = RT_SELECT_SEND, .elem = n};
}

static struct rt_select_case on_recv(struct hchan *c, struct number *n)
{
    return (struct rt_select_case){.c = c, .dir = RT_SELECT_RECV, .elem = n};
}

// Channels that goroutines of a claim share: an object, for the collector.
enum { CHANNELS = 8 };
struct set {
    rt_ptr c[CHANNELS];
    uint64_t number;
};
static const uint64_t set_bits[1] = {(1 << CHANNELS) - 1};
static const struct rt_type set_type = {
    .name = "set", .bytes = sizeof(struct set), .ptr_bytes = CHANNELS * 8, .ptr_bits = set_bits};

static struct set *set_new(uint64_t number, size_t channels, size_t slots)
{
    struct set *s = rt_new(&set_type);
    s->number = number;
    for (size_t i = 0; i < channels; i++)
        rt_write_ptr(&s->c[i], numbers(slots));
    return s;
}

static struct set *set_copy(const struct set *from, uint64_t number)
{
    struct set *s = rt_new(&set_type);
    rt_move(&set_type, s, from, 1);
    s->number = number;
    return s;
}

// Choice ----------------------------------------------------------------------------------------

static void what_can_be_done(void *arg)
{
    (void)arg;
    struct hchan *empty = numbers(1), *full = numbers(1), *closed = numbers(1);
    struct number n = {1}, got[3] = {{9}, {9}, {9}};
    struct rt_select_case none[] = {on_recv(empty, &got[0]), on_recv(NULL, &got[1]),
                                    on_send(NULL, &n)};
    check(rt_select(none, 3, true) == RT_SELECT_DEFAULT && got[0].v == 9);
    check(rt_select(NULL, 0, true) == RT_SELECT_DEFAULT);
    rt_chan_send(full, &n);
    struct rt_select_case busy[] = {on_send(full, &n), on_recv(empty, &got[0])};
    check(rt_select(busy, 2, true) == RT_SELECT_DEFAULT);
    struct rt_select_case one[] = {on_send(full, &n), on_recv(full, &got[1])};
    check(rt_select(one, 2, false) == 1 && one[1].received && got[1].v == 1);
    rt_chan_close(closed);
    struct rt_select_case end[] = {on_recv(empty, &got[0]), on_recv(closed, &got[2])};
    check(rt_select(end, 2, false) == 1 && !end[1].received && got[2].v == 0);
}

static void a_case_that_can_be_done_is(void **state)
{
    (void)state;
    holds(what_can_be_done);
}

static void evenly(void *arg)
{
    (void)arg;
    enum { ROUNDS = 3000 };
    uint32_t count[3] = {0};
    struct hchan *c[3] = {numbers(1), numbers(1), numbers(1)};
    for (int i = 0; i < ROUNDS; i++) {
        struct number n = {0};
        struct rt_select_case cases[] = {on_send(c[0], &n), on_send(c[1], &n), on_send(c[2], &n)};
        int at = rt_select(cases, 3, false);
        check(at >= 0 && at < 3);
        count[at]++;
        rt_chan_recv(c[at], NULL);
    }
    for (int i = 0; i < 3; i++) // 1000 expected, the standard deviation is 26
        check(count[i] > 800 && count[i] < 1200);
}

static void among_several_the_choice_is_even(void **state)
{
    (void)state;
    holds(evenly);
}

// Exactly one -----------------------------------------------------------------------------------

enum { ROUNDS = 600, ACTORS = 3 };
static atomic_u32 sent, received, left;

static void actors_begin(void)
{
    store_relaxed(&sent, 0);
    store_relaxed(&received, 0);
    store_relaxed(&left, 2 * ACTORS);
}

static void actor_ends(void)
{
    sub_acq_rel(&left, 1); // pairs [test.left]
}

// Sends a value on one of the channels, whichever takes it.
static void send_somewhere(void *arg)
{
    struct set *s = arg;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        struct number n = {s->number << 32 | i};
        struct rt_select_case cases[CHANNELS];
        for (int k = 0; k < CHANNELS; k++)
            cases[k] = on_send(rt_load_ptr(&s->c[k]), &n);
        check(rt_select(cases, CHANNELS, false) >= 0);
        add_relaxed(&sent, 1);
    }
    actor_ends();
}

// Receives as many, each time from wherever something comes; values of a sender on one channel come
// in order.
static void receive_anywhere(void *arg)
{
    struct set *s = arg;
    uint64_t last[CHANNELS][ACTORS] = {{0}};
    for (uint64_t i = 0; i < ROUNDS; i++) {
        struct number n[CHANNELS];
        struct rt_select_case cases[CHANNELS];
        for (int k = 0; k < CHANNELS; k++)
            cases[k] = on_recv(rt_load_ptr(&s->c[k]), &n[k]);
        int at = rt_select(cases, CHANNELS, false);
        check(at >= 0 && cases[at].received);
        uint64_t from = n[at].v >> 32, value = n[at].v & UINT32_MAX;
        check(from < ACTORS && value + 1 > last[at][from]);
        last[at][from] = value + 1;
        add_relaxed(&received, 1);
    }
    actor_ends();
}

static void storm(size_t slots)
{
    struct set *s = set_new(0, CHANNELS, slots);
    actors_begin();
    for (uint64_t i = 0; i < ACTORS; i++) {
        rt_go(send_somewhere, set_copy(s, i));
        rt_go(receive_anywhere, set_copy(s, i));
    }
    while (load_acquire(&left) > 0) // pairs [test.left]
        rt_yield();
    check(load_relaxed(&sent) == ACTORS * ROUNDS && load_relaxed(&received) == ACTORS * ROUNDS);
    for (int k = 0; k < CHANNELS; k++)
        check(rt_chan_len(rt_load_ptr(&s->c[k])) == 0);
}

static void storms(void *arg)
{
    (void)arg;
    storm(0);
    storm(1);
}

static void each_select_does_exactly_one_case(void **state)
{
    (void)state;
    holds(storms);
}

// Two that select to send and to receive on the same two channels: nobody meets itself.
static void both_ways(void *arg)
{
    struct set *s = arg;
    uint64_t n_sent = 0, n_received = 0;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        struct number out = {s->number}, in[2] = {{0}, {0}};
        struct hchan *a = rt_load_ptr(&s->c[0]), *b = rt_load_ptr(&s->c[1]);
        struct rt_select_case cases[] = {on_send(a, &out), on_recv(b, &in[0]), on_send(b, &out),
                                         on_recv(a, &in[1])};
        int at = rt_select(cases, 4, false);
        if (at == 1 || at == 3) {
            check(cases[at].received && in[at / 2].v != s->number && in[at / 2].v != 0);
            n_received++;
        } else {
            n_sent++;
        }
    }
    check(n_sent + n_received == ROUNDS);
    actor_ends();
}

static void nobody_alone(void *arg)
{
    (void)arg;
    struct set *s = set_new(0, 2, 0);
    store_relaxed(&left, 2);
    rt_go(both_ways, set_copy(s, 1));
    rt_go(both_ways, set_copy(s, 2));
    while (load_acquire(&left) > 0) // pairs [test.left]
        rt_yield();
}

static void nobody_meets_itself(void **state)
{
    (void)state;
    holds(nobody_alone);
}

// The same channel several times: the places in its queue are told apart.
static void receive_thrice(void *arg)
{
    struct set *s = arg;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        struct number n[4] = {{0}, {0}, {0}, {0}};
        struct hchan *a = rt_load_ptr(&s->c[0]), *b = rt_load_ptr(&s->c[1]);
        struct rt_select_case cases[] = {on_recv(a, &n[0]), on_recv(b, &n[1]), on_recv(a, &n[2]),
                                         on_recv(a, &n[3])};
        int at = rt_select(cases, 4, false);
        for (int k = 0; k < 4; k++)
            check((n[k].v == i + 1) == (k == at));
    }
    actor_ends();
}

static void same_channel(void *arg)
{
    (void)arg;
    struct set *s = set_new(0, 2, 0);
    store_relaxed(&left, 1);
    rt_go(receive_thrice, s);
    for (uint64_t i = 0; i < ROUNDS; i++)
        rt_chan_send(rt_load_ptr(&s->c[i % 3 == 0]), &(struct number){i + 1});
    while (load_acquire(&left) > 0) // pairs [test.left]
        rt_yield();
}

static void a_channel_may_occur_several_times(void **state)
{
    (void)state;
    holds(same_channel);
}

// Close -----------------------------------------------------------------------------------------

static void until_closed(void *arg)
{
    struct set *s = arg;
    struct number n[2] = {{7}, {7}};
    struct rt_select_case cases[] = {on_recv(rt_load_ptr(&s->c[0]), &n[0]),
                                     on_recv(rt_load_ptr(&s->c[1]), &n[1])};
    check(rt_select(cases, 2, false) == 1 && !cases[1].received);
    check(n[0].v == 7 && n[1].v == 0);
    actor_ends();
}

static void close_wakes(void *arg)
{
    (void)arg;
    for (int i = 0; i < 50; i++) {
        struct set *s = set_new(0, 2, 0);
        store_relaxed(&left, 3);
        for (int k = 0; k < 3; k++)
            rt_go(until_closed, s);
        for (int k = 0; k < i % 5; k++)
            rt_yield();
        rt_chan_close(rt_load_ptr(&s->c[1]));
        while (load_acquire(&left) > 0) // pairs [test.left]
            rt_yield();
    }
}

static void a_close_wakes_all_who_select(void **state)
{
    (void)state;
    holds(close_wakes);
}

// Reports ---------------------------------------------------------------------------------------

static void waits(void *arg)
{
    (void)arg;
    struct number n;
    struct hchan *a = numbers(0), *b = numbers(0);
    rt_chan_name(a, "requests");
    rt_chan_name(b, "answers");
    struct rt_select_case cases[] = {on_recv(a, &n), on_send(b, &n)};
    rt_select(cases, 2, false);
}

static void waits_for_ever(void *arg)
{
    (void)arg;
    rt_select(NULL, 0, false);
}

static void too_many(void *arg)
{
    (void)arg;
    static struct rt_select_case cases[RT_SELECT_MAX + 1];
    rt_select(cases, RT_SELECT_MAX + 1, true);
}

static void who_waits_is_listed(void **state)
{
    (void)state;
    dies_saying(waits, 2, "[select: receive on \"requests\", send on \"answers\"]");
    dies_saying(waits_for_ever, 2, "[select (no cases)]");
    dies_saying(too_many, 2, "rt_select: too many cases");
}

static void most_cases(void *arg)
{
    (void)arg;
    struct rt_select_case cases[RT_SELECT_MAX];
    struct number n = {3};
    for (int i = 0; i < RT_SELECT_MAX; i++)
        cases[i] = on_recv(numbers(1), &n);
    check(rt_select(cases, RT_SELECT_MAX, true) == RT_SELECT_DEFAULT);
    rt_chan_send(cases[40].c, &n);
    check(rt_select(cases, RT_SELECT_MAX, false) == 40);
}

static void as_many_cases_as_promised(void **state)
{
    (void)state;
    holds(most_cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_that_can_be_done_is),
        cmocka_unit_test(among_several_the_choice_is_even),
        cmocka_unit_test(each_select_does_exactly_one_case),
        cmocka_unit_test(nobody_meets_itself),
        cmocka_unit_test(a_channel_may_occur_several_times),
        cmocka_unit_test(a_close_wakes_all_who_select),
        cmocka_unit_test(who_waits_is_listed),
        cmocka_unit_test(as_many_cases_as_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
