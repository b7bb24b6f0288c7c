#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The bank, in a tree of two bugs: rows and their order, medians, what is kept and not done again, what
# real threads say (a runner of this test speaks for them), and what is told when it is interrupted.
# Arguments: the program, one with the bug in it, the patch, and a workload.
set -eu
gauntlet=$(realpath "$1") patched=$(realpath "$2") patch=$(realpath "$3")
tree=$TEST_TMPDIR/tree
mkdir -p "$tree/stress/workload/files" "$tree/repro/bank/a-bug" "$tree/repro/bank/b-bug"
cp "$4" "$tree/stress/workload/files/"
for slug in a-bug b-bug; do
    cp "$patch" "$tree/repro/bank/$slug/bug.patch"
done
printf -- '- Known as: %s.\n' other-name third >"$tree/repro/bank/a-bug/about.md"
printf -- '- Origin: here | there,\n  two lines.\n- Mechanism: x.\n' >>"$tree/repro/bank/a-bug/about.md"
export GAUNTLET_ROOT="$tree"
cd "$tree"

fail() {
    cat out err
    echo "FAILED: $*"
    exit 1
}
# bank WANTED STATUS PROGRAM OPTION...
bank() {
    wanted=$1 program=$2
    shift 2
    status=0
    GAUNTLET_PATCHED="$program" timeout 250 "$program" bank "$@" >out 2>err || status=$?
    [ "$status" = "$wanted" ] || fail "bank $*: status $status, not $wanted"
}
# truth EXPRESSION: of the object o on standard output
truth() {
    python3 -c 'import json, sys; o = json.load(open("out")); assert eval(sys.argv[1])' "$1" ||
        fail "not so: $1"
}
says() {
    cat out err | grep -q -e "$1" || fail "'$1' is not said"
}
one_line() {
    [ "$(wc -l <err)" = 1 ] && [ ! -s out ] || fail "not one line"
}

# Usage
bank 2 "$gauntlet" --seeds 0
says '^gauntlet: --seeds: 1 to 100 expected$'
bank 2 "$gauntlet" --jobs 65
says '65'
bank 2 "$gauntlet" --json --markdown
says 'contradict'

# Every seed, in order, whatever the number of processes; the same seeds find the same.
bank 0 "$patched" --json --no-confirm --seeds 2 --jobs 1
truth '[b["slug"] for b in o["bugs"]] == ["a-bug", "b-bug"]'
truth 'all([r["seed"] for r in b["runs"]] == [1, 2] for b in o["bugs"])'
truth 'all(b["seeds_found"] == b["seeds"] == 2 and b["found"] for b in o["bugs"])'
truth 'all(b["confirmed"] is None and b["baseline_tsan_found"] is None for b in o["bugs"])'
truth 'o["bugs"][0]["known_as"] == "other-name, third" and o["bugs"][1]["known_as"] is None'
truth 'o["bugs"][0]["origin"] == "here | there, two lines"'
truth 'o["found_with_every_seed"] == 2 and o["stopped"] is False'
cp out alone
signature=$(python3 -c 'import json; print(json.load(open("out"))["bugs"][0]["signature"])')
bank 0 "$patched" --json --no-confirm --seeds 2 --jobs 3 --resume kept
python3 -c '
import json
a, b = ([[(r["executions"], r["signature"], r["choices"]) for r in bug["runs"]]
         for bug in json.load(open(f))["bugs"]] for f in ("alone", "out"))
assert a == b, (a, b)' || fail "three processes find something else than one"

# What is done is not done again: this program could not find it.
cp out first
bank 0 "$gauntlet" --json --no-confirm --seeds 2 --resume kept
python3 -c '
import json
a, b = (json.load(open(f))["bugs"] for f in ("first", "out"))
assert a == b' ||
    fail "what was kept is told otherwise"
# Unless the seed, the budget or the commit is another one.
bank 1 "$gauntlet" --json --no-confirm --seeds 1 --for 200ms --resume kept a-bug
truth 'o["bugs"][0]["found"] is False'
bank 1 "$gauntlet" --json --no-confirm --seeds 1 --for 200ms --seed 3 a-bug
truth 'o["bugs"][0]["found"] is False and o["bugs"][0]["choices"] is None'
sed 's/"unknown"/"abc"/' kept >other
grep -q '"abc"' other || fail "no commit in the state"
bank 1 "$gauntlet" --json --no-confirm --seeds 1 --for 200ms --resume other a-bug
truth 'o["bugs"][0]["found"] is False'
# Bad states are refused, and left alone.
echo '{"format": "gauntlet bank 9", "rows": []}' >bad
cp bad before
bank 2 "$gauntlet" --resume bad
says '^gauntlet: bad: is no state of `gauntlet bank`'
one_line
cmp -s bad before || fail "a bad state was changed"
bank 2 "$gauntlet" --resume nowhere/state
one_line
[ -z "$(find . -name '*.new-*')" ] || fail "something half-written is left"

# Medians: who missed it counts with all that it spent; choices are of those that found it.
cat >row.py <<'PY'
import json, sys
rows = []
for seed, seconds, choices, strategy in [(1, 3, 2, "pct2"), (2, 1, 6, "random"), (3, 20, 0, ""),
                                         (4, 2, 3, "random"), (5, 20, 0, "")]:
    rows.append({"work": "hunt", "commit": "unknown", "slug": "a-bug", "seed": str(seed),
                 "budget": 20, "models": "sc", "found": strategy != "",
                 "executions": 100 * seconds, "seconds": seconds, "choices": choices,
                 "operations": 2 * choices, "strategy": strategy, "memory": "sc",
                 "signature": "race: " + strategy if strategy else ""})
