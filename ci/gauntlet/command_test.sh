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
# truth EXPRESSION: of the object o on standard output
truth() {
    python3 -c 'import json, sys; o = json.load(open(sys.argv[1])); assert eval(sys.argv[2])' \
        "$scratch/out" "$1" || fail "$name: not so: $1"
}
# interrupt COMMAND...: runs it until it has begun, then sends SIGINT; leaves $status
interrupt() {
    "$@" >"$scratch/out" 2>"$scratch/err" &
    pid=$!
    sleep 2
    kill -INT $pid
    wait $pid
    status=$?
}

# Usage
check "no command" 2 "Usage: gauntlet" "$gauntlet"
check "help" 0 "hunt races" "$gauntlet" --help
check "unknown command" 2 "unknown command 'fly'" "$gauntlet" fly
one_line
for command in hunt check replay explain minimize refresh fixed cases bank bench soak doctor \
    completion man; do
    check "$command --help" 0 "Usage: gauntlet $command" "$gauntlet" "$command" --help
    check "$command --fly" 2 "fly" "$gauntlet" "$command" --fly
done
check "soak" 2 "what? http, payments" "$gauntlet" soak
check "soak of nothing" 2 "'gc' is not a soak: http, payments" "$gauntlet" soak gc
check "soak of http, too fast" 2 "--rate is for payments" "$gauntlet" soak http --rate 5
check "soak by what" 2 "'fly' is not known; there are: native tsan" "$gauntlet" soak payments --engine fly
check "soak of payments" 0 "freshness" \
    "$gauntlet" soak payments --requests 3000 --rate 0 --clients 5 --untimed
check "duration" 2 "not a duration" "$gauntlet" hunt --for soon
check "number" 2 "not a number" "$gauntlet" hunt --seed x
for strategy in fly "pct 2" pct4294967298 pct0 pct17 pct2x pct-1 pct+2 delay0 pos1 autos; do
    check "strategy" 2 "'$strategy' is not known; there are: auto random" \
        "$gauntlet" hunt --strategy "$strategy" $calm --out "$scratch/c"
    one_line
done
for jobs in 0 65 x -1; do
    check "--jobs=$jobs" 2 "gauntlet: --jobs: 1 to 64 expected" "$gauntlet" hunt --jobs=$jobs
    one_line
done
check "oracle" 2 "'fly' is not known" "$gauntlet" hunt --oracle fly $calm --out "$scratch/c"
check "memory" 2 "'weak' is not known; there are: sc tso" "$gauntlet" hunt --memory weak
check "memory, in turn" 0 "; memory sc, tso$" "$gauntlet" hunt --memory sc,tso --executions 200 \
    --seed 1 --workload "$files/spawn_yield_park.wl" --out "$scratch/memory"

# All schedules within a bound
check "check without a workload" 2 "a workload expected" "$gauntlet" check
check "check, bound" 2 "not a number" "$gauntlet" check --bound x wake_up
check "check, memory" 2 "'weak' is not known; there are: sc tso" "$gauntlet" check --memory weak x
check "check, no workload" 2 "none.wl" "$gauntlet" check "$scratch/none.wl" --out "$scratch/none"
one_line
check "check" 0 "^spawn_yield_park: all .* at most 0 preemptions explored ([0-9]* run), none fails$" \
    "$gauntlet" check "$files/spawn_yield_park.wl" --bound 0 --out "$scratch/checked"
check "check, place" 2 "--at: no shared operation lies in 'runtime/gcc'" \
    "$gauntlet" check "$files/spawn_yield_park.wl" --at runtime/gc,runtime/gcc --out "$scratch/checked"
check "check in a place" 0 "all schedules with preemptions in park_commit explored" \
    "$gauntlet" check "$files/spawn_yield_park.wl" --at park_commit --out "$scratch/checked"
check "check, time" 0 "explored.*; of those with .* none fails (stopped)$" \
    "$gauntlet" check "$files/spawn_yield_park.wl" --bound 9 --for 2s --out "$scratch/checked"
check "check, json" 0 statement "$gauntlet" check "$files/spawn_yield_park.wl" --bound 0 --json \
    --out "$scratch/checked"
