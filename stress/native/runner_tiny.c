// SPDX-License-Identifier: Apache-2.0
#include "stress/native/runner_sizes.h"

const char runner_sizes[] = "tiny";
