#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The launcher with Bazel, apt-get and the program replaced by small scripts, in a mount namespace
# of its own in which a package can go missing: cJSON's headers are covered by an empty folder, and
# come back when the stand-in for apt-get "installs" them. Where the kernel allows no namespaces
# that part is left out, and said so.
set -eu

if [ $# = 0 ]; then
    launcher=$(readlink -f gauntlet)
    if unshare --map-root-user --mount true 2>/dev/null; then
        exec unshare --map-root-user --mount "$0" namespace "$launcher"
    fi
    exec "$0" plain "$launcher"
fi
launcher=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
HEADERS=/usr/include/cjson
unset GAUNTLET_ROOT

expect() { # NAME WANTED GOT
    if [ "$2" != "$3" ]; then
        printf 'FAIL %s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"
        failures=$((failures + 1))
    fi
}

script() { # PATH, text on standard input
    mkdir -p "$(dirname "$1")"
    { echo '#!/bin/sh'; cat; } >"$1"
    chmod +x "$1"
}

# A tree with the real launcher and a program that says how it was called.
tree="$work/a tree"
mkdir -p "$tree"
cp "$launcher" "$tree/gauntlet"
script "$tree/bazel-bin/ci/gauntlet/gauntlet" <<'END'
echo "$(pwd)|$GAUNTLET_ROOT|$*"
exit 7
END
script "$work/bin/bazel" <<'END'
echo "$(pwd) $*" >>"$LOG"
for arg; do
    case $arg in
    --build_event_json_file=*) cat "$EVENTS" >"${arg#*=}" ;;
    esac
done
echo "said by bazel"
exit "${BAZEL_STATUS:-0}"
END
export LOG="$work/log" EVENTS="$work/events"
: >"$LOG"
PATH="$work/bin:$PATH"

# Runs the launcher; leaves $status, $out, $err.
run() {
    status=0
    "$@" >"$work/out" 2>"$work/err" || status=$?
    out=$(cat "$work/out")
    err=$(cat "$work/err")
}

cd "$work"
run "$tree/gauntlet" hunt "a b" --seed 1
expect "status of the program" 7 "$status"
expect "arguments, folder and root" "$work|$tree|hunt a b --seed 1" "$out"
expect "quiet while all is well" "" "$err"
expect "builds in the root" "$tree build" "$(cut -d' ' -f1-3 "$LOG")"

ln -s "a tree/gauntlet" link
ln -s ../link "$work/bin/gauntlet-link"
run "$work/bin/gauntlet-link" cases
expect "through two links" "$work|$tree|cases" "$out"

export BAZEL_STATUS=1
run "$tree/gauntlet" hunt
expect "status when the tree does not build" 2 "$status"
expect "what Bazel said is shown" "said by bazel" "$(head -n 1 "$work/err")"
export BAZEL_STATUS=8
run "$tree/gauntlet" hunt
expect "status when interrupted" 130 "$status"