json workload commit memory bounds complete all statement executions points seconds stopped findings
truth 'o["complete"] == 0 and o["bounds"][0]["done"] and not o["all"] and o["findings"] == []'
interrupt "$gauntlet" check "$files/spawn_yield_park.wl" --bound 9 --out "$scratch/checked"
[ $status = 0 ] && grep -q "none fails (stopped)$" "$scratch/out" ||
    fail "an interrupted check does not say how far it came: $status"
[ -z "$(ls -A "$scratch/checked")" ] || fail "a clean check left files"

# Bad workloads and cases: file, line and column; nothing written
printf 'workload w\ngoroutine main\n  fly\n' >"$scratch/bad.wl"
check "bad workload" 2 "bad.wl:3:3: unknown operation" \
    "$gauntlet" hunt --workload "$scratch/bad.wl" --out "$scratch/none"
one_line
[ ! -e "$scratch/none" ] || fail "a bad workload made the output folder"
printf 'gauntlet case 9\n' >"$scratch/newer"
check "newer case" 2 "newer:1:15: case format 9 is newer" "$gauntlet" replay "$scratch/newer"
one_line
cat >"$scratch/two-oracles" <<'END'
gauntlet case 1
status open
oracle race
signature conserve: x
END
check "two oracles" 2 "two-oracles:4:11: contradiction" "$gauntlet" replay "$scratch/two-oracles"
one_line
check "no case" 2 "no such case" "$gauntlet" explain no-such-case
one_line
check "no patch" 2 "none.patch" \
    "$gauntlet" hunt --patch "$scratch/none.patch" $calm --out "$scratch/c"
check "no kit" 2 "/gauntlet.kit: cannot be read: No such file or directory; either a build" \
    env GAUNTLET_KITS="$scratch" "$gauntlet" hunt --patch "$patch" $calm --out "$scratch/c"
one_line

# The folder for cases
: >"$scratch/file"
check "no folder" 2 "cannot be saved" "$gauntlet" hunt $calm --out "$scratch/file/cases"
one_line

cd "$scratch" || exit 1
for command in "hunt $calm" cases; do
    check "no name for the folder: $command" 2 "gauntlet: --out: the name of a folder expected" \
        "$gauntlet" $command --out ""
    one_line
done
check "no patch, no folder" 2 "none.patch:1:1: cannot be read: No such file" \
    "$gauntlet" hunt --patch "$scratch/none.patch" $calm --out "$scratch/none"
one_line
check "unknown strategy, no folder" 2 "is not known" \
    "$gauntlet" hunt --strategy pct0 $calm --out "$scratch/none"
[ ! -e "$scratch/none" ] || fail "a hunt that was refused made the output folder"

# The machine: what is not allowed to this process is told, with what mends it.
few='ulimit -v 40000000; exec "$0" doctor "$@"'
check "doctor, few addresses" 2 "^broken  limit of addresses" sh -c "$few" "$gauntlet"
grep -q "mend: ulimit -v unlimited$" "$scratch/out" || fail "doctor: how to mend it is not said"
grep -q "^broken  engine's addresses .*cannot map" "$scratch/out" || fail "doctor: the engine starts"
check "doctor, json" 2 '"mend"' sh -c "$few" "$gauntlet" --json
json checks ok worse broken
truth 'o["broken"] == sum(c["verdict"] == "broken" for c in o["checks"]) >= 2'
truth 'all(c["mend"] for c in o["checks"] if c["verdict"] != "ok")'
check "completion of what" 2 "SHELL expected" "$gauntlet" completion
check "completion, other shell" 2 "'fish' is not known; there is: bash" "$gauntlet" completion fish

# What is no regular file is refused, and not waited for.
mkfifo "$scratch/pipe"
mkdir "$scratch/piped"
mkfifo "$scratch/piped/case"
check "pipe as workload" 2 "/pipe: not a regular file" \
    timeout 20 "$gauntlet" hunt --workload "$scratch/pipe" --out "$scratch/c"
one_line
check "pipe as case" 2 "/pipe: not a regular file" timeout 20 "$gauntlet" replay "$scratch/pipe"
one_line
check "pipe in a folder" 2 "/case: not a regular file" timeout 20 "$gauntlet" cases --out "$scratch"
check "pipe as patch" 2 "/pipe:1:1: cannot be read: not a regular file" \
    timeout 20 "$gauntlet" hunt --patch "$scratch/pipe" $calm --out "$scratch/c"
