#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A story with words that the engine has no names for, told by who knows the bug: the helper of forced
# collections looks, sysmon asks, the helper parks. The source line names the word and its values, and a
# goroutine of the runtime has the name of its function; the hinge is the park itself.
# Arguments: the program with the case's patch, and the case.
set -u
program=$(realpath "$1")
out=$(GAUNTLET_PATCHED="$program" "$program" explain "$2") || exit 1

line() {
    echo "$out" | grep -n -e "$1" | head -1 | cut -d: -f1
}
fail() {
    echo "FAILED: $1 in:"
    echo "$out"
    exit 1
}
last=0
for row in "g#[0-9]* (help)  help: .*\[load forcegc.state = 0\]" \
    "gc_sysmon: .*\[exchange forcegc.state 0 → FORCEGC_REQUESTED\]" \
    "park_commit: .*\[store forcegc.state FORCEGC_REQUESTED → FORCEGC_PARKED\]" \
    "The hinge: it does not come about if choice" "✔ sysmon  .*g[0-9]*.status waiting → runnable\]"; do
    at=$(line "$row")
    [ "${at:-0}" -gt "$last" ] || fail "no '$row' after line $last"
    last=$at
done
[ "$(echo "$out" | wc -l)" -le 60 ] || fail "more than 60 lines"
