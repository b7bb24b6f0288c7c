// SPDX-License-Identifier: Apache-2.0
//
// Lines of source files, as sites are named by them.
#pragma once

#include <stddef.h>

struct source_cache;

struct source_cache *source_cache_new(const char *root);
// Line `line` (from 1) of `file` (relative to the root, or absolute) with white space folded and a
// comment at its end dropped; "" when there is none. Valid for the life of the cache.
const char *source_line(struct source_cache *c, const char *file, unsigned line);
// The same for one line of text, in place.
void source_fold(char *text);
void source_cache_free(struct source_cache *c);
