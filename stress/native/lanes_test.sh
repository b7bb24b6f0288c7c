#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Programs whose order is known (lanes_canaries.txt), in both lanes:
#
#   lanes_test.sh CANARIES RUNTIME-RUNNER PROGRAM-RUNNER [MUTANT-RUNNER NAME]...
#
# A mutant is the lane of programs with a mistake in what the runtime tells; the canary of that name
# must not get its verdict from it.
set -eu
canaries=$1 runtime=$2 program=$3
shift 3
bad=0

# The program of a canary, as a file.
split() {
    awk -v folder="$TEST_TMPDIR" '/^=== / {
        file = folder "/" $2 ".wl"; print "workload canary" >file; print $2, $3 >(folder "/list"); next
    } file { print >file }' "$canaries"
}

# What a runner says of a program within some executions: race, silent, or other things.
verdict() { # RUNNER NAME EXECUTIONS
    status=0
    timeout 60 "$1" --executions "$3" --first "$TEST_TMPDIR/$2.wl" >"$TEST_TMPDIR/out" 2>&1 || status=$?
    if [ $status = 0 ]; then
        echo silent
    elif [ $status = 1 ] && ! grep '"event":"finding"' "$TEST_TMPDIR/out" |
        grep -qv '"signature":"race: [a-z]* op_[sg]et .*variable\[op->a\].plain'; then
        echo race
    else
        echo "status $status"
    fi
}

# A race may be ordered by chance: who is started may end before the next one is. SOME are enough
# for silence.
SOME=3 MANY=60

judge() { # LANE RUNNER NAME WANTED
    executions=$SOME
    [ "$4" = silent ] || executions=$MANY
    said=$(verdict "$2" "$3" $executions)
    [ "$said" = "$4" ] && return
    echo "lane of $1: $3 is to be $4, and it is $said"
    tail -n 3 "$TEST_TMPDIR/out" | cut -c 1-2000
    bad=1
}

split
while read -r name wanted; do
    judge programs "$program" "$name" "$wanted"
    judge "the runtime" "$runtime" "$name" silent
done <"$TEST_TMPDIR/list"
[ "$(wc -l <"$TEST_TMPDIR/list")" -gt 25 ] || bad=1
while [ $# -gt 0 ]; do
    wanted=$(sed -n "s/^$2 //p" "$TEST_TMPDIR/list")
    executions=$MANY
    [ "$wanted" = silent ] || executions=$SOME
    said=$(verdict "$1" "$2" $executions)
    if [ -z "$wanted" ] || [ "$said" = "$wanted" ]; then
        echo "a mutant lives: $1 says $said of $2"
        bad=1
    fi
    shift 2
done
exit $bad
