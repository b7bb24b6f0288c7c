#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The audit: silent about the tree, in every way of running; two runtimes that depend on what no
# schedule says are reported, each in the ways that can show it, with the operation.
# Arguments: the program, one that depends on an address, one on what ran before, a workload.
set -u
gauntlet=$(realpath "$1") address=$(realpath "$2") survives=$(realpath "$3") files=$(realpath "$4")
files=$(dirname "$files")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
GAUNTLET_ROOT=$(dirname "$(dirname "$(dirname "$files")")")
export GAUNTLET_ROOT

fail() {
    echo "FAILED: $1:"
    cat "$scratch/out" "$scratch/err"
    failed=1
}
# run STATUS COMMAND...
run() {
    want=$1
    shift
    "$@" >"$scratch/out" 2>"$scratch/err"
    got=$?
    [ $got = "$want" ] || fail "status $got, not $want: $*"
}
# truth EXPRESSION: of the object o on standard output
truth() {
    python3 -c 'import json, sys; o = json.load(open(sys.argv[1])); assert eval(sys.argv[2])' \
        "$scratch/out" "$1" || fail "not so: $1"
}

# Every way, all workloads by turns.
for way in again trace replay case process padded O0; do
    run 0 "$gauntlet" audit --seed 7 --executions 640 --way $way --json
    truth "o['differences'] == [] and not o['stopped'] and o['seconds'] > 0"
    truth "o['executions'] in (640, 641) and o['pairs']['$way'] > 250"
done
# Where the kernel does not allow it, that is said.
run 0 "$gauntlet" audit --seed 7 --executions 128 --way fixed,process --json
truth "(o['pairs']['fixed'] is None) == ('fixed (' in open('$scratch/err').read())"
# One workload, mixed ways; the text.
run 0 "$gauntlet" audit --seed 3 --executions 100 --workload "$files/gosched_global.wl"
grep -q '^0 differ of 50 pairs (.*) in 100 executions' "$scratch/out" || fail "the last line"

# Some slices of the plan, whole.
run 0 "$gauntlet" audit --seed 3 --slice 5-7 --way again,trace,replay --json
truth "o['executions'] == 3 * 64"

# A decision that depends on an address.
steal="--seed 1 --executions 640 --workload $files/spawn_yield_park.wl"
for way in process fixed padded; do
    run 1 "$address" audit $steal --way $way,case --json
    found="[d for d in o['differences'] if d['way'] == '$way']"
    truth "len($found) == 1 and all(d['in'] != 'the globals at the end' for d in $found)"
    truth "all(d['planned']['operation'] != d['other']['operation'] for d in $found)"
    truth "all('schedule' in d['planned']['stack'] and 'schedule' in d['other']['stack'] for d in $found)"
done
# shellcheck disable=SC2086
run 0 "$address" audit $steal --way again,trace,replay
# What ran before in the process.
steal="--seed 2 ${steal#--seed 1 }" # where it decides who steals from whom, and not only a number
run 1 "$survives" audit $steal --way again
grep -q '^DIFFERS  again: once more in the same process' "$scratch/out" || fail "the way"
grep -q '^  as planned point [0-9].*: .*\[.*\]' "$scratch/out" || fail "the operation"
grep -q '^  the other  point [0-9].*: .*\[.*\]' "$scratch/out" || fail "the operation"
repeat=$(sed -n 's/^  repeat     .\/gauntlet //p' "$scratch/out")
# shellcheck disable=SC2086  # the options that were told
run 1 "$survives" $repeat

# Wrong usage: one line.
for wrong in --fly "--way fly" "--executions 1" "--executions x" "--slice -1" "--slice 2-1" \
    "--slice 1-2-3" "--workload nothing" "--workload a,,b" stray; do
    # shellcheck disable=SC2086
    run 2 "$gauntlet" audit $wrong
    [ -s "$scratch/out" ] && fail "$wrong: something on standard output"
done
run 0 "$gauntlet" audit --help
grep -q -e '--executions' "$scratch/out" || fail "--help"
# A program of the audit that does not do its part is a broken set-up.
mkdir "$scratch/bin"
cp "$gauntlet" "$scratch/bin/gauntlet"
printf '#!/bin/sh\nexit 3\n' >"$scratch/bin/gauntlet_O0"
chmod +x "$scratch/bin/gauntlet_O0"
run 2 "$scratch/bin/gauntlet" audit --seed 1 --executions 64 --way O0
grep -q 'O0, ended with status 3' "$scratch/err" || fail "a broken process"

# Ctrl-C: what it has so far.
"$gauntlet" audit --seed 1 --executions 1000000000 --json >"$scratch/out" 2>"$scratch/err" &
pid=$!
tries=0
until grep -q '^seed 1' "$scratch/err" || [ $tries -gt 300 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
sleep 1
kill -INT $pid
wait $pid
[ $? = 0 ] || fail "stopped"
truth "o['stopped'] and o['differences'] == [] and o['executions'] >= 0"

exit $failed
