// SPDX-License-Identifier: Apache-2.0
//
// What words and values are called. The engine knows the runtime's large structures; for the rest
// the source line says it: `xchg_acq_rel(&forcegc.state, FORCEGC_REQUESTED)` names the word, and
// what its new value means wherever else it is met.
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "repro/explain_view.h"

enum { VALUES = 64, NAME_BYTES = 48 };

// A value that is an address points to an object, not to its first field: "g3.sched" means g3.
static size_t object_width(const char *name)
{
    return (name[0] == 'g' || name[0] == 'm' || name[0] == 'p') ? strcspn(name, ".") : strlen(name);
}

void view_object(uint64_t addr, char *buf, size_t bytes)
{
    if (bytes > 0)
        buf[object_width(sim_address_name(addr, buf, bytes))] = 0;
}

// The operand "&..." of the event's operation; NULL: the line has another number of them than of
// operations.
static const char *operand(const struct sim_event *e)
{
    const struct sim_site *site = sim_site(e->site);
    const char *found = NULL;
    uint32_t n = 0;

    for (const char *at = strstr(site->text, "(&"); at != NULL; at = strstr(at + 1, "(&"))
        if (n++ == site->rank)
            found = at + 2;
    return n == 1 ? strstr(site->text, "(&") + 2 : found;
}

static size_t identifier(const char *text, const char *more)
{
    size_t n = 0;

    while (isalnum((unsigned char)text[n]) || text[n] == '_' || (text[n] && strchr(more, text[n])))
        n++;
    return n;
}

// "forcegc.state" of `xchg_acq_rel(&forcegc.state, ...)`. What lies behind a pointer or in an array
// has no name of its own.
static size_t global_name(const struct sim_event *e, char *buf, size_t bytes)
{
    const char *text = operand(e);
    size_t n = text ? identifier(text, ".") : 0;

    if (n == 0 || n >= bytes || (text[n] != ',' && text[n] != ')') || !memchr(text, '.', n))
        return 0;
    memcpy(buf, text, n);
    buf[n] = 0;
    return n;
}

const char *view_word(const struct sim_event *e, char *buf, size_t bytes)
{
    sim_address_name(e->addr, buf, bytes);
    if (strncmp(buf, "0x", 2) == 0 && global_name(e, buf, bytes) == 0)
        sim_address_name(e->addr, buf, bytes);
    return buf;
}

// Values of words -------------------------------------------------------------------------------

struct meant {
    uint64_t addr, value;
    char name[NAME_BYTES];
};

static struct meant *find_meant(struct meanings *all, uint64_t addr, uint64_t value)
{
    for (uint32_t i = 0; i < all->n; i++)
        if (all->v[i].addr == addr && all->v[i].value == value)
            return &all->v[i];
    return NULL;
}

// The constant that the operation writes, its last argument: letters and digits, capital ones.
static bool constant(const struct sim_event *e, char *buf, size_t bytes)
{
    const char *text = operand(e), *end = text ? strchr(text, ')') : NULL;

    if (end == NULL)
        return false;
    const char *last = end;
    while (last > text && last[-1] != ' ')
        last--;
    size_t n = identifier(last, "");
    if (last == text || last + n != end || n < 2 || n >= bytes || !isupper((unsigned char)*last))
        return false;
    memcpy(buf, last, n);
    buf[n] = 0;
    for (size_t i = 0; i < n; i++)
        if (islower((unsigned char)buf[i]))
            return false;
    return true;
}

static bool sets(const struct sim_event *e)
{
    return strcmp(e->what, "store") == 0 || strcmp(e->what, "exchange") == 0 ||
           strcmp(e->what, "cas") == 0;
}

void view_learn_values(struct meanings *all, const struct sim_event *e, size_t n)
{
    char name[NAME_BYTES];

    all->v = calloc(VALUES, sizeof *all->v);
    for (size_t i = 0; i < n && all->v != NULL && all->n < VALUES; i++) {
        if (e[i].addr == 0 || !sets(&e[i]) || sim_word_value(e[i].addr, e[i].new_value) != NULL ||
            find_meant(all, e[i].addr, e[i].new_value) != NULL ||
            !constant(&e[i], name, sizeof name))
            continue;
        struct meant *m = &all->v[all->n++];
        m->addr = e[i].addr;
        m->value = e[i].new_value;
        memcpy(m->name, name, sizeof name);
    }
}

void view_forget_values(struct meanings *all)
{
    free(all->v);
    *all = (struct meanings){0};
}

const char *view_value(const struct view *v, uint64_t addr, uint64_t value, char *buf, size_t bytes)
{
    const char *word = sim_word_value(addr, value);
    const struct meant *meant = find_meant((struct meanings *)&v->meanings, addr, value);

    if (word != NULL)
        return word;
    if (meant != NULL)
        return meant->name;
    if (value < 100000)
        snprintf(buf, bytes, "%" PRIu64, value);
    else if (value > UINT32_MAX - 1000 && value <= UINT32_MAX)
        snprintf(buf, bytes, "%d", (int32_t)(uint32_t)value);
    else if (value > UINT64_MAX - 1000)
        snprintf(buf, bytes, "%" PRId64, (int64_t)value);
    else
        view_object(value, buf, bytes);
    return buf;
}

// Goroutines of the runtime -----------------------------------------------------------------------

// The outermost function of the goroutine, from the first of its events that has frames.
const char *view_entry(const struct view *v, uint32_t actor)
{
    for (size_t i = 0; i < v->n; i++) {
        const struct sim_event *e = &v->e[i];

        for (uint32_t k = e->stack.n; e->actor == actor && e->after == 0 && k-- > 0;) {
            const char *function = sim_pc_function(e->stack.pc[k]);
            if (strcmp(function, "?") != 0)
                return function;
        }
    }
    return NULL;
}
