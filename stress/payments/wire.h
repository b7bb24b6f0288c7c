// SPDX-License-Identifier: Apache-2.0
//
// What goes over a connection: requests one way, answers the other, both of fixed size.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REQUEST_MAGIC = 0x9a7, ANSWER_MAGIC = 0xa45 };
enum { REQUEST_NEW_DEVICE = 1, REQUEST_NEW_ADDRESS = 2 };

struct request {
    uint32_t magic, user, merchant, amount, lender, friend, flags;
};

struct answer {
    uint64_t number; // of the payment
    uint32_t met;    // nodes of the neighbourhood
    uint32_t magic;
};

// All of it, and its size. 0: the peer has gone; negative: as rt_read.
int64_t wire_read(int64_t handle, void *to, size_t bytes);
// A connection to who listens at the port of the loopback, or negative.
int64_t wire_dial(int port);
