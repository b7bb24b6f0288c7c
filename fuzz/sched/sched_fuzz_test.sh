#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The fuzzer runs, sees coverage of the runtime, finds nothing in a good program, and finds what a
# program with a false expectation shows.
set -eu
fuzzer=$PWD/$1
work=${TEST_TMPDIR:-$(mktemp -d)}
output=$work/output

"$fuzzer" -seed=1 -runs=1500 -artifact_prefix="$work/" >"$output" 2>&1 || {
    cat "$output"
    echo "FAILED: the clean runtime was reported"
    exit 1
}
cov=$(sed -n 's/.*DONE *cov: \([0-9]*\).*/\1/p' "$output")
[ "${cov:-0}" -gt 200 ] || {
    tail -n 5 "$output"
    echo "FAILED: coverage of the runtime is '${cov:-}'"
    exit 1
}

cat >"$work/wrong.wl" <<'EOF'
workload wrong
procs 2
goroutine main
    go worker
    yield
    expect done 1
    wait
goroutine worker
    yield
    add done
EOF
if GAUNTLET_WORKLOAD=$work/wrong.wl "$fuzzer" -seed=1 -runs=1500 -artifact_prefix="$work/" >"$output" 2>&1 ||
    ! grep -q '^FOUND  crash: ' "$output"; then
    tail -n 5 "$output"
    echo "FAILED: a false expectation was not found"
    exit 1
fi
