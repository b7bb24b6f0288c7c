#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The command from outside: exit statuses, one-line errors, JSON, and that nothing half-written is left.
# Arguments: the program, a patched program, the patch, and a workload of the folder.
set -u
gauntlet=$(realpath "$1") patched=$(realpath "$2") patch=$(realpath "$3") files=$(realpath "$4")
files=$(dirname "$files")
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
failed=0
# Lists of options; none of the paths holds white space.
calm="--workload $files/spawn_yield_park.wl --executions 300 --seed 3"
bug="--workload $files/gosched_global.wl --executions 3000 --seed 1 --patch $patch"

fail() {
    echo "FAILED: $1"
    failed=1
}
# check NAME STATUS PATTERN COMMAND...: exit status, and a pattern in its output (both streams)
check() {
    name=$1 want=$2 pattern=$3
    shift 3
    "$@" >"$scratch/out" 2>"$scratch/err"
    got=$?
    if [ "$got" != "$want" ] || ! cat "$scratch/out" "$scratch/err" | grep -q -e "$pattern"; then
        echo "FAILED: $name: status $got, not $want, or no '$pattern' in:"
        cat "$scratch/out" "$scratch/err"
        failed=1
    fi
}
one_line() {
    if [ "$(wc -l <"$scratch/err")" != 1 ]; then
        echo "FAILED: $name: not one line:"
        cat "$scratch/err"
        failed=1
    fi
}
json() {
    keys='import json, sys; o = json.load(open(sys.argv[1])); [o[k] for k in sys.argv[2:]]'
    python3 -c "$keys" "$scratch/out" "$@" || fail "$name: not the JSON that was promised ($*)"
}

# Usage
check "no command" 2 "Usage: gauntlet" "$gauntlet"
check "help" 0 "hunt races" "$gauntlet" --help
check "unknown command" 2 "unknown command 'fly'" "$gauntlet" fly
one_line
for command in hunt replay explain minimize cases bank bench; do
    check "$command --help" 0 "Usage: gauntlet $command" "$gauntlet" "$command" --help
    check "$command --fly" 2 "fly" "$gauntlet" "$command" --fly
done
check "duration" 2 "not a duration" "$gauntlet" hunt --for soon
check "number" 2 "not a number" "$gauntlet" hunt --seed x
check "strategy" 2 "'fly' is not known" "$gauntlet" hunt --strategy fly $calm --out "$scratch/c"
check "oracle" 2 "'fly' is not known" "$gauntlet" hunt --oracle fly $calm --out "$scratch/c"
check "memory" 2 "not known" "$gauntlet" hunt --memory weak

# Bad workloads and cases: file, line and column; nothing written
printf 'workload w\ngoroutine main\n  fly\n' >"$scratch/bad.wl"
check "bad workload" 2 "bad.wl:3:3: unknown operation" \
    "$gauntlet" hunt --workload "$scratch/bad.wl" --out "$scratch/none"
one_line
[ ! -e "$scratch/none" ] || fail "a bad workload made the output folder"
printf 'gauntlet case 9\n' >"$scratch/newer"
check "newer case" 2 "newer:1:15: case format 9 is newer" "$gauntlet" replay "$scratch/newer"
one_line
check "no case" 2 "no such case" "$gauntlet" explain no-such-case
one_line
check "no patch" 2 "none.patch" \
    "$gauntlet" hunt --patch "$scratch/none.patch" $calm --out "$scratch/c"

# The folder for cases
: >"$scratch/file"
check "no folder" 2 "cannot be saved" "$gauntlet" hunt $calm --out "$scratch/file/cases"
one_line

# Clean: nothing found
check "clean hunt" 0 "0 found" "$gauntlet" hunt $calm --out "$scratch/clean"
check "clean hunt, jobs" 0 "0 found in 300 executions" \
    "$gauntlet" hunt $calm --jobs 2 --out "$scratch/clean"
check "clean hunt, json" 0 "executions" "$gauntlet" hunt --json $calm --out "$scratch/clean"
json seed commit executions points seconds findings
[ -z "$(ls -A "$scratch/clean")" ] || fail "a clean hunt left files"

# A bug put back (this program has the patch in; the mark says so)
export GAUNTLET_PATCHED=1
check "hunt" 1 "FOUND  race" "$patched" hunt $bug --out "$scratch/found"
case=$(ls -d "$scratch"/found/*/ | head -n 1)
case=${case%/}
[ -f "$case/case" ] && [ -f "$case/bug.patch" ] || fail "no case in $case"
check "hunt again" 1 "(known)" "$patched" hunt $bug --out "$scratch/found"
check "hunt, jobs" 1 "FOUND  race" "$patched" hunt $bug --jobs 2 --out "$scratch/jobs"
check "hunt, json" 1 "signature" "$patched" hunt --json --stop-at-first $bug --out "$scratch/json"
json seed commit executions points seconds findings
check "replay" 0 "100 of 100 times, exact" "$patched" replay --times 100 "$case"
check "replay, json" 0 "exact" "$patched" replay --json "$case"
json times reproduced signature grade
check "explain" 0 "choice 1 of" "$patched" explain "$case"
[ "$(wc -l <"$scratch/out")" -le 60 ] || fail "explain prints more than 60 lines"
check "explain --full" 0 "choice 1 of" "$patched" explain --full "$case"
check "minimize" 0 "now" "$patched" minimize "$case"
check "replay after minimize" 0 "exact" "$patched" replay "$case"
check "cases" 0 "fixed" "$patched" cases --out "$scratch/found"
check "cases, json" 0 "fixed" "$patched" cases --json --out "$scratch/found"
json cases
unset GAUNTLET_PATCHED

# Both directions of the regression test, and each of its failures
check "regress" 0 "not reproduced" "$gauntlet" regress "$case" --patched "$patched"
check "regress: detection lost" 1 "does not reproduce any more" \
    "$gauntlet" regress "$case" --patched "$gauntlet"
check "regress: not fixed" 1 "the clean tree reproduces it" \
    "$patched" regress "$case" --patched "$patched"
cp -r "$case" "$scratch/open"
sed -i 's/^status fixed/status open/' "$scratch/open/case"
check "regress: open" 0 "" "$patched" regress "$scratch/open"
check "regress: open, but gone" 1 "is open, but does not reproduce" \
    "$gauntlet" regress "$scratch/open"
check "replay --clean" 0 "not reproduced" "$gauntlet" replay --clean "$case"

# A stranger's patch
check "untrusted patch" 2 "trust-patch" "$gauntlet" replay "$case"
one_line

# Stopped: what was found is there, nothing is half-written
GAUNTLET_PATCHED=1 "$patched" hunt --for 60s --seed 1 --patch "$patch" --out "$scratch/stopped" \
    --workload "$files/gosched_global.wl" >"$scratch/out" 2>&1 &
pid=$!
tries=0
until grep -q "repeat" "$scratch/out" || [ $tries -gt 300 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
kill -INT $pid || kill -TERM $pid
wait $pid
status=$?
if [ $status != 1 ] || ! grep -q "(stopped)" "$scratch/out"; then
    cat "$scratch/out"
    fail "stopped hunt: status $status"
fi
for file in "$scratch"/stopped/*/case; do
    GAUNTLET_PATCHED=1 check "case of a stopped hunt" 0 exact "$patched" replay "$file"
done

exit $failed
