// SPDX-License-Identifier: Apache-2.0
//
// Which runtime is in the runner.
#pragma once

extern const char runner_sizes[]; // "tiny" or "prod"
