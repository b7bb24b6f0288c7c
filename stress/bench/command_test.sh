#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `gauntlet bench` with slices of a millisecond: every row comes and has a value, peers are matched by name,
# and what is missed or cannot be measured is told by the exit status. Says nothing about speed. Arguments:
# the program, the same with a bug put back, and that bug's patch.
set -u
gauntlet=$(realpath "$1") patched=$(realpath "$2") patch=$(realpath "$3")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

fail() {
    echo "FAILED: $*"
    cat "$scratch/out" "$scratch/err"
    failed=1
}

# A Go that is always there, and always the same.
mkdir "$scratch/bin"
cat >"$scratch/bin/go" <<'GO'
#!/bin/sh
[ "$1" = run ] && [ -f "$2" ] && [ -f "$6" ] && [ -f "$7" ] || exit 9
[ "$9" = 0.001000 ] && [ "${10}" = 3 ] || exit 9
echo "peer go0.1"
[ "$8" = native ] || exit 0
echo "native.yield ns 30 10 20"
GO
chmod +x "$scratch/bin/go"

bench() {
    PATH="$scratch/bin:$PATH" "$gauntlet" bench --slice 1ms --slices 3 "$@" >"$scratch/out" 2>"$scratch/err"
}

bench --json engine native
[ $? -le 1 ] || fail "engine and native"
python3 - "$scratch/out" <<'PY' || fail "rows of engine and native"
import json, sys
rows = {r["name"]: r for r in json.load(open(sys.argv[1]))["results"]}
engine = ["store_buffer.executions"] + [
    "spawn_yield_park." + n for n in ("executions", "points", "point", "restart", "tso")] + [
    "gc_graph_200.executions"]
native = ["native." + n for n in (
    "gogo_mcall_pair", "yield", "spawn_and_finish", "spawn_yield_finish", "park_ready_round_trip",
    "syscall_round_trip", "stop_the_world_1000", "stop_the_world_1000_bare", "parked_100000_first",
    "parked_100000")]
assert list(rows) == engine + native, list(rows)
for name, row in rows.items():
    samples = 1 if name.endswith("_first") else 3
    assert row["value"] > 0 and row["least"] <= row["value"] <= row["most"], row
    assert row["samples"] == samples, row
    assert row["unit"] and set(row) >= {"goal", "peer", "peer_value", "ratio", "missed"}, row
assert rows["spawn_yield_park.points"]["goal"] == {"least": 500, "most": 1500}
assert rows["spawn_yield_park.executions"]["goal"] == {"least": 10000, "most": None}
assert 500 <= rows["spawn_yield_park.points"]["value"] <= 1500
y = rows["native.yield"]
assert y["peer"] == "go0.1" and y["peer_value"] == 20 and abs(y["ratio"] - y["value"] / 20) < 1e-6, y
assert rows["native.gogo_mcall_pair"]["peer"] is None
PY

bench --json switch
[ $? -le 1 ] || fail "switch"
python3 - "$scratch/out" <<'PY' || fail "rows of switch"
import json, sys
rows = json.load(open(sys.argv[1]))["results"]
assert [r["name"] for r in rows] == ["switch." + n for n in (
    "g_to_g0_and_back", "g_to_g", "g0_to_g", "syscall_entry_and_exit", "syscall_round_trip",
    "bare_call")], rows
assert all(r["value"] > 0 and r["samples"] == 3 and r["unit"] == "ns" for r in rows)
assert {r["name"]: r["reference"] for r in rows if r["reference"]} == {
    "switch.g_to_g": 32, "switch.g0_to_g": 94, "switch.syscall_entry_and_exit": 187}, rows
PY

bench --json heap
[ $? -le 1 ] || fail "heap"
python3 - "$scratch/out" <<'PY' || fail "rows of heap"
import json, sys
rows = [r["name"] for r in json.load(open(sys.argv[1]))["results"]]
assert rows == ["heap." + n for n in (
    "small_16", "binary_trees_16", "tiny_boundaries", "large_1MiB", "large_1MiB_pointers",
    "copy_64Ki_pointers", "small_16_parallel")], rows
PY

bench --json sync
[ $? -le 1 ] || fail "sync"
python3 - "$scratch/out" <<'PY' || fail "rows of sync"
import json, sys
rows = json.load(open(sys.argv[1]))["results"]
assert [r["name"] for r in rows] == ["sync." + n for n in (
    "unbuffered_round_trip", "unbuffered_round_trip_2p", "buffered_stream", "buffered_stream_2p",
    "select_8", "mutex", "mutex_contended_2p", "deferred_call", "panic_and_recover")], rows
assert all(r["value"] > 0 and r["samples"] == 3 and r["unit"] == "ns" for r in rows)
PY

bench --json net
[ $? -le 1 ] || fail "net"
python3 - "$scratch/out" <<'PY' || fail "rows of net"
import json, sys
rows = [r["name"] for r in json.load(open(sys.argv[1]))["results"]]
assert rows == ["net." + n for n in (
    "timer_start_stop_100000", "timer_move_100000", "timer_fire_100000", "pair_round_trip")], rows
PY

