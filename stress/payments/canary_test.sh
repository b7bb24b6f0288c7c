#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What must be noticed: canary_test.sh WORDS PROGRAM [OPTION]... The program has to fail, and to say so
# with these words.
set -eu
words=$1
shift
output=$(mktemp)
trap 'rm -f "$output"' EXIT
if "$@" --seed 1 >"$output" 2>&1; then
    cat "$output"
    echo "nothing was noticed; expected: $words" >&2
    exit 1
fi
grep -Eq "$words" "$output" || {
    cat "$output"
    echo "something else was noticed; expected: $words" >&2
    exit 1
}
