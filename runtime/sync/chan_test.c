// SPDX-License-Identifier: Apache-2.0
//
// What rt_chan.h promises of channels; see claims.h. Goroutines check the order and the number of
// what arrives; what hangs ends as a deadlock.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/rt_chan.h"
#include "runtime/rt_panic.h"
#include "runtime/sched/claims.h"

struct number {
    uint64_t v;
};
RT_TYPE(number_type, struct number, 0);

static struct hchan *numbers(size_t n)
{
    return rt_chan_make(&number_type, n);
}

static void send(struct hchan *c, uint64_t v)
{
    rt_chan_send(c, &(struct number){v});
}

static uint64_t recv(struct hchan *c)
{
    struct number n = {~UINT64_C(0)};
    check(rt_chan_recv(c, &n));
    return n.v;
}

// Order and number ------------------------------------------------------------------------------

enum { MANY = 2000, SENDERS = 4, RECEIVERS = 3 };

// What goroutines of a claim share: an object, so that the collector finds the channels.
struct work {
    rt_ptr c, done;
    uint64_t sender;
};
RT_TYPE(work_type, struct work, RT_AT(struct work, c) | RT_AT(struct work, done));

static struct work *work(struct hchan *c, struct hchan *done, uint64_t sender)
{
    struct work *w = rt_new(&work_type);
    rt_write_ptr(&w->c, c);
    rt_write_ptr(&w->done, done);
    w->sender = sender;
    return w;
}

static void count_up(void *arg)
{
    struct work *w = arg;
    for (uint64_t i = 0; i < MANY; i++)
        send(rt_load_ptr(&w->c), w->sender << 32 | i);
    send(rt_load_ptr(&w->done), 1);
}

static void in_order(size_t slots)
{
    struct hchan *c = numbers(slots), *done = numbers(1);
    rt_go(count_up, work(c, done, 0));
    for (uint64_t i = 0; i < MANY; i++) {
        check(recv(c) == i);
        check(rt_chan_len(c) <= slots);
    }
    recv(done);
    check(rt_chan_len(c) == 0 && rt_chan_cap(c) == slots);
}

static void order(void *arg)
{
    (void)arg;
    in_order(0);
    in_order(1);
    in_order(7);
}

static void elements_leave_in_the_order_in_which_they_came(void **state)
{
    (void)state;
    holds(order);
}

static atomic_u32 seen[SENDERS][MANY];

static void collect(void *arg)
{
    struct work *w = arg;
    uint64_t last[SENDERS] = {0};
    struct number n;
    while (rt_chan_recv(rt_load_ptr(&w->c), &n)) {
        uint64_t sender = n.v >> 32, i = n.v & UINT32_MAX;
        check(sender < SENDERS && i < MANY);
        check(i + 1 > last[sender]);
        last[sender] = i + 1;
        check(add_relaxed(&seen[sender][i], 1) == 0);
    }
    check(n.v == 0); // zeroed by the close
    send(rt_load_ptr(&w->done), 1);
}

static void all_to_all(size_t slots)
{
    struct hchan *c = numbers(slots), *sent = numbers(0), *done = numbers(0);
    for (uint64_t s = 0; s < SENDERS; s++) {
        for (uint64_t i = 0; i < MANY; i++)
            store_relaxed(&seen[s][i], 0);
    }
    for (uint64_t s = 0; s < SENDERS; s++)
        rt_go(count_up, work(c, sent, s));
    for (int r = 0; r < RECEIVERS; r++)
        rt_go(collect, work(c, done, 0));
    for (int s = 0; s < SENDERS; s++)
        recv(sent);
    rt_chan_close(c);
    for (int r = 0; r < RECEIVERS; r++)
        recv(done);
    for (uint64_t s = 0; s < SENDERS; s++) {
        for (uint64_t i = 0; i < MANY; i++)
            check(load_relaxed(&seen[s][i]) == 1);
    }
}

static void exactly_once(void *arg)
{
    (void)arg;
    all_to_all(0);
    all_to_all(3);
}

static void each_element_arrives_exactly_once(void **state)
{
    (void)state;
    holds(exactly_once);
}

// Hand-over -------------------------------------------------------------------------------------

static uint64_t message; // plain: ordered by the channel alone

static void write_and_send(void *arg)
{
    struct work *w = arg;
    for (uint64_t i = 0; i < MANY; i++) {
        message = i;
        send(rt_load_ptr(&w->c), i);
        recv(rt_load_ptr(&w->done));
    }
}

static void messages(void *arg)
{
    (void)arg;
    for (size_t slots = 0; slots < 2; slots++) {
        struct hchan *c = numbers(slots), *back = numbers(slots);
        rt_go(write_and_send, work(c, back, 0));
        for (uint64_t i = 0; i < MANY; i++) {
            check(recv(c) == i && message == i);
            message = ~i;
            send(back, 0);
        }
    }
}