# A load generator that answers at once, and a Go that builds a responder of its own.
cat >"$scratch/bin/wrk" <<'WRK'
#!/bin/sh
[ "$1" = -v ] && exit 1
[ "$1 $3 $5 $6 $7" = "-t -c -d 1 -s" ] && [ -f "$8" ] || exit 9
echo "$4 $9" >>"$LOADS"
case $9 in
http://127.0.0.1:1/) echo "figures 20 1000000 3000 0" ;;
*) echo "figures 10 1000000 1500 $FAILED" ;;
esac
WRK
cat >"$scratch/bin/go" <<'GO'
#!/bin/sh
[ "$1 $2" = "build -o" ] && [ -f "$4" ] || exit 9
printf '#!/bin/sh\necho "listening on 127.0.0.1:1 (go0.1)"\nexec sleep 60\n' >"$3"
chmod +x "$3"
GO
chmod +x "$scratch/bin/wrk" "$scratch/bin/go"
export LOADS="$scratch/loads" FAILED=0
ulimit -S -n 200
bench --json http
[ $? -le 1 ] || fail "http"
python3 - "$scratch/out" "$LOADS" "$(ulimit -H -n)" <<'PY' || fail "rows of http"
import json, sys
counts = [1000] + [10000] * (int(sys.argv[3]) > 10064)
rows = json.load(open(sys.argv[1]))["results"]
assert [r["name"] for r in rows] == [
    "http.%s_%d" % (n, c) for c in counts for n in ("requests", "p99", "processor")], rows
for row in rows:
    assert row["peer"] == "go0.1" or row["name"].startswith("http.processor"), row
    assert not row["name"].startswith("http.requests") or (row["value"], row["ratio"]) == (10, 0.5)
    assert not row["name"].startswith("http.p99") or (row["value"], row["ratio"]) == (1.5, 0.5)
loads = [l.split() for l in open(sys.argv[2])]
assert [int(c) for c, _ in loads] == [c for c in counts for _ in range(6)], loads
assert all((url.endswith(":1/")) == (i % 2 == 1) for i, (_, url) in enumerate(loads)), loads
PY
FAILED=7 bench http
grep -q "7 of 17 requests failed (ours, 1000 connections)" "$scratch/err" || fail "requests that fail"
printf '#!/bin/sh\nexit 127\n' >"$scratch/bin/wrk"
bench http
[ $? = 0 ] && grep -q "wrk is missing" "$scratch/err" || fail "without wrk"
printf '#!/bin/sh\necho something else\n' >"$scratch/bin/wrk"
bench http
[ $? = 2 ] && grep -q "wrk does not do what it should" "$scratch/err" || fail "another wrk"
sed -i 's/exit 9/exit 127/; s/"build -o"/""/' "$scratch/bin/go"
bench http
grep -q "go is missing" "$scratch/err" || fail "http without Go"

cat >"$scratch/bin/go" <<'GO'
#!/bin/sh
[ "$8" = native ] && printf 'peer go0.1\nnative.yield ns 30 10 20\n'
GO
bench native
grep -q ' ns .* at most 80 .* native.yield  (go0.1: 20, ratio' "$scratch/out" || fail "the table of native"
rm "$scratch/bin/go"
printf '#!/bin/sh\nexit 127\n' >"$scratch/bin/go"
chmod +x "$scratch/bin/go"
bench native
[ $? -le 1 ] && [ ! -s "$scratch/err" ] && ! grep -q ratio "$scratch/out" || fail "without Go"

# A case of its own for the replays.
GAUNTLET_PATCHED="$patched" "$patched" hunt --workload stress/workload/files/gosched_global.wl \
    --executions 3000 --seed 1 --stop-at-first --out "$scratch/cases" --patch "$patch" \
    >"$scratch/out" 2>"$scratch/err"
[ $? = 1 ] || fail "no case found"
replays() {
    program=$1
    shift
    GAUNTLET_PATCHED="$program" "$program" bench replay --cases "$scratch/cases" --replays 4 "$@" \
        >"$scratch/out" 2>"$scratch/err"
}
replays "$patched" --json
python3 - "$scratch/out" <<'PY' || fail "rows of replay"
import json, sys
rows = json.load(open(sys.argv[1]))["results"]
assert len(rows) == 2 * len({r["name"].split(".")[1] for r in rows}) >= 2, rows
exact = [r for r in rows if r["name"].endswith(".exact")]
assert all(r["value"] == 4 and r["unit"] == "of 4" and not r["missed"] for r in exact)
assert all(r["value"] > 0 and r["samples"] == 4 and r["unit"] == "ms" for r in rows if r not in exact)
PY
replays "$gauntlet"
[ $? = 1 ] || fail "replays that miss: not noticed"
grep -q " 0 of 4 .* at least 4 .*MISSED .*\.exact" "$scratch/out" || fail "replays that miss: not told"

check_usage() {
    "$gauntlet" bench "$@" >"$scratch/out" 2>"$scratch/err"
    [ $? = 2 ] || fail "bench $*: not refused"
}
check_usage nothing
check_usage --slice soon
check_usage --slices 0

exit $failed
