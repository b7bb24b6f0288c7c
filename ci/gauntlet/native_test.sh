#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Hunts on real threads, in a tree of its own: what the engine finds as well becomes a case, the rest
# is kept with its report, once; a runner that is not there, or cannot work, is said.
set -eu
gauntlet=$PWD/$1
runner=$PWD/$2
tree=$TEST_TMPDIR/tree
mkdir -p "$tree/repro/cases" "$tree/native" "$tree/stress/workload/files"
cp "$3" "$tree/stress/workload/files/"
export GAUNTLET_ROOT="$tree" GAUNTLET_NATIVE="$tree/native"
cd "$tree"

fail() {
    cat out
    echo "FAILED: $*"
    exit 1
}

hunt() { # WANTED STATUS, options
    wanted=$1
    shift
    status=0
    timeout 200 "$gauntlet" hunt --seed 7 --out "$tree/repro/cases" "$@" >out 2>&1 || status=$?
    [ "$status" = "$wanted" ] || fail "hunt $*: status $status"
}

says() {
    grep -q -- "$1" out || fail "'$1' is not said"
}

hunt 2 --engine tsan
says 'is not built: bazel build //stress/native:runner_tiny'
hunt 0 --engine sim,tsan --executions 64
says '^tsan: skipped: its runner is not built'
hunt 2 --engine thread
says 'there are: sim tsan libfuzzer afl'

cp "$runner" native/
hunt 0 --engine sim,tsan --executions 40 --jobs 2
says '^tsan: [1-9][0-9]* executions of 1 workload on real threads, up to [1-9]'

hunt 0 --engine sim,tsan --executions 33 --jobs 64 # 32 of each
says '^tsan: 33 executions of 1 workload '

# What the engine finds as well is a case, with what real threads say of it.
cat >wrong.wl <<'END'
workload wrong
goroutine main
go a
wait
expect x 4
goroutine a
add x 1
END
hunt 1 --engine tsan --executions 10 --workload wrong.wl --stop-at-first
says '^FOUND  crash: workload: expect x # does not hold'
says 'real threads met it first: seed 7, then 20 of 20 times'
"$gauntlet" replay "repro/cases/$(ls repro/cases)" >out 2>&1 || fail "the case does not replay"
says 'reproduced: 1 of 1 times, exact'
hunt 1 --engine tsan --executions 10 --workload wrong.wl --json
says '"confirmed":	true'
says '"known":	true'

# Too many goroutines for races.
cat >many.wl <<'END'
workload many
goroutine main
chan c 0
go a 260
close c
wait
goroutine a
recv c
END
hunt 0 --engine tsan --executions 1 --workload many.wl
says '^  many: [1-9][0-9]* goroutines and threads, more than 200: no evidence about races'

# A finding that the engine does not have, from a runner that invents it: it meets it in the first
# turn, and when it is to repeat, twice.
cat >native/runner_tiny <<'END'
#!/bin/sh
echo '{"event":"finding","oracle":"race","signature":"race: read a `b` / write c `d`",
' | tr -d '\n'
echo '"seed":7,"execution":3,"message":"invented","report":"two stacks\\n"}'
echo '{"event":"end","executions":20,"goroutines":4,"threads":2,"counts_for_races":true,
' | tr -d '\n'
echo '"signatures":[{"signature":"race: read a `b` / write c `d`","executions":2}]}'
END
chmod +x native/runner_tiny
file=stress/workload/files/$(ls stress/workload/files)
hunt 1 --engine tsan --executions 20 --workload "$file"
says '^FOUND  race: read a `b` / write c `d`'
says '^  after .* seed 9, then 2 of 20 times'
says '^  repeat ./gauntlet hunt --engine tsan --seed 9 .* --workload repro/cases/native/.*/workload.wl'
kept=$(ls repro/cases/native)
[ "$(cat "repro/cases/native/$kept/report")" = "two stacks" ] || fail "the report is not kept"
grep -q '^seed 9$' "repro/cases/native/$kept/finding" || fail "the seed is not kept"
hunt 1 --engine tsan --executions 20 --workload "$file" --json
says '"known":	true'
[ "$(ls repro/cases/native)" = "$kept" ] || fail "it was kept twice"
hunt 0 --engine tsan --executions 20 --workload "$file" --oracle crash

# A runner that cannot work, in the middle of a line.
printf '#!/bin/sh\nprintf "{\\"event\\":\\"end\\""\nexit 3\n' >native/runner_tiny
hunt 0 --engine tsan --for 20s
says 'given up: the runner ended with status 3'