# The last line of a test run.
test_event() { # LABEL SIZE [STATUS]
    printf '{"id":{"targetConfigured":{"label":"%s"}},' "$1"
    printf '"configured":{"targetKind":"cc_test rule","testSize":"%s"}}\n' "$2"
    [ -n "${3-}" ] || return 0
    printf '{"id":{"testSummary":{"label":"%s"}},' "$1"
    printf '"testSummary":{"overallStatus":"%s"}}\n' "$3"
}
last_line() {
    tail -n 1 "$work/out"
}
{ test_event //a SMALL PASSED; test_event //b SMALL PASSED; } >"$EVENTS"
export BAZEL_STATUS=0
run "$tree/gauntlet" test
expect "all pass" "0 2 passed, 0 failed" "$status $(last_line)"
expect "all tests by default" "//..." "$(tail -n 1 "$LOG" | grep -o '[^ ]*$')"
run "$tree/gauntlet" test //x:y
expect "tests that were named" "//x:y" "$(tail -n 1 "$LOG" | grep -o '[^ ]*$')"
{ test_event //a SMALL PASSED; test_event //b SMALL FAILED; test_event //c SMALL; } >"$EVENTS"
export BAZEL_STATUS=3
run "$tree/gauntlet" test
expect "one failed, one had no turn" "1 1 passed, 2 failed" "$status $(last_line)"
: >"$EVENTS"
for code in 1 2 4 37; do
    export BAZEL_STATUS=$code
    run "$tree/gauntlet" test
    expect "not built, or wrong usage ($code)" "2 0 passed, 1 failed" "$status $(last_line)"
done
export BAZEL_STATUS=8
run "$tree/gauntlet" test
expect "a test run that is interrupted" 130 "$status"
unset BAZEL_STATUS

: >"$LOG"
run "$tree/gauntlet" test --help
expect "help" "0 Usage: gauntlet test [OPTION...] [TARGET...]" "$status $(head -n 1 "$work/out")"
expect "help takes no build" "" "$(cat "$LOG")"

# Cases that are open.
a_case() { # NAME STATUS
    mkdir -p "$tree/repro/cases/$1"
    printf 'gauntlet case 1\nstatus %s\noracle race\n' "$2" >"$tree/repro/cases/$1/case"
}
test_event //a SMALL PASSED >"$EVENTS"
a_case mended fixed
run "$tree/gauntlet" test
expect "no case is open" "0 said by bazel|1 passed, 0 failed" \
    "$status $(tail -n 2 "$work/out" | paste -s -d '|')"
a_case first open
run "$tree/gauntlet" test
expect "one case is open" "0 1 case is open: first|1 passed, 0 failed" \
    "$status $(tail -n 2 "$work/out" | paste -s -d '|')"
a_case second open
run "$tree/gauntlet" test
expect "two cases are open" "0 2 cases are open: first second" \
    "$status $(tail -n 2 "$work/out" | head -n 1)"

if [ "$1" = plain ]; then
    echo "no namespaces here: missing packages are not tested"
    exit $failures
fi

# Packages that are missing.
script "$work/bin/apt-get" <<'END'
echo "apt-get $*" >>"$LOG"
case "$*" in
*install*) umount /usr/include/cjson ;;
esac
END
mount -t tmpfs none "$HEADERS"
: >"$LOG"
run "$tree/gauntlet" hunt
expect "installs what is missing, then goes on" "$work|$tree|hunt" "$out"
expect "says first what it installs" "gauntlet: installing Debian packages: libcjson-dev" "$err"
expect "one call of apt-get" "apt-get -q -y install --no-install-recommends libcjson-dev" \
    "$(head -n 1 "$LOG")"

script "$work/bin/apt-get" <<'END'
echo "E: no network"
exit 100
END
mount -t tmpfs none "$HEADERS"
run "$tree/gauntlet" hunt
expect "status when nothing can be installed" 2 "$status"
install="apt-get install --no-install-recommends libcjson-dev"
expect "the command to type" \
    "gauntlet: could not install libcjson-dev; run this as root:  apt-get update && $install" \
    "$(tail -n 1 "$work/err")"
expect "the reason of apt-get" "E: no network" "$(sed -n 2p "$work/err")"

# Neither root nor sudo.
script "$work/bin/id" <<'END'
echo 1000
END
for tool in sh mktemp dirname readlink cut tr getent cat tail rm pwd; do
    [ -e "$work/bin/$tool" ] || ln -s "$(command -v $tool)" "$work/bin/$tool" 2>/dev/null || true
done
status=0
PATH="$work/bin" "$tree/gauntlet" hunt >"$work/out" 2>"$work/err" </dev/null || status=$?
expect "status without root" 2 "$status"
expect "the command for root" \
    "gauntlet: missing Debian packages; run this as root:  $install" \
    "$(cat "$work/err")"
rm "$work/bin/apt-get"
status=0
PATH="$work/bin" "$tree/gauntlet" hunt >"$work/out" 2>"$work/err" </dev/null || status=$?
expect "status on another system" 2 "$status"
expect "what is missing on another system" "gauntlet: missing: libcjson-dev" "$(head -n 1 "$work/err")"

[ $failures = 0 ] && echo "all as expected"
exit $failures
