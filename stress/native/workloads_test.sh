#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every workload some times; none may find anything: workloads_test.sh RUNNER FILE... A race here is
# one of the runtime, or in the lane of programs an order that it does not tell.
set -eu
runner=$1
shift
bad=0
for file; do
    status=0
    timeout 120 "$runner" --executions 3 "$file" >"$TEST_TMPDIR/out" || status=$?
    [ $status != 0 ] || continue
    echo "status $status; again: $runner --executions 100 $file"
    cut -c 1-3000 "$TEST_TMPDIR/out"
    bad=1
done
exit $bad
