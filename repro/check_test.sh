#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What hunts have found, `check` finds again, with as many preemptions as the case has choices and not with
# fewer; with the patch left out it finds nothing. The small workloads are gone through to the bound that
# their comment names (2 if it names none), those in which no choice is refused without one; and with a bug
# put back that one of them is there for, it is found.
# Arguments: the clean program, the small workloads, --, for each of these bugs: the workload, the program
# with the patch, and the patch, --, then for each case: choices, the program with its patch, and the case.
set -u
clean=$(realpath "$1")
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

fail() {
    echo "FAILED: $1"
    cat "$scratch/said"
    failed=1
}

# run PROGRAM BOUND ARGUMENTS...: leaves $status
run() {
    program=$1 bound=$2
    shift 2
    "$program" check "$scratch/program.wl" --bound "$bound" --memory "$memory" \
        --out "$scratch/out" "$@" >"$scratch/said" 2>&1
    status=$?
}

memory=sc
# bound_of WORKLOAD: leaves $bound and $explored
bound_of() {
    bound=$(sed -n 's/^#.*at most \([0-9]*\) preemption.*/\1/p' "$1")
    bound=${bound:-2} explored="all schedules with at most ${bound:-2} preemptions\{0,1\} explored"
    ! grep -qi "no choice is refused" "$1" || bound=99 explored="all schedules explored"
}

while [ "$1" != -- ]; do
    cp "$1" "$scratch/program.wl"
    bound_of "$1"
    run "$clean" "$bound"
    [ $status = 0 ] && grep -q "$explored .* none fails$" "$scratch/said" || fail "$1: status $status"
    shift
done
shift
while [ "$1" != -- ]; do
    cp "$1" "$scratch/program.wl"
    bound_of "$1"
    rm -rf "$scratch/out"
    patched=$(realpath "$2")
    export GAUNTLET_PATCHED="$patched"
    run "$patched" "$bound" --patch "$3"
    [ $status = 1 ] && grep -q "^FOUND" "$scratch/said" || fail "$1: status $status, not found"
    unset GAUNTLET_PATCHED
    shift 3
done
shift
while [ $# -gt 0 ]; do
    choices=$1 patched=$(realpath "$2") case=$3
    shift 3
    slug=$(basename "$(dirname "$case")")
    memory=$(sed -n 's/^memory //p' "$case")
    patch=$(dirname "$case")/bug.patch
    sed -n '/^program$/,/^choices$/p' "$case" | sed '1d;$d' >"$scratch/program.wl"
    rm -rf "$scratch/out"
    export GAUNTLET_PATCHED="$patched"
    run "$patched" $((choices - 1)) --patch "$patch"
    [ $status = 0 ] && grep -q "with at most $((choices - 1)) preemption.* explored" "$scratch/said" ||
        fail "$slug: status $status with fewer preemptions"
    run "$patched" "$choices" --patch "$patch"
    [ $status = 1 ] && grep -qxF "signature $(sed -n 's/^signature //p' "$case")" \
        "$scratch"/out/*/case || fail "$slug: status $status, not found"
    "$patched" replay "$scratch"/out/*/case >"$scratch/said" 2>&1 &&
        grep -q "exact" "$scratch/said" || fail "$slug: what was saved does not replay"
    unset GAUNTLET_PATCHED
    run "$clean" "$choices" --for 5s
    [ $status = 0 ] || fail "$slug: status $status without the patch"
done
exit $failed
