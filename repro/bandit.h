// SPDX-License-Identifier: Apache-2.0
//
// Which of several arms to pull next, when what has been paying off says something about what will.
// An arm's rate is its reward per cost; the next is the arm whose rate may be the highest: the
// upper end of what its counts leave open, if rewards come like events at a constant rate. What
// lies back counts less and less, since what is new dries up (discounted upper confidence bounds:
// Garivier and Moulines, ALT 2011). Arithmetic that is the same on every machine; no randomness.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bandit_arm {
    double reward, cost; // discounted
    bool pulled;
};

struct bandit {
    struct bandit_arm *arm; // [n], owned
    uint32_t n;
    double typical; // cost of a pull, discounted mean; 0: none yet
};

// False when there is no memory.
bool bandit_begin(struct bandit *b, uint32_t n);
void bandit_end(struct bandit *b);
// An arm, < n: the last one that nobody has pulled, while there are such.
uint32_t bandit_best(const struct bandit *b);
// What pulling an arm has come to, whoever chose it. Both at least 0.
void bandit_pay(struct bandit *b, uint32_t arm, double reward, double cost);