one_line
rm -r "$scratch/pipe" "$scratch/piped"

check "no cases" 2 "/none: No such file" "$gauntlet" cases --out "$scratch/none"
one_line

# Clean: nothing found
check "clean hunt" 0 "0 found" "$gauntlet" hunt $calm --out "$scratch/clean"
check "clean hunt, jobs" 0 "0 found in 300 executions" \
    "$gauntlet" hunt $calm --jobs 2 --out "$scratch/clean"
check "clean hunt, json" 0 "executions" "$gauntlet" hunt --json $calm --out "$scratch/clean"
json seed commit executions points seconds stopped findings
truth 'o["stopped"] is False'
check "-j is --json" 0 '"findings"' "$gauntlet" hunt -j $calm --out "$scratch/clean"
# Without --workload every file of the folder is there, or left out aloud.
check "all workloads" 0 " workloads (" env GAUNTLET_ROOT="$(realpath "$files/../../..")" \
    "$gauntlet" hunt --seed 1 --executions 1 --out "$scratch/clean"
told=$(sed -n 's/.*; \([0-9]*\) workloads (\([0-9]*\) of other.*/\1 + \2/p' "$scratch/out")
[ "$(($told))" = "$(ls "$files" | grep -c '[.]wl$')" ] || fail "workloads are left out: $told"
# What is met is the same in one process and in two: the plan is one.
covered="--coverage --workload $files/world_stop.wl,$files/suspend_others.wl --executions 640 --seed 5"
check "coverage, json" 0 '"coverage"' "$gauntlet" hunt --json $covered --out "$scratch/clean"
truth 'set(o["coverage"]) == set("met holes impossible impossible_met workloads cells".split())'
truth 'o["coverage"]["met"] > 40 and o["coverage"]["impossible_met"] == 0'
truth 'len(o["coverage"]["cells"]) == o["coverage"]["met"] + o["coverage"]["holes"]'
truth 'any(c["world"] == "stopped" and c["count"] > 0 for c in o["coverage"]["cells"])'
truth 'any(c["sysmon"] == "frozen" and c["count"] > 0 for c in o["coverage"]["cells"])'
cells='import json, sys; print(json.load(open(sys.argv[1]))["coverage"]["cells"])'
python3 -c "$cells" "$scratch/out" >"$scratch/one"
check "coverage, jobs" 0 '"coverage"' "$gauntlet" hunt --json $covered --jobs 2 --out "$scratch/clean"
python3 -c "$cells" "$scratch/out" | cmp -s - "$scratch/one" || fail "two jobs meet something else than one"
check "coverage" 0 "waiting -> running *gcstop" "$gauntlet" hunt $covered --out "$scratch/clean"
grep -q "^ *[0-9]* *[0-9]*  world_stop$" "$scratch/out" || fail "coverage: no line for a workload"
check "strategies are named" 0 "; 1 workload, strategies random, pct2, pos, pct3, burst, surw, delay2$" \
    "$gauntlet" hunt $calm --out "$scratch/clean"
check "strange faults" 2 "'some' is not known; there are: off mild all" \
    "$gauntlet" hunt --faults some $calm --out "$scratch/c"
one_line
check "all faults, and none is a finding" 0 "0 found" "$gauntlet" hunt --faults all $calm \
    --out "$scratch/clean"
check "one strategy" 0 "; 1 workload, strategy pct5$" \
    "$gauntlet" hunt $calm --strategy pct5 --out "$scratch/clean"
check "auto in a list" 0 "strategies pct5, random, pct2, pos, pct3, burst, surw, delay2$" \
    "$gauntlet" hunt $calm --strategy pct5,auto --out "$scratch/clean"
check "more jobs than executions" 0 "0 found in 1 execution, " \
    "$gauntlet" hunt $calm --executions 1 --jobs 3 --out "$scratch/clean"
[ -z "$(ls -A "$scratch/clean")" ] || fail "a clean hunt left files"

