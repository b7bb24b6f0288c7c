// SPDX-License-Identifier: Apache-2.0
//
// What only tests of the linux host use.
#pragma once

// From now on stacks are closed by page protection, as on kernels without guard regions (before
// 6.13). Before the first reservation.
void linux_stacks_by_protection(void);
