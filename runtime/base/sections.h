// SPDX-License-Identifier: Apache-2.0
//
// Included first (by -include) into every runtime and workload source, so that all their globals
// lie between section symbols: the engine puts exactly these bytes back before each execution.
#pragma once
#pragma clang section bss = "rt_bss" data = "rt_data"
