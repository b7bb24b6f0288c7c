#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# lanes_reuse_test.sh PROGRAM WANTED WANTED WANTED: what is to be said of the programs of lanes_reuse.c,
# `race` or `silent`: of the variable, of the stack, and of the element.
set -eu

judge() { # WANTED PROGRAM [ARGUMENT]
    wanted=$1
    shift
    status=0
    TSAN_OPTIONS="halt_on_error=1 exitcode=66 symbolize=0" "$@" >"$TEST_TMPDIR/out" 2>&1 || status=$?
    said="status $status"
    [ $status != 0 ] || said=silent
    [ $status != 66 ] || ! grep -q 'ThreadSanitizer: data race' "$TEST_TMPDIR/out" || said=race
    [ "$said" = "$wanted" ] && return
    cat "$TEST_TMPDIR/out"
    echo "$*: it is to be $wanted, and it is $said"
    exit 1
}

judge "$2" "$1"
judge "$3" "$1" stack
judge "$4" "$1" element
