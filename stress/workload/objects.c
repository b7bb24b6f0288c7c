// SPDX-License-Identifier: Apache-2.0
//
// Operations on objects of the heap. An object begins with a head, written once before anybody else
// can see it: a magic number, who made it, how many it had made, and the number of slots. Whoever
// gets a reference notes the head, and whoever uses the reference compares: so an object that was
// taken back although somebody refers to it shows on real threads, too, as soon as its memory is
// used again. Heads need no word that goroutines share: it would order what the program does not.
//
// The invariant of rt_heap.h: pointers lie in the goroutine's struct refs (on its stack), in slots,
// and in the two arrays of globals below; nowhere else.
#include "runtime/host/host.h"
#include "runtime/rt.h"
#include "runtime/rt_heap.h"
#include "runtime/rt_timer.h"
#include "stress/workload/frame.h"
#include "stress/workload/probe.h"

enum { MAGIC = 0x0b1ec7, BIG_SLOTS = 0xff, TINY_BYTES = 15 };

struct object {
    uint64_t head; // const: magic, instance, number, slots
    rt_ptr slot[];
};

struct big {
    uint64_t head;  // const; likewise, its slots are BIG_SLOTS
    uint64_t words; // const; the last one is the head again
    uint64_t word[];
};

// What `pass` gives to the goroutine that it starts: its argument.
struct start {
    uint64_t instance, ref, head; // const
    rt_ptr object;
};
RT_TYPE(start_type, struct start, RT_AT(struct start, object));

static const uint64_t slot_bits[1] = {((UINT64_C(1) << WL_SLOTS) - 1) << 1};
#define NODE(n)                                                                                    \
    {                                                                                              \
        /* not so small that it shares a block */                                                  \
        .name = "node " #n, .bytes = (n) == 0 ? 16 : 8 * (1 + (n)),                                \
        .ptr_bytes = (n) == 0 ? 0 : 8 * (1 + (n)), .ptr_bits = slot_bits                           \
    }
static const struct rt_type node_type[WL_SLOTS + 1] = {NODE(0), NODE(1), NODE(2), NODE(3), NODE(4),
                                                       NODE(5), NODE(6), NODE(7), NODE(8)};

static rt_ptr global[WL_NAMES];
static rt_ptr weak[WL_NAMES]; // handles

static uint64_t head_make(struct frame *f, uint32_t slots)
{
    return (uint64_t)MAGIC << 40 | (uint64_t)f->instance << 24 |
           (uint64_t)(f->refs->made++ & 0xffff) << 8 | slots;
}

static uint32_t head_slots(uint64_t head)
{
    uint32_t slots = head & 0xff;

    return slots == BIG_SLOTS ? 0 : slots;
}

static void changed(void)
{
    host_abort("workload: an object is not what it was");
}

// The head of something that was met in a slot, a global, or a handle.
static uint64_t head_of(const void *object)
{
    uint64_t head = ((const struct object *)object)->head;

    if (head >> 40 != MAGIC)
        changed();
    return head;
}

void ref_set(struct frame *f, uint32_t ref, void *object)
{
    struct refs *refs = f->refs;

    refs->object[ref] = object;
    refs->head[ref] = object == NULL ? 0 : head_of(object);
}

// The object, which still is the one that the reference was made for; NULL: there is none.
void *ref_object(struct frame *f, uint32_t ref)
{
    struct refs *refs = f->refs;
    struct object *o = refs->object[ref];

    if (o != NULL && o->head != refs->head[ref])
        changed();
    return o;
}

// The n-th slot; NULL when there is no such thing.
static rt_ptr *slot_of(struct frame *f, uint32_t ref, int64_t n)
{
    struct object *o = ref_object(f, ref);

    return o == NULL || n >= head_slots(o->head) ? NULL : &o->slot[n];
}

// Goroutines ---------------------------------------------------------------------------------

static void passed(void *arg)
{
    struct start *start = arg;

    frame_run((uint32_t)start->instance, start);
}

void refs_begin(struct refs *refs, struct start *start)
{
    refs->object[start->ref] = rt_load_ptr(&start->object);
    refs->head[start->ref] = start->head;
}

