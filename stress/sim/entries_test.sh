#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# entries_test.sh PROGRAM: whatever the program under test can call of the engine has an entry
# (entries.S): a hook behind it, which runs on a stack of its own.
set -eu
functions=$(llvm-nm-19 --defined-only "$1" | awk '$2 == "T" { print $3 }')
called=$(echo "$functions" | grep -E '^(__tsan|host|probe)_')
hooks=$(echo "$functions" | sed -n 's/^hook_//p')
[ "$(echo "$called" | wc -l)" -gt 100 ] || { echo "$1: not a program with the engine" >&2 && exit 1; }
status=0
for name in $called; do
    [ "$name" != __tsan_init ] || continue # a constructor calls it
    echo "$hooks" | grep -qx "${name#__tsan_}" || {
        echo "$name: the program enters the engine on its own stack; give it an entry in entries.h" >&2
        status=1
    }
done
exit $status
