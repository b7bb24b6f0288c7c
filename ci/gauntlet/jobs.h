// SPDX-License-Identifier: Apache-2.0
//
// How a job of a hunt speaks to its parent: see jobs.c.
#pragma once

#include "repro/hunt.h"

// All of it; ends the process when nobody listens any more.
void job_send(const char *text, size_t n);
void job_send_find(struct hunt_find *f, void *arg); // arg: unused
void job_send_stats(const struct hunt_stats *s, bool end);
