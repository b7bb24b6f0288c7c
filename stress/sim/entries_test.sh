#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# entries_test.sh PROGRAM: whatever the program under test can call of the engine has an entry
# (entries.S): a hook behind it, which runs on a stack of its own. The quick paths before some of
# them (quick.c) write to the program's stack only what an entry does.
set -eu
functions=$(llvm-nm-19 --defined-only "$1" | awk '$2 == "T" { print $3 }')
called=$(echo "$functions" | grep -E '^(__tsan|host|probe)_')
hooks=$(echo "$functions" | sed -n 's/^hook_//p')
[ "$(echo "$called" | wc -l)" -gt 100 ] || { echo "$1: not a program with the engine" >&2 && exit 1; }
status=0
quick=$(echo "$functions" | sed -n 's/^sim_entry_//p')
[ "$(echo "$quick" | wc -l)" -ge 9 ] || { echo "$1: the quick paths are gone" >&2 && exit 1; }
for name in $(echo "$quick" | sed 's/^/__tsan_/') __tsan_func_exit; do
    # as a destination the operand comes last
    llvm-objdump-19 -d --no-show-raw-insn --disassemble-symbols="$name" "$1" |
        grep -vE 'movq[[:space:]]+%rbp, -0x8\(%rsp\)$' |
        grep -E 'push|pop|call|leave|\(%rsp[^ ]*\)$|%[re]sp$' && {
        echo "$name: its quick path uses the program's stack" >&2
        status=1
    }
done
for name in $called; do
    case $name in
    __tsan_init | __tsan_func_exit) continue ;; # a constructor calls it; quick as a whole
    esac
    echo "$hooks" | grep -qx "${name#__tsan_}" || {
        echo "$name: the program enters the engine on its own stack; give it an entry in entries.h" >&2
        status=1
    }
done
exit $status
