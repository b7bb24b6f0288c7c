#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A fuzz target with a known bug put back finds it: its launcher ends with a crash that is a finding.
set -eu
log=$TEST_TMPDIR/log
export AFL_BENCH_UNTIL_CRASH=1
status=0
"$@" >"$log" 2>&1 || status=$?
crash=$(find "$TEST_TMPDIR/fuzzing/artifacts" -type f | head -n 1)
if [ "$status" = 0 ] || [ -z "$crash" ]; then
    tail -n 20 "$log"
    echo "FAILED: status $status, crash file '$crash'"
    exit 1
fi
