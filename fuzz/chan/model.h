// SPDX-License-Identifier: Apache-2.0
//
// Channels as a sequential program: queues of values, and lines of who waits, each served in the
// order of coming. Commands are given to workers one after the other, so what each must do is
// known, but for the case that a select chooses; that is asked for, and must be one that it could
// have chosen.
//
// What is wrong ends the execution (calm_fail).
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CHANS = 4, NIL = CHANS, WORKERS = 4, CASES = 4, SLOTS_MAX = 3 };

enum command_kind { SEND, RECV, CLOSE, SELECT };
struct command {
    enum command_kind kind;
    bool waits; // otherwise it comes back at once
    uint8_t n;  // cases; 1 unless it selects
    struct {
        uint8_t chan; // or NIL
        bool sends;
        uint64_t value; // of a send
    } at[CASES];
};

enum how { DONE, NOT, CLOSED, PANICKED }; // NOT: it could not be done at once
struct result {
    enum how how;
    uint8_t chosen; // case
    uint64_t value; // received
};

void model_channel(uint8_t chan, uint32_t slots);
// Elements in it.
uint32_t model_length(uint8_t chan);
// Whether the command, given now, comes to an end now.
bool model_ends(const struct command *c);
// It does not: the worker waits.
void model_waits(uint8_t worker, const struct command *c);
bool model_is_waiting(uint8_t worker);
// It has ended so. Returns how many others end because of that; then model_woken is asked for each
// of model_woken_worker(0) ... with its result.
uint32_t model_ended(uint8_t worker, const struct command *c, const struct result *r);
uint8_t model_woken_worker(uint32_t i);
void model_woken(uint32_t i, const struct result *r);
