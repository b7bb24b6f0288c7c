#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The hinge of a bug that is understood. A wakep that finds no idle p holds its claim on nmspinning for one
# operation too long: the bug needs m0 to look at nmspinning before the claim is given back, and is gone
# when the choice that lets m0 look comes after that.
# Arguments: the program with the case's patch, and the case.
set -u
program=$(realpath "$1")
out=$(GAUNTLET_PATCHED="$program" "$program" explain "$2") || exit 1

expect() {
    echo "$out" | grep -q -e "$1" || {
        echo "FAILED: no '$1' in:"
        echo "$out"
        exit 1
    }
}
expect "The hinge: it does not come about if choice 2 of 2 comes later, after this:"
expect "◆ m0.1 after main:2 .* wakep: .*sub sched.nmspinning 1 → 0\]"
expect "✖ m0 after main:0 yield  may_spin: .*\[load sched.nmspinning = 1\]"
expect "✔ m0 after main:0 yield  may_spin: .*\[load sched.nmspinning = 0\]"
[ "$(echo "$out" | wc -l)" -le 60 ] || {
    echo "FAILED: more than 60 lines"
    exit 1
}
