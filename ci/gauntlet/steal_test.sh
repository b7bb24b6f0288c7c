#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# `gauntlet steal`: keys, sums, the same simulation twice, a picture that is well formed, wrong use.
# Says nothing about how good the figures are. Arguments: the programs of tiny and of prod sizes.
set -u
gauntlet=$(realpath "$1") prod=$(realpath "$2")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export GAUNTLET_ROOT="$scratch"
mkdir -p "$scratch/stress/workload/files" "$scratch/repro"
cd "$scratch" || exit 1
failed=0

fail() {
    echo "FAILED: $*"
    tail -c 2000 out err
    failed=1
}

steal() {
    "$gauntlet" steal "$@" >out 2>err
}

steal --for 50ms --virtual 5ms --procs 1,4 --svg picture.svg --json || fail "status $?"
[ ! -s err ] || fail "says something on standard error"
python3 - <<'PY' || fail "the JSON object"
import json
runs = json.load(open("out"))["runs"]
assert [r["host"] for r in runs] == ["native", "sim", "sim"], runs
assert [r["procs"] for r in runs][1:] == [1, 4]
for r in runs:
    for key in ("seconds", "worst_above_pct", "worst_below_pct", "cv", "steal_attempts",
                "steal_success_pct", "goroutines_per_p", "requests"):
        assert r[key] >= 0, (key, r)
    assert r["stopped"] is False and r["requests"] > 0 and r["goroutines_per_p"] > 0, r
    assert r["steal_successes"] <= r["steal_attempts"] and r["steal_successes"] <= r["stolen"], r
    wait = r["wake_latency_ns"]
    assert 0 < wait["p50"] <= wait["p95"] <= wait["p99"], wait
    lines = r["line_transfers_per_goroutine"]
    assert (lines is None) == (r["host"] == "native"), r
alone, four = runs[1:]
assert abs(alone["seconds"] - 0.005) < 0.0005, alone
# nobody to steal from, nobody to deviate from
assert alone["steal_attempts"] == 0 and alone["worst_above_pct"] == alone["cv"] == 0, alone
assert four["steal_successes"] > 0 and four["worst_above_pct"] > 0, four
# one p has but one other thread, sysmon, to share lines with
assert four["line_transfers_per_goroutine"] > 5 * alone["line_transfers_per_goroutine"] > 0, runs
PY
python3 - <<'PY' || fail "the picture"
import xml.etree.ElementTree as tree
svg = "{http://www.w3.org/2000/svg}"
root = tree.parse("picture.svg").getroot()
assert root.tag == svg + "svg"
texts = [t.text for t in root.iter(svg + "text")]
assert sum("p's," in t for t in texts) == 3, texts
assert len(list(root.iter(svg + "rect"))) > 50
PY
[ ! -e picture.svg.new ] || fail "half a picture is left"

steal --host sim --virtual 5ms --procs 3 --json && mv out first
steal --host sim --virtual 5ms --procs 3 --json && cmp -s first out || fail "it differs"
steal --host sim --virtual 5ms --procs 3 --json --seed 2 && ! cmp -s first out || fail "--seed"

steal --host sim --virtual 1ms --procs 2 || fail "the table"
grep -q '^reference .* 1250 .*+38 %.*-62 %.*41.7 %' out || fail "no reference"
grep -q '^sim  *2 ' out || fail "no row"

# wrong DESCRIPTION WORDS...: one line that holds the words, status 2, nothing written
wrong() {
    words=$1
    shift
    steal --svg wrong.svg "$@"
    [ $? = 2 ] || fail "$*: status"
    [ "$(wc -l <err)" = 1 ] && grep -q -- "$words" err || fail "$*: not one line with '$words'"
    [ ! -e wrong.svg ] && [ ! -s out ] || fail "$*: something is written"
}
wrong "--procs" --procs 0
wrong "--procs" --procs 257
wrong "--procs" --procs four
wrong "--host" --host moon
wrong "--virtual" --virtual 0s
wrong "--for" --for -1s
wrong "--rate" --rate 0
wrong "--busy" --busy 100
wrong "--patch" --patch none.patch
steal --host sim --procs 1 --virtual 1ms --svg nowhere/picture.svg
[ $? = 2 ] && [ "$(wc -l <err)" = 1 ] || fail "a picture that cannot be written"

# stopped: what there is, and a word
"$prod" steal --host sim --procs 64 --virtual 60s --json >out 2>err &
pid=$!
until [ -n "$(cat "/proc/$pid/task/$pid/children")" ]; do :; done
kill -INT $pid
wait $pid || fail "stopped: status $?"
python3 -c 'import json; runs = json.load(open("out"))["runs"]; assert all(r["stopped"] for r in runs)' ||
    fail "stopped: no object"
exit $failed