# A bug put back (this program has the patch in; the mark says so, with its path)
export GAUNTLET_PATCHED="$patched"
check "hunt" 1 "FOUND  race" "$patched" hunt $bug --out "$scratch/found"
case=$(ls -d "$scratch"/found/*/ | head -n 1)
case=${case%/}
[ -f "$case/case" ] && [ -f "$case/bug.patch" ] || fail "no case in $case"
check "hunt again" 1 "(known)" "$patched" hunt $bug --out "$scratch/found"
check "hunt, jobs" 1 "FOUND  race" "$patched" hunt $bug --jobs 2 --out "$scratch/jobs"
check "hunt, json" 1 "signature" "$patched" hunt --json --stop-at-first $bug --out "$scratch/json"
json seed commit executions points seconds findings
truth 'set(o["findings"][0]) >= set("id oracle signature case executions_to_find seconds_to_find \
choices operations confirmed".split())'
truth 'o["findings"][0]["confirmed"] is None and o["findings"][0]["replayed"] is True'
truth 'o["findings"][0]["memory"] == "sc"'
mkdir -p "$scratch/tree/stress/workload" "$scratch/tree/repro/bank/relaxed-tail"
cp -rL "$files" "$scratch/tree/stress/workload/files"
cp "$patch" "$scratch/tree/repro/bank/relaxed-tail/bug.patch"
inside="--workload gosched_global --executions 3000 --seed 1 --stop-at-first"
check "hunt in the tree" 1 "FOUND" env GAUNTLET_ROOT="$scratch/tree" "$patched" hunt $inside --jobs 1 \
    --strategy random,pct2 --oracle race,conserve --out "$scratch/typed" \
    --patch "$scratch/tree/repro/bank/relaxed-tail/bug.patch"
grep -q "^found hunt --seed 1 --patch repro/bank/relaxed-tail/bug.patch --executions 3000 \
--workload gosched_global --strategy random,pct2 --oracle race,conserve --jobs 1 \
--stop-at-first: workload gosched_global, strategy" "$scratch"/typed/*/case ||
    fail "found is not what was typed: $(grep ^found "$scratch"/typed/*/case)"
grep -q "^found hunt --seed 1 --patch relaxed-tail.patch .*--workload gosched_global.wl" "$case/case" ||
    fail "found tells of this machine: $(grep ^found "$case/case")"
check "replay" 0 "reproduced: 100 of 100 times, exact$" "$patched" replay --times 100 "$case"
check "replay, json" 0 "exact" "$patched" replay --json "$case"
json times reproduced signature grade
check "explain" 0 "choice 1 of" "$patched" explain "$case"
grep -q "The hinge: it does not come about if choice" "$scratch/out" || fail "explain shows no hinge"
grep -q "status [a-z]* → [a-z]*]" "$scratch/out" || fail "explain shows no values of a status by name"
[ "$(wc -l <"$scratch/out")" -le 60 ] || fail "explain prints more than 60 lines"
cp "$scratch/out" "$scratch/short"
check "explain --full" 0 "choice 1 of" "$patched" explain --full "$case"
# The end of every thread is in both: its last event but plain accesses, by point and lane.
cat >"$scratch/ends.py" <<'END'
import re, sys
def ends(path):
    lanes, last = {}, {}
    for line in open(path):
        if line.startswith(" point "):
            lanes = {m.start(): m.group() for m in re.finditer(r"m[0-9.]+", line.split("who")[0])}
        mark = re.search("●", line)
        if mark and not re.search(r"\[(read|write)", line):
            last[lanes[mark.start()]] = line.split()[0]
    return last
short, full = ends(sys.argv[1]), ends(sys.argv[2])
assert len(full) > 1 and short == full, (short, full)
END
python3 "$scratch/ends.py" "$scratch/short" "$scratch/out" || fail "explain leaves out the end of a thread"
# A case in a program that has changed: here it is the case that names other functions.
cp -r "$case" "$scratch/drifted"
sed '/^choices/,$s/ at [a-z_]*/&_before/' "$case/case" >"$scratch/drifted/case"
cmp -s "$case/case" "$scratch/drifted/case" && fail "nothing was changed in $case"
check "drifted" 0 "times, \(drifted\|searched\)$" "$patched" replay "$scratch/drifted"
grep -q "gauntlet refresh" "$scratch/out" || fail "a drifted case: what to do is not said"
check "explain, drifted" 0 "The hinge" "$patched" explain "$scratch/drifted"
before=$(cat "$scratch/drifted/case")
check "refresh, dry" 0 "; not written" "$patched" refresh --dry-run "$scratch/drifted"
[ "$before" = "$(cat "$scratch/drifted/case")" ] || fail "a dry run wrote"
check "refresh" 0 "; written" "$patched" refresh "$scratch/drifted"
grep -q "^  - .*_before" "$scratch/out" && grep -q "^  + " "$scratch/out" ||
    fail "refresh: changes are not shown"
check "replay after refresh" 0 "exact$" "$patched" replay "$scratch/drifted"
before=$(cat "$scratch/drifted/case")
check "refresh again" 0 "exact; there is nothing to refresh" "$patched" refresh "$scratch/drifted"
[ "$before" = "$(cat "$scratch/drifted/case")" ] || fail "refresh of an exact case wrote"
check "refresh, json" 0 "exact" "$patched" refresh --json "$scratch/drifted"
json case grade signature schedules written detail choices_before choices
sed 's/^signature race: read/signature race: write/' "$case/case" >"$scratch/drifted/case"
before=$(cat "$scratch/drifted/case")
check "refresh, not found" 1 "in [0-9]* schedules of its neighbourhood; nothing is written" \
    "$patched" refresh --search 200 "$scratch/drifted"
[ "$before" = "$(cat "$scratch/drifted/case")" ] || fail "refresh of a case that is not found wrote"
check "another bug" 1 "not reproduced in [0-9]* schedules of its neighbourhood" \
    "$patched" replay --search 200 "$scratch/drifted"
grep -q "something else came: race: " "$scratch/out" || fail "what came instead is not said"
sed '/^choices/,$s/run m0.*/run m0.77/' "$case/case" >"$scratch/drifted/case"
"$patched" replay --search 0 "$scratch/drifted" >"$scratch/out"
grep -q "there is no thread 'm0.77' to run" "$scratch/out" || fail "an unknown thread is not named"
check "minimize" 0 "now" "$patched" minimize "$case"
check "replay after minimize" 0 "exact" "$patched" replay "$case"
export XDG_CACHE_HOME="$scratch/cache"
check "cases" 0 "last replay: none here" "$patched" cases --out "$scratch/found"
check "cases, replayed" 0 "last replay: exact, 20" "$patched" cases --replay --out "$scratch/found"
check "cases" 0 "last replay: exact, 20" "$patched" cases --out "$scratch/found"
unset XDG_CACHE_HOME
check "cases, json" 0 "fixed" "$patched" cases --json --out "$scratch/found"
json cases
strange=$(printf '%s/not\377utf-8' "$scratch")
mkdir "$strange"
cp -r "$case" "$strange/a"
check "json of a name that is not UTF-8" 0 'not\\ufffdutf-8/a/case' "$patched" cases --json --out "$strange"
json cases
strange="$scratch/$(printf 'w\377.wl')"
cp "$files/gosched_global.wl" "$strange"
check "hunt in a file whose name is not UTF-8" 1 "FOUND" "$patched" hunt --workload "$strange" \
    --executions 3000 --seed 1 --stop-at-first --patch "$patch" --out "$scratch/strange"
check "its case" 0 "exact" "$patched" replay "$scratch"/strange/*
interrupt "$patched" replay --json --times 1000000 "$case"
name="replay, interrupted"
[ $status = 1 ] || fail "$name: status $status"
truth 'o["stopped"] is True and 0 < o["reproduced"] == o["times"] < 1000000'
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
check "replay --clean" 0 "not reproduced in [0-9]* schedules of its neighbourhood, as it should be$" \
    "$gauntlet" replay --clean "$case"
check "replay --patch" 1 "not reproduced in [0-9]* schedules of its neighbourhood$" \
    env GAUNTLET_PATCHED="$gauntlet" "$gauntlet" replay --patch "$patch" "$case"
! grep -q "ought" "$scratch/out" || fail "$name: claims what a patch ought to do"
check "replay --patch, json" 1 '"as_expected":	null' \
    env GAUNTLET_PATCHED="$gauntlet" "$gauntlet" replay --json --patch "$patch" "$case"
check "replay that does not match" 1 "is open and ought to reproduce here" \
    "$gauntlet" replay "$scratch/open"

# The bank, in a tree of one bug
export GAUNTLET_ROOT="$scratch/tree"
check "bank, unknown" 2 "has no 'nosuch', 'none'; there are: relaxed-tail$" \
    "$gauntlet" bank nosuch relaxed-tail none
one_line
export GAUNTLET_PATCHED="$patched"
check "bank, json" 0 "relaxed-tail" "$patched" bank --json --seeds 1 --no-confirm
json bugs stopped
truth 'set(o["bugs"][0]) >= set("slug found strategy memory engine executions seconds choices \
operations confirmed baseline_tsan_found".split())'
truth 'o["bugs"][0]["found"] is True and o["bugs"][0]["confirmed"] is None'
truth 'o["bugs"][0]["memory"] == "sc"'
printf -- '- Mechanism: x.\n- Memory: tso.\n' > "$scratch/tree/repro/bank/relaxed-tail/about.md"
export GAUNTLET_PATCHED="$gauntlet"
check "bank, not found" 1 '"memory":	"tso"' "$gauntlet" bank --json --seeds 1 --for 300ms
truth 'o["bugs"][0]["found"] is False'
truth 'o["bugs"][0]["choices"] is None and o["bugs"][0]["executions"] > 0'
printf -- '- Memory: weak.\n' > "$scratch/tree/repro/bank/relaxed-tail/about.md"
check "bank, memory" 2 "'weak' is not known" "$gauntlet" bank --json --seeds 1 --for 300ms
rm "$scratch/tree/repro/bank/relaxed-tail/about.md"
interrupt "$gauntlet" bank --for 60s --json
name="bank, interrupted"
[ $status = 1 ] || fail "bank, interrupted: status $status"
truth 'o["stopped"] is True and o["bugs"] == []'
unset GAUNTLET_PATCHED GAUNTLET_ROOT
interrupt "$gauntlet" hunt --for 60s --json --seed 1 --workload "$files/spawn_yield_park.wl" \
    --out "$scratch/clean"
name="hunt, interrupted"
[ $status = 0 ] || fail "hunt, interrupted: status $status"
truth 'o["stopped"] is True'

# A stranger's patch
check "untrusted patch" 2 "trust-patch" "$gauntlet" replay "$case"
one_line
# A case of the tree, by a link beside a stranger's patch; and a patch of the tree that is a link out of it.
saved="$scratch/tree/repro/cases/saved"
mkdir -p "$saved" "$scratch/evil" "$scratch/tree/repro/cases/linked"
cp "$case/case" "$case/bug.patch" "$saved"
ln -s "$saved/case" "$scratch/evil/case"
cp "$patch" "$scratch/evil/bug.patch"
cp "$case/case" "$scratch/tree/repro/cases/linked"
ln -s "$case/bug.patch" "$scratch/tree/repro/cases/linked/bug.patch"
export GAUNTLET_ROOT="$scratch/tree" GAUNTLET_KITS="$scratch"
for command in replay explain minimize refresh; do
    for name in "$scratch/evil" "$scratch/evil/case" linked; do
        check "$command $name" 2 "bug.patch: the patch of a case from outside repro/ .*trust-patch" \
            "$gauntlet" $command "$name"
        one_line
    done
    # Allowed, both ways: it goes on to where the patch would be built.
    check "$command, trusted" 2 "gauntlet.kit: cannot be read" \
        "$gauntlet" $command --trust-patch "$scratch/evil"
    check "$command, of the tree" 2 "gauntlet.kit: cannot be read" "$gauntlet" $command saved
done
# A mark that speaks of another program is not believed: the patch is not taken to be in.
for mark in 1 "$patched" ""; do
    check "stray mark '$mark'" 2 "gauntlet.kit: cannot be read" \
        env GAUNTLET_PATCHED="$mark" "$gauntlet" replay --patch "$patch" "$case"
done
unset GAUNTLET_ROOT GAUNTLET_KITS

# Stopped: what was found is there, nothing is half-written
GAUNTLET_PATCHED="$patched" "$patched" hunt --for 60s --seed 1 --patch "$patch" --out "$scratch/stopped" \
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
    GAUNTLET_PATCHED="$patched" check "case of a stopped hunt" 0 exact "$patched" replay "$file"
done

exit $failed
