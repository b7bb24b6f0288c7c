// SPDX-License-Identifier: Apache-2.0
//
// See census.h.
#include "runtime/mem/census.h"

#include <string.h>

void census_take_stw(struct census *table, void (*each)(const struct mspan *s, void *arg),
                     void *arg)
{
    memset(table, 0, sizeof(*table));
    for (size_t i = 0; i < heap.nallspans; i++) {
        const struct mspan *s = heap.allspans[i];
        if (load_relaxed(&s->state) != SPAN_IN_USE)
            continue;
        struct census_cell *cell = &table->cell[s->class][age_class(s->age)];
        cell->spans++;
        cell->pages += s->npages;
        cell->slots += s->nelems;
        cell->objects += s->alloc_count;
        if (each != NULL)
            each(s, arg);
    }
}
