// SPDX-License-Identifier: Apache-2.0
//
// See work.h. Buffers are never freed; who needs one takes an empty one or makes a few.
#include "runtime/gc/work.h"

#include "runtime/base/throw.h"
#include "runtime/gc/cycle.h"
#include "runtime/mem/persistent.h"

enum { BALANCE_MIN = 4 };

static struct workbuf *pop(struct lfstack *s)
{
    return (struct workbuf *)(void *)lfstack_pop(s);
}

static struct workbuf *make(void)
{
    struct workbuf *b =
        persistent_alloc(WORKBUF_BATCH * sizeof(struct workbuf), _Alignof(struct workbuf));
    for (int i = 1; i < WORKBUF_BATCH; i++)
        lfstack_push(&cycle.empty, &b[i].node);
    return b;
}

static struct workbuf *get_empty(void)
{
    struct workbuf *b = pop(&cycle.empty);
    if (b == NULL)
        b = make();
    rt_assert(b->n == 0);
    return b;
}

static void put_full(struct gcwork *w, struct workbuf *b)
{
    rt_assert(b->n != 0);
    lfstack_push(&cycle.full, &b->node);
    w->flushed = w->enlist = true;
}

static void swap(struct gcwork *w)
{
    struct workbuf *b = w->first;
    w->first = w->second;
    w->second = b;
}

static void init(struct gcwork *w)
{
    w->first = get_empty();
    w->second = pop(&cycle.full);
    if (w->second == NULL)
        w->second = get_empty();
}

void gcw_put(struct gcwork *w, uintptr_t object)
{
    if (w->first == NULL)
        init(w);
    if (w->first->n == WORKBUF_ENTRIES) {
        swap(w);
        if (w->first->n == WORKBUF_ENTRIES) {
            put_full(w, w->first);
            w->first = get_empty();
        }
    }
    w->first->object[w->first->n++] = object;
}

uintptr_t gcw_get(struct gcwork *w)
{
    if (w->first == NULL)
        init(w);
    if (w->first->n == 0) {
        swap(w);
        if (w->first->n == 0) {
            struct workbuf *b = pop(&cycle.full);
            if (b == NULL)
                return 0;
            lfstack_push(&cycle.empty, &w->first->node);
            w->first = b;
        }
    }
    return w->first->object[--w->first->n];
}

bool gcw_empty(const struct gcwork *w)
{
    return w->first == NULL || (w->first->n == 0 && w->second->n == 0);
}

// Takes half of *b away, in a buffer of its own.
static struct workbuf *half(struct workbuf *b)
{
    struct workbuf *other = get_empty();
    for (uint64_t n = b->n / 2; n > 0; n--)
        other->object[other->n++] = b->object[--b->n];
    return other;
}

void gcw_balance(struct gcwork *w)
{
    if (w->first == NULL)
        return;
    if (w->second->n != 0) {
        put_full(w, w->second);
        w->second = get_empty();
    } else if (w->first->n >= BALANCE_MIN) {
        put_full(w, half(w->first));
    }
}

static void give(struct gcwork *w, struct workbuf *b)
{
    if (b == NULL)
        return;
    if (b->n != 0)
        put_full(w, b);
    else
        lfstack_push(&cycle.empty, &b->node);
}

void gcw_dispose(struct gcwork *w)
{
    struct workbuf *first = w->first, *second = w->second;
    w->first = w->second = NULL;
    give(w, first);
    give(w, second);
    if (w->bytes_marked != 0)
        add_relaxed(&cycle.bytes_marked, w->bytes_marked);
    w->bytes_marked = 0;
}
