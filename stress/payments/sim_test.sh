#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The payment graph under the engine: sim_test.sh GAUNTLET PATCHED WORKLOAD. Nothing is found in the
# runtime as it is, and at once in one whose write barrier does not shade; with fewer steps, since what is
# found is minimized.
set -eu
gauntlet=$1 patched=$2 workload=$3
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

"$gauntlet" hunt --workload "$workload" --seed 1 --executions 250 --out "$out"
cat >"$out/small.wl" <<'END'
workload small
procs 2
sizes tiny
goroutine main
    go payer
    call payments_index
    gc
goroutine payer
    call payments_pay
    call payments_index
END
if "$patched" hunt --workload "$out/small.wl" --seed 2 --executions 1000 --stop-at-first --out "$out" \
    >"$out/log" 2>&1; then
    cat "$out/log"
    echo "a write barrier that does not shade went unnoticed" >&2
    exit 1
fi
grep -Eq "barrier: |gc-lost: |poison: |crash: payments" "$out/log" || {
    cat "$out/log"
    echo "something else was noticed" >&2
    exit 1
}