void op_pass(struct frame *f, const struct wl_op *op)
{
    struct start *start = rt_new(&start_type);

    start->instance = frame_child(f);
    start->ref = op->ref[0];
    start->head = f->refs->head[op->ref[0]];
    rt_write_ptr(&start->object, ref_object(f, op->ref[0]));
    rt_go(passed, start);
}

static void begin_globals(rt_ptr *words, uint32_t n)
{
    if (n == 0)
        return;
    rt_register_globals(words, n);
    probe_globals(words, n);
}

void objects_begin(void)
{
    begin_globals(global, program->names[WL_GLOBAL_NAME].n);
    begin_globals(weak, program->names[WL_WEAK_NAME].n);
}

// Objects and slots --------------------------------------------------------------------------

void op_new(struct frame *f, const struct wl_op *op)
{
    struct object *o = rt_new(&node_type[op->number]);

    o->head = head_make(f, (uint32_t)op->number);
    ref_set(f, op->ref[0], o);
}

void op_big(struct frame *f, const struct wl_op *op)
{
    struct big *b = rt_new_bytes((size_t)op->number);
    uint64_t words = (uint64_t)op->number / 8;

    b->head = head_make(f, BIG_SLOTS);
    b->words = words;
    if (words > 2)
        b->word[words - 3] = b->head;
    ref_set(f, op->ref[0], b);
}

// Several share a block: who writes one must not touch its neighbour.
void op_tiny(struct frame *f, const struct wl_op *op)
{
    uint8_t *before = NULL;
    size_t bytes_before = 0;

    (void)f;
    for (int64_t i = 0; i < op->number; i++) {
        size_t bytes = 1 + (size_t)(i % TINY_BYTES);
        uint8_t *p = rt_new_bytes(bytes);

        for (size_t k = 0; k < bytes; k++) {
            if (p[k] != 0)
                host_abort("workload: new memory is not zero");
            p[k] = (uint8_t)bytes;
        }
        for (size_t k = 0; k < bytes_before; k++)
            if (before[k] != bytes_before)
                changed();
        before = p;
        bytes_before = bytes;
    }
}

// Kept while others run: a block of which a piece is referred to is one piece to the collector.
void op_crumbs(struct frame *f, const struct wl_op *op)
{
    uint8_t *crumb[WL_SLOTS];

    (void)f;
    for (int64_t i = 0; i < op->number; i++) {
        crumb[i] = rt_new_bytes(1 + (size_t)i);
        crumb[i][i] = (uint8_t)(1 + i);
        rt_yield();
    }
    for (int64_t i = 0; i < op->number; i++)
        if (crumb[i][i] != 1 + i || (i > 0 && crumb[i][0] != 0))
            changed();
}

void op_link(struct frame *f, const struct wl_op *op)
{
    rt_ptr *slot = slot_of(f, op->ref[0], op->number);
    void *to = ref_object(f, op->ref[1]);

    if (slot != NULL && to != NULL)
        rt_write_ptr(slot, to);
}

void op_unlink(struct frame *f, const struct wl_op *op)
{
    rt_ptr *slot = slot_of(f, op->ref[0], op->number);

    if (slot != NULL)
        rt_write_ptr(slot, NULL);
}

void op_load(struct frame *f, const struct wl_op *op)
{
    rt_ptr *slot = slot_of(f, op->ref[1], op->number);

    if (slot != NULL)
        ref_set(f, op->ref[0], rt_load_ptr(slot));
}

void op_drop(struct frame *f, const struct wl_op *op)
{
    ref_set(f, op->ref[0], NULL);
}

__attribute__((noinline)) void ref_hide(struct frame *f, uint32_t ref)
{
    f->refs->hidden[ref] = ~(uint64_t)(uintptr_t)f->refs->object[ref];
    ref_set(f, ref, NULL);
}

void ref_unhide(struct frame *f, uint32_t ref)
{
    ref_set(f, ref, (void *)(uintptr_t)~f->refs->hidden[ref]);
}

void op_hide(struct frame *f, const struct wl_op *op)
{
    ref_hide(f, op->ref[0]);
}