static void what_was_written_before_a_send_is_seen_after_the_receive(void **state)
{
    (void)state;
    holds(messages);
}

// A sender of an unbuffered channel returns when the receiver has the element.
static uint64_t received_so_far;

static void receive_and_write(void *arg)
{
    struct work *w = arg;
    for (uint64_t i = 0; i < MANY; i++) {
        received_so_far = i;
        recv(rt_load_ptr(&w->c));
    }
}

static void rendezvous(void *arg)
{
    (void)arg;
    struct hchan *c = numbers(0);
    rt_go(receive_and_write, work(c, NULL, 0));
    for (uint64_t i = 0; i < MANY; i++) {
        send(c, i);
        // the receiver began this receive, and at most one more
        check(received_so_far >= i && received_so_far <= i + 1);
        rt_yield();
    }
}

// Objects ---------------------------------------------------------------------------------------

struct parcel {
    uint64_t number;
    rt_ptr inside;
};
RT_TYPE(parcel_type, struct parcel, RT_AT(struct parcel, inside));
struct box {
    uint64_t a, b, c;
};
RT_TYPE(box_type, struct box, 0);

static __attribute__((noinline)) void send_parcel(struct hchan *c, uint64_t i)
{
    struct parcel p = {.number = i};
    struct box *b = rt_new(&box_type);
    b->a = b->b = b->c = i;
    store_relaxed(&p.inside, b);
    rt_chan_send(c, &p);
}

static void send_parcels(void *arg)
{
    struct work *w = arg;
    for (uint64_t i = 0; i < MANY; i++)
        send_parcel(rt_load_ptr(&w->c), i);
    rt_chan_close(rt_load_ptr(&w->c));
}

static void collect_garbage(void *stop)
{
    while (load_relaxed((atomic_u32 *)stop) == 0) {
        rt_gc();
        rt_yield();
    }
    store_release((atomic_u32 *)stop, 2); // pairs [test.stop]
}

static atomic_u32 stop;

static void parcels(size_t slots)
{
    struct hchan *c = rt_chan_make(&parcel_type, slots);
    struct parcel p;
    uint64_t n = 0;
    store_relaxed(&stop, 0);
    rt_go(collect_garbage, &stop);
    rt_go(send_parcels, work(c, NULL, 0));
    for (; rt_chan_recv(c, &p); n++) {
        const struct box *b = rt_load_ptr(&p.inside);
        check(p.number == n && b->a == n && b->b == n && b->c == n);
    }
    check(n == MANY && p.number == 0 && rt_load_ptr(&p.inside) == NULL);
    store_relaxed(&stop, 1);
    while (load_acquire(&stop) != 2) // pairs [test.stop]
        rt_yield();
}

static void objects(void *arg)
{
    (void)arg;
    parcels(0);
    parcels(4);
}

static void objects_on_their_way_are_reached(void **state)
{
    (void)state;
    rt_heap_debug = (struct rt_heap_debug){.check = true, .poison = true, .escape = true};
    holds(objects);
    rt_heap_debug = (struct rt_heap_debug){0};
}

// What has been received is no longer kept by the channel.
static void dropped(void *arg)
{
    (void)arg;
    struct hchan *c = rt_chan_make(&parcel_type, 3);
    struct rt_weak *weak[3];
    for (uint64_t i = 0; i < 3; i++) {
        struct parcel p = {.number = i};
        void *b = rt_new(&box_type);
        weak[i] = rt_weak_new(b);
        store_relaxed(&p.inside, b);
        rt_chan_send(c, &p);
        store_relaxed(&p.inside, NULL);
    }
    rt_chan_recv(c, NULL);
    struct { // nothing of it below this frame
        volatile uint64_t words[64];
    } over;
    for (int i = 0; i < 64; i++)
        over.words[i] = 0;
    rt_gc();
    rt_gc();
    check(rt_weak_get(weak[0]) == NULL);
    check(rt_weak_get(weak[1]) != NULL && rt_weak_get(weak[2]) != NULL);
    rt_keep_alive(c);
}

static void a_channel_keeps_what_it_holds_and_no_more(void **state)
{
    (void)state;
    claim_without_gc = true;
    holds(dropped);
    claim_without_gc = false;
}

// Without waiting -------------------------------------------------------------------------------

