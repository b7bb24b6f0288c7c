#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What becomes of an execution is a finding, never the end of the runner: runner_test.sh RUNNER
set -eu
runner=$1
cd "$TEST_TMPDIR"
case $runner in /*) ;; *) runner=$OLDPWD/$runner ;; esac

fail() {
    cat out
    echo "FAILED: $*"
    exit 1
}

run() { # WANTED STATUS, options; the workload comes on standard input
    wanted=$1
    shift
    status=0
    timeout 100 "$runner" "$@" >out 2>&1 || status=$?
    [ "$status" = "$wanted" ] || fail "$*: status $status"
}

says() {
    grep -qF -- "$1" out || fail "'$1' is not said"
}

run 0 --executions 3 - <<'END'
workload right
goroutine main
go a 3
wait
expect x 3
goroutine a
add x 1
END
says '"executions":3'
says '"counts_for_races":true,"signatures":[]'

# A program at fault: each execution, with the signature that the engine gives.
run 1 --executions 3 --seed 7 - <<'END'
workload wrong
goroutine main
go a 3
wait
expect x 4
goroutine a
add x 1
END
says '"signature":"crash: workload: expect x # does not hold","seed":7,"execution":1'
says '[{"oracle":"crash","signature":"crash: workload: expect x # does not hold","executions":3}]'

run 1 - <<'END'
workload stuck
goroutine main
park
END
says '"signature":"crash: all goroutines are asleep - deadlock!"'

# Not over in time: it is asked what it does, and ended.
run 1 --hang 0.5 - <<'END'
workload long
goroutine main
work 10s
END
says '"oracle":"hang","signature":"hang: long"'
says 'goroutine '
run 1 --hang 0.5 - <<'END'
workload sleepy
goroutine main
sleep 10s
END
says '"oracle":"hang","signature":"hang: sleepy"'

# A race of the program, and the crash that follows: the first one is the finding.
cat >race.wl <<'END'
workload race
goroutine main
go a 2
wait
expect y 5
goroutine a
loop 200
set x 1
yield
end
END
side='write op_set `*(volatile uint64_t *)&variable[op->a].plain = (uint64_t)op->number;`'
run 1 --until "race: $side / $side" --executions 2000 race.wl
says '"oracle":"race","signature":"race: write op_set `'
says '\nThen: crash: workload: expect y # does not hold\n'

# More goroutines than ThreadSanitizer has room for.
run 0 - <<'END'
workload many
goroutine main
chan c 0
go a 260
close c
wait
goroutine a
recv c
END
says '"counts_for_races":false'

echo nonsense >bad.wl
run 2 bad.wl
says 'bad.wl:1:1: '
run 2
run 2 --executions x race.wl
run 2 --for 0 race.wl
run 2 nowhere.wl