// A word that a frame has left behind: where it points to there is nothing any more, or another.
void op_stale(struct frame *f, const struct wl_op *op)
{
    if (f->refs->hidden[op->ref[0]] != 0)
        f->refs->past[op->ref[0]] = (uintptr_t)~f->refs->hidden[op->ref[0]];
}

// As a loop over an array has it: a word of the stack that points to what lies behind, be that an
// object, a free slot, or a span that comes and goes. Nobody follows it but the collector.
void op_past(struct frame *f, const struct wl_op *op)
{
    const struct object *o = ref_object(f, op->ref[0]);

    if (o == NULL)
        return;
    uint64_t words = (o->head & 0xff) == BIG_SLOTS ? ((const struct big *)(const void *)o)->words
                                                   : 1 + (uint64_t)head_slots(o->head);
    f->refs->past[op->ref[0]] = (uintptr_t)o + 8 * (words < 2 ? 2 : words);
}

// What an object and those that it refers to must be.
static void look_at(const void *object)
{
    uint64_t head = head_of(object);
    const struct object *o = object;
    const struct big *b = object;

    if ((head & 0xff) == BIG_SLOTS && b->words > 2 && b->word[b->words - 3] != head)
        changed();
    for (uint32_t i = 0; i < head_slots(head); i++) {
        const void *to = rt_load_ptr(&o->slot[i]);

        if (to != NULL)
            head_of(to);
    }
}

void op_look(struct frame *f, const struct wl_op *op)
{
    const void *object = ref_object(f, op->ref[0]);

    if (object != NULL)
        look_at(object);
}

// Globals, weak handles, ends ------------------------------------------------------------------

void op_global(struct frame *f, const struct wl_op *op)
{
    void *object = ref_object(f, op->ref[0]);

    if (object != NULL)
        rt_write_ptr(&global[op->a], object);
}

void op_fetch(struct frame *f, const struct wl_op *op)
{
    ref_set(f, op->ref[0], rt_load_ptr(&global[op->a]));
}

void op_weak(struct frame *f, const struct wl_op *op)
{
    void *object = ref_object(f, op->ref[0]);

    if (object != NULL)
        rt_write_ptr(&weak[op->a], rt_weak_new(object));
}

void op_weakget(struct frame *f, const struct wl_op *op)
{
    struct rt_weak *handle = rt_load_ptr(&weak[op->a]);

    if (handle != NULL)
        ref_set(f, op->ref[0], rt_weak_get(handle));
}

static void finalize(void *object)
{
    look_at(object);
}

void op_finalizer(struct frame *f, const struct wl_op *op)
{
    void *object = ref_object(f, op->ref[0]);

    if (object != NULL)
        rt_set_finalizer(object, finalize);
}

// By a timer, which alone refers to it.
static void timer_looks(void *object)
{
    look_at(object);
}

void op_timerref(struct frame *f, const struct wl_op *op)
{
    void *object = ref_object(f, op->ref[0]);

    if (object != NULL)
        rt_timer_start(outside_timer(op->a), op->number, timer_looks, object);
}

// By a timer of the object's own: nothing refers to the object but that it is armed.
static void timer_looks_around(void *hidden)
{
    look_at((const void *)~(uintptr_t)hidden);
}

void op_timerin(struct frame *f, const struct wl_op *op)
{
    enum { WORDS = sizeof(struct rt_timer) / sizeof(uint64_t) };
    struct big *b = ref_object(f, op->ref[0]);

    // behind it is the last word, which is the head
    if (b == NULL || (b->head & 0xff) != BIG_SLOTS || b->words < 2 + WORDS + 1)
        return;
    rt_timer_start((struct rt_timer *)(void *)b->word, op->number, timer_looks_around,
                   (void *)~(uintptr_t)b);
}

// The collector --------------------------------------------------------------------------------

void op_gc(struct frame *f, const struct wl_op *op)
{
    (void)f, (void)op;
    rt_gc();
}

void op_gcpercent(struct frame *f, const struct wl_op *op)
{
    (void)f;
    rt_set_gc_percent((int32_t)op->number);
}

void op_memlimit(struct frame *f, const struct wl_op *op)
{
    (void)f;
    rt_set_memory_limit(op->number < 0 ? INT64_MAX : op->number);
}
