#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Completion and manual page hold what the help texts hold. Argument: the program.
set -u
gauntlet=$(realpath "$1")
GAUNTLET_ROOT=$(mktemp -d)
export GAUNTLET_ROOT
trap 'rm -rf "$GAUNTLET_ROOT"' EXIT
mkdir -p "$GAUNTLET_ROOT"/stress/workload/files "$GAUNTLET_ROOT"/repro/{cases,bank}/{red-fox,red-owl}
touch "$GAUNTLET_ROOT"/stress/workload/files/{alpha,alto,beta}.wl
cd "$GAUNTLET_ROOT/repro" || exit 1
failed=0

fail() {
    echo "FAILED: $*"
    failed=1
}

"$gauntlet" completion bash >"$GAUNTLET_ROOT/bash" || fail "completion bash: status $?"
# shellcheck disable=SC1091
source "$GAUNTLET_ROOT/bash" || fail "bash does not read it"
complete -p gauntlet | grep -q "_gauntlet gauntlet" || fail "nothing completes gauntlet"

# complete WORD...: what bash would offer for the last of the words after `gauntlet`
offered() {
    COMP_WORDS=(gauntlet "$@") COMP_CWORD=$#
    COMPREPLY=()
    _gauntlet 2>"$GAUNTLET_ROOT/err"
    [ ! -s "$GAUNTLET_ROOT/err" ] || fail "$*: $(cat "$GAUNTLET_ROOT/err")"
    echo "${COMPREPLY[*]}"
}
expect() {
    want=$1
    shift
    got=$(offered "$@")
    [ "$got" = "$want" ] || fail "$*: offers '$got', not '$want'"
}

expect "replay refresh" re
expect "--workload=" hunt --work
expect "--stop-at-first" hunt --seed 3 --stop
expect "alpha alto" hunt --workload al
expect "alpha alto" hunt --workload = al
expect "bank beta" hunt -w b
expect "beta,alpha beta,alto" hunt --workload beta,al
expect "pos" hunt --strategy po
expect "pct,surw" hunt -S pct,su
expect "sc,tso sc,timed" hunt --memory sc,t
expect "lost-wake livelock" hunt --oracle l
expect "mild" hunt --faults = m
expect "red-fox red-owl" replay red
expect "red-owl" explain --full red-o
expect "cases" cases --out ca
touch 'dollar$(touch${IFS}struck)'
expect 'dollar$(touch${IFS}struck)' hunt --patch dol
[ ! -e struck ] || fail "the name of a file is taken for a command"
expect "" hunt --seed 1
expect "bash" completion ""
expect "red-fox red-owl" bank red

# Every option of every help text is offered, and in the manual page.
page=$("$gauntlet" man) || fail "man: status $?"
plain=${page//\\/}
for command in $("$gauntlet" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
    [ "$(offered "$command")" = "$command" ] || fail "$command is not offered"
    [[ $plain == *".SS $command"* ]] || fail "$command is not in the manual page"
    [ "$command" != test ] || continue # its help is the launcher's
    options=$("$gauntlet" "$command" --help | sed -n \
        's/^ \{2,6\}\(-., \)\{0,1\}\(--[a-z-]*=\{0,1\}\).*/\2/p') # not those in descriptions
    [ -n "$options" ] || fail "$command: no options in its help"
    for option in $options; do
        [[ " $(offered "$command" --) " == *" $option "* ]] || fail "$command $option is not offered"
        [[ $plain == *"fB${option%=}fR"* ]] || fail "$command $option is not in the manual page"
    done
done

# What reads manual pages has nothing to say about it.
if command -v mandoc >/dev/null; then
    printf '%s\n' "$page" | mandoc -T lint -W warning || fail "mandoc finds faults"
fi
if command -v groff >/dev/null; then
    said=$(printf '%s\n' "$page" | groff -man -ww -T utf8 -z 2>&1) && [ -z "$said" ] || fail "groff: $said"
fi
exit $failed
