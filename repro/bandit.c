// SPDX-License-Identifier: Apache-2.0
//
// See bandit.h.
#include "repro/bandit.h"

#include <math.h>
#include <stdlib.h>

// After PER_ARM pulls an arm's old counts are worth a third.
enum { PER_ARM = 8 };

bool bandit_begin(struct bandit *b, uint32_t n)
{
    *b = (struct bandit){.n = n, .arm = calloc(n, sizeof b->arm[0])};
    return b->arm != NULL;
}

void bandit_end(struct bandit *b)
{
    free(b->arm);
    b->arm = NULL;
}

// One more event and one more deviation than was seen, at the cost of one more pull: an arm that
// nobody pulls any more comes back to the highest value in the end.
static double may_be(const struct bandit *b, const struct bandit_arm *a)
{
    double events = a->reward + 1;

    if (!a->pulled)
        return INFINITY;
    return (events + sqrt(events)) / (a->cost + (b->typical > 0 ? b->typical : 1));
}

uint32_t bandit_best(const struct bandit *b)
{
    uint32_t best = b->n - 1;

    for (uint32_t i = b->n - 1; i-- > 0;)
        if (may_be(b, &b->arm[i]) > may_be(b, &b->arm[best]))
            best = i;
    return best;
}

void bandit_pay(struct bandit *b, uint32_t arm, double reward, double cost)
{
    double keep = 1 - 1.0 / (PER_ARM * b->n);

    for (uint32_t i = 0; i < b->n; i++) {
        b->arm[i].reward *= keep;
        b->arm[i].cost *= keep;
    }
    b->arm[arm].reward += reward;
    b->arm[arm].cost += cost;
    b->arm[arm].pulled = true;
    b->typical = b->typical > 0 ? b->typical * 0.98 + cost * 0.02 : cost;
}
