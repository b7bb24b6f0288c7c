// SPDX-License-Identifier: Apache-2.0
//
// Addresses as text: see runtime/rt_net.h.
#pragma once

#include <stdbool.h>

#include "runtime/host/host.h"

// False when `text` is none.
bool address_parse(const char *text, struct host_address *address);