static void tries(void *arg)
{
    (void)arg;
    struct hchan *c = numbers(2);
    struct number n = {7};
    check(rt_chan_try_recv(c, &n) == RT_CHAN_NOTHING && n.v == 7);
    check(rt_chan_try_send(c, &(struct number){1}) && rt_chan_try_send(c, &(struct number){2}));
    check(!rt_chan_try_send(c, &(struct number){3}) && rt_chan_len(c) == 2);
    check(rt_chan_try_recv(c, &n) == RT_CHAN_ELEM && n.v == 1);
    rt_chan_close(c);
    check(rt_chan_try_recv(c, &n) == RT_CHAN_ELEM && n.v == 2);
    check(rt_chan_try_recv(c, &n) == RT_CHAN_CLOSED && n.v == 0);
    check(!rt_chan_recv(c, NULL));
    check(!rt_chan_try_send(NULL, &n) && rt_chan_try_recv(NULL, &n) == RT_CHAN_NOTHING);
    check(rt_chan_len(NULL) == 0 && rt_chan_cap(NULL) == 0);
    struct hchan *meet = numbers(0);
    check(!rt_chan_try_send(meet, &n) && rt_chan_try_recv(meet, &n) == RT_CHAN_NOTHING);
}

static void who_does_not_wait_is_told(void **state)
{
    (void)state;
    holds(tries);
}

// Close -----------------------------------------------------------------------------------------

struct attempt {
    void (*fn)(struct hchan *);
    struct hchan *c;
    const char *said;
};

static void note_panic(void *arg)
{
    struct attempt *a = arg;
    struct rt_recovered what;
    if (rt_recover(&what))
        a->said = what.text;
}

static void attempt_it(void *arg)
{
    struct attempt *a = arg;
    rt_defer(note_panic, a);
    a->fn(a->c);
}

static bool panics(void (*fn)(struct hchan *), struct hchan *c, const char *text)
{
    struct attempt a = {fn, c, ""};
    bool whole = rt_call(attempt_it, &a);
    return !whole && strcmp(a.said, text) == 0;
}

static void send_one(struct hchan *c)
{
    send(c, 1);
}

static void try_to_send(struct hchan *c)
{
    rt_chan_try_send(c, &(struct number){1});
}

static void select_to_send(struct hchan *c)
{
    struct number n = {1};
    rt_select(&(struct rt_select_case){.c = c, .dir = RT_SELECT_SEND, .elem = &n}, 1, false);
}

static atomic_u32 panicked;

static void expect_panic(void *c)
{
    check(panics(send_one, c, "send on closed channel"));
    add_acq_rel(&panicked, 1); // pairs [test.panicked]
}

static void expect_panic_in_select(void *c)
{
    check(panics(select_to_send, c, "send on closed channel"));
    add_acq_rel(&panicked, 1); // pairs [test.panicked]
}

static void closes(void *arg)
{
    (void)arg;
    struct hchan *c = numbers(1);
    send(c, 5);
    store_relaxed(&panicked, 0);
    rt_go(expect_panic, c); // waits, mostly
    rt_go(expect_panic_in_select, c);
    for (int i = 0; i < 10; i++)
        rt_yield();
    rt_chan_close(c);
    while (load_acquire(&panicked) < 2) // pairs [test.panicked]
        rt_yield();
    check(panics(rt_chan_close, c, "close of closed channel"));
    check(panics(rt_chan_close, NULL, "close of nil channel"));
    check(panics(send_one, c, "send on closed channel"));
    check(panics(try_to_send, c, "send on closed channel"));
    check(panics(select_to_send, c, "send on closed channel"));
    struct number n;
    check(rt_chan_recv(c, &n) && n.v == 5); // what was sent before is not lost
    check(!rt_chan_recv(c, &n) && n.v == 0);
}

static void closed_channels_give_what_they_have_and_take_no_more(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        holds(closes);
}

static void send_on_closed(void *arg)
{
    (void)arg;
    struct hchan *c = numbers(0);
    rt_chan_close(c);
    send(c, 1);
}

static void wait_for_nobody(void *arg)
{
    (void)arg;
    struct hchan *c = numbers(0);
    rt_chan_name(c, "letters");
    recv(c);
}

static void wait_for_nil(void *arg)
{
    (void)arg;
    send(NULL, 1);
}

static void what_cannot_go_on_is_told(void **state)
{
    (void)state;
    dies_saying(send_on_closed, 2, "panic: send on closed channel");
    dies_saying(wait_for_nobody, 2, "[chan receive on \"letters\"]");
    dies_saying(wait_for_nobody, 2, "all goroutines are asleep - deadlock!");
    dies_saying(wait_for_nil, 2, "[chan send (nil chan)]");
}

static void a_sender_without_buffer_waits_for_its_receiver(void **state)
{
    (void)state;
    holds_on(rendezvous, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_leave_in_the_order_in_which_they_came),
        cmocka_unit_test(each_element_arrives_exactly_once),
        cmocka_unit_test(what_was_written_before_a_send_is_seen_after_the_receive),
        cmocka_unit_test(a_sender_without_buffer_waits_for_its_receiver),
        cmocka_unit_test(objects_on_their_way_are_reached),
        cmocka_unit_test(a_channel_keeps_what_it_holds_and_no_more),
        cmocka_unit_test(who_does_not_wait_is_told),
        cmocka_unit_test(closed_channels_give_what_they_have_and_take_no_more),
        cmocka_unit_test(what_cannot_go_on_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
