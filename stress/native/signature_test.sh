#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A bug that the engine finds has the same signature here: signature_test.sh {RUNNER CASE}...
# The runner has the bug of the case; that the engine finds it with the signature of the case is
# what the case's own test says. The runner meets it in every twentieth execution or more often, and
# must do so within many times that.
set -eu
while [ $# -gt 0 ]; do
    runner=$1 case=$2
    shift 2
    program=$TEST_TMPDIR/program.wl
    signature=$(sed -n 's/^signature //p' "$case")
    sed -e '1,/^program$/d' -e '/^choices$/,$d' "$case" >"$program"
    status=0
    "$runner" --until "$signature" --executions 4000 "$program" >"$TEST_TMPDIR/out" || status=$?
    tail -n 1 "$TEST_TMPDIR/out"
    # JSON escapes nothing of what stands in these.
    if [ $status != 1 ] || ! tail -n 1 "$TEST_TMPDIR/out" | grep -qF "\"signature\":\"$signature\""; then
        echo "not met (status $status): $signature"
        exit 1
    fi
done
