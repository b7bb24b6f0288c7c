// SPDX-License-Identifier: Apache-2.0
//
// Small faults that one flavour each must see, and all others must survive.
#pragma once

// Two threads add to one plain counter; returns the sum of what they meant to add.
int subject_race(void);
// Reads one byte behind a heap block when `index` is 16.
int subject_read_heap(int index);
// Takes one of two branches.
int subject_branch(int x);
