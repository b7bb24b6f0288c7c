// SPDX-License-Identifier: Apache-2.0
//
// Which sizes the runtime in this program has: "tiny" or "prod". Chosen by linking sizes_tiny.c or
// sizes_prod.c.
#pragma once

extern const char command_sizes[];
