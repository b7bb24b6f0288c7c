#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs every workload on real threads: run_test.sh RUNNER TIMES FILE... A program whose expectation
# does not hold must fail, or nothing was tested.
set -eu
runner=$1 times=$2
shift 2
export TSAN_OPTIONS="${TSAN_OPTIONS:-} history_size=7 halt_on_error=1"
for file; do
    "$runner" "$file" "$times" || {
        echo "again: $runner $file $times" >&2
        exit 1
    }
done
wrong=$(mktemp)
trap 'rm -f "$wrong"' EXIT
printf 'workload wrong\ngoroutine main\ngo a 3\nwait\nexpect x 4\ngoroutine a\nadd x 1\n' >"$wrong"
if "$runner" "$wrong" 2>/dev/null; then
    echo "a wrong expectation passed" >&2
    exit 1
fi
