#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Saved cases on real threads under ThreadSanitizer: native_test.sh {VERDICT GAUNTLET RUNNER CASE}...
# Both programs have the case's bug. The last case is tried again on CLEAN, a runner without it: the
# order is the same, but there is nothing to confirm. Threads are held, so a loaded machine is slower
# and sees the same; a gate is given up after 20 s without any progress.
set -eu
clean=$1
shift

native() { # gauntlet runner case
    program=$(realpath "$1")
    GAUNTLET_PATCHED="$program" GAUNTLET_RUNNER=$2 "$program" replay --native --json "$3" || true
}

key() {
    printf '%s' "$said" | sed -n "s/.*\"$1\":[[:space:]]*\"\{0,1\}\([^\",]*\).*/\1/p" | head -1
}

while [ $# -gt 0 ]; do
    verdict=$1 gauntlet=$2 runner=$3 case=$4
    shift 4
    said=$(native "$gauntlet" "$runner" "$case")
    if [ "$(key verdict)" != "$verdict" ]; then
        echo "FAILED: $case: '$verdict' expected, but: $said"
        exit 1
    fi
    confirmed=false
    [ "$verdict" != confirmed ] || confirmed=true
    [ "$(key confirmed)" = $confirmed ] || { echo "FAILED: $case: confirmed? $said"; exit 1; }
    echo "$case: $verdict after $(key tries)"
done
# A hunt tries what it finds by itself, and writes into the case what came of it.
sed -e '1,/^program$/d' -e '/^choices$/,$d' -e 's/^  //' "$case" >"$TEST_TMPDIR/program.wl"
program=$(realpath "$gauntlet")
hunt() {
    GAUNTLET_PATCHED="$program" GAUNTLET_RUNNER=$runner "$program" hunt --json --stop-at-first \
        --seed 1 --executions 20000 --workload "$TEST_TMPDIR/program.wl" --patch "${case%case}bug.patch" \
        --oracle race --out "$TEST_TMPDIR/$1" ${2:+"$2"} || true
}
said=$(hunt tried)
[ "$(key confirmed)" = true ] || { echo "FAILED: hunt: $said"; exit 1; }
grep -q '^found .*; on real threads: confirmed$' "$TEST_TMPDIR"/tried/*/case || {
    echo "FAILED: the case does not say what came of it"
    exit 1
}
said=$(hunt left --no-confirm)
[ "$(key confirmed)" = null ] || { echo "FAILED: hunt --no-confirm: $said"; exit 1; }
! grep -q 'real threads' "$TEST_TMPDIR"/left/*/case

said=$(native "$gauntlet" "$clean" "$case")
case $(key verdict) in
'not reached' | 'nothing seen') ;;
*)
    echo "FAILED: $case without its bug: $said"
    exit 1
    ;;
esac
