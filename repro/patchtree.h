// SPDX-License-Identifier: Apache-2.0
//
// Files and folders of a scratch copy.
#pragma once

#include <stddef.h>
#include <stdio.h>

// Copies the bytes of a file, making the folders that `to` lies in. Returns 0, or -1 with errno set
// and no file `to`.
int tree_copy_file(const char *from, const char *to);
int tree_write(const char *path, const char *bytes, size_t n);
// Opens a regular file to read it. NULL with errno set; EINVAL: something else has that name. Never
// waits, as it would for a pipe that nobody writes to.
FILE *tree_open(const char *path);
// Why tree_open failed, by errno.
const char *tree_error(int number);
// The whole file as text, "" when it cannot be read. The caller frees it.
char *tree_read(const char *path);
// Makes `folder` and what it lies in.
int tree_make(const char *folder);
// Removes a folder with all in it, following no links.
void tree_remove(const char *folder);