json.dump({"format": "gauntlet bank 1", "rows": rows}, open("state", "w"))
PY
python3 row.py
bank 0 "$gauntlet" --json --for 20s --resume state a-bug
truth '[o["bugs"][0][k] for k in ("seconds", "executions", "choices", "operations")] == [3, 300, 3, 6]'
truth 'o["bugs"][0]["strategy"] == "random" and o["bugs"][0]["signature"] == "race: random"'
truth 'o["bugs"][0]["seeds_found"] == 3 and o["bugs"][0]["confirmed"] is None'
bank 0 "$gauntlet" --for 20s --resume state a-bug
says '^ 3 of 5   a-bug  *3.00 s  *300 executions    3 choices   6 operations  random, sc$'
says '^0 of 1 known bug found with every seed (0.0 %; wanted 95 %: not reached), 1 with one at least'
says '; median 3.00 s (wanted under 5 s: reached)$'
bank 0 "$gauntlet" --for 20s --seeds 2 --resume state a-bug
says '^1 of 1 known bug found with every seed (100.0 %; wanted 95 %: reached)'
bank 0 "$gauntlet" --for 20s --markdown --resume state --no-confirm a-bug
says '^    ./gauntlet bank --markdown --for 20s --seed 1 --seeds 5 --jobs [0-9]* --no-confirm a-bug$'
says '^| `a-bug` | 3 of 5 | 3.00 | 300 | random | sc | 3 | 6 | other-name, third; here \\| there, two'
says ' there, two lines |$'
says ', commit unknown, [0-9]* processor'

# Real threads, of which this speaks. GAUNTLET_ORDER: a case is tried; else it is ThreadSanitizer alone.
cat >runner <<END2
#!/bin/sh
echo called >>"$tree/calls"
if [ -n "\${GAUNTLET_ORDER-}" ]; then
    cat "$tree/shown"
else
    [ "\${GAUNTLET_PERTURB-}" = off ] || exit 3
    printf '%s%s\n' '{"event": "finding", "oracle": "hang", "signature": "hang: x", ' \
        '"message": "", "report": "", "execution": 1}'
    echo '{"event": "end", "executions": 1, "signatures": [{"signature": "hang: x", "executions": 1}]}'
fi
END2
chmod +x runner
python3 -c '
import json, sys
print(json.dumps({"event": "end", "signatures": [{"signature": sys.argv[1]}]}))' "$signature" >shown
export GAUNTLET_RUNNER="$tree/runner"
bank 0 "$patched" --json --seeds 1 --baseline --resume threads a-bug
truth 'o["bugs"][0]["confirmed"] is True'
truth 'o["bugs"][0]["baseline_tsan_found"] is True and o["bugs"][0]["baseline_tsan_signature"] == "hang: x"'
rm runner
bank 0 "$gauntlet" --seeds 1 --baseline --resume threads a-bug
says 'ThreadSanitizer alone: [0-9.]* s (hang: x)$'
says '; 1 of 1 shown on real threads; 1 of 1 by ThreadSanitizer alone$'
# Cases are tried until one is shown, three at most.
printf '#!/bin/sh\necho called >>"%s/calls"\n' "$tree" >runner
chmod +x runner
rm -f calls
bank 0 "$patched" --json --seeds 4 --no-confirm --resume four a-bug
bank 0 "$patched" --json --seeds 4 --resume four a-bug
truth 'o["bugs"][0]["confirmed"] is False and o["bugs"][0]["verdict"] == "not reached"'
[ "$(wc -l <calls)" = 9 ] || fail "$(wc -l <calls) tries, not three of each of three cases"
# Without a runner nothing is said of it, and ThreadSanitizer alone is one line.
unset GAUNTLET_RUNNER
bank 0 "$patched" --json --seeds 1 --baseline a-bug
truth 'o["bugs"][0]["confirmed"] is None and o["bugs"][0]["baseline_tsan_found"] is None'
truth 'o["bugs"][0]["verdict"] == "not tried"'
says '^gauntlet: a-bug: ThreadSanitizer alone could not be run: .*is not built'

# A bug whose hunt cannot be run: the other is told, and the status says so.
printf -- '- Memory: weak.\n' >repro/bank/b-bug/about.md
bank 2 "$patched" --json --no-confirm --seeds 2 --resume kept
truth '[b["slug"] for b in o["bugs"]] == ["a-bug"]'
says "^gauntlet: b-bug: the hunt could not be run: .*'weak' is not known"
one=$(grep -c '^gauntlet: b-bug' err)
[ "$one" = 1 ] || fail "said $one times"
rm repro/bank/b-bug/about.md

# Interrupted: what there is is told. The second bug has not been hunted, and is not there to be found.
python3 - <<'PY'
import json
o = json.load(open("kept"))
o["rows"] = [row for row in o["rows"] if row["slug"] == "a-bug"]
json.dump(o, open("half", "w"))
PY
mkfifo said
GAUNTLET_PATCHED="$gauntlet" "$gauntlet" bank --seeds 2 --no-confirm --resume half >said 2>err &
pid=$!
exec 3<said
read -r line <&3 # it tells the first bug at once, and hunts the second
kill -INT $pid
status=0
wait $pid || status=$?
cat <&3 >out
[ $status = 1 ] || fail "interrupted: status $status"
case $line in *"2 of 2   a-bug"*) ;; *) fail "not told first: $line" ;; esac
says '^1 of 1 known bug found with every seed .*(stopped)$'
[ -z "$(find . -name '*.new-*')" ] || fail "something half-written is left"
