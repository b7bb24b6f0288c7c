#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Hunts with fuzzing engines, in a tree of its own: libFuzzer finds what a seed that nobody should have
# vouched for shows, and the case replays; engines that are missing, or cannot work, are said and the
# others go on; a full disk loses no finding; import takes the crash file, and refuses what is none.
set -eu
gauntlet=$PWD/$1
fuzz=$PWD/$(dirname "$2")
tree=$TEST_TMPDIR/tree
mkdir -p "$tree/fuzz/sched/corpus" "$tree/repro/cases" "$tree/bin/sched" "$tree/bin/program"
mkdir -p "$tree/stress/workload/files"
cp "$3" "$tree/stress/workload/files/"
cp "$fuzz/sched_fuzz.libfuzzer" "$tree/bin/sched/"
export GAUNTLET_ROOT="$tree" GAUNTLET_FUZZ="$tree/bin"
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
    timeout 200 "$gauntlet" hunt --seed 1 --state "$tree/state" --out "$tree/repro/cases" "$@" \
        >out 2>&1 || status=$?
    [ "$status" = "$wanted" ] || fail "hunt $*: status $status"
}

says() {
    grep -q -- "$1" out || fail "'$1' is not said"
}

# No seeds at all, a dictionary that is none, and an engine that is not there.
echo 'no "dictionary' >fuzz/sched/sched.dict
hunt 0 --engine libfuzzer,afl --executions 300
says 'is no dictionary'
says '^afl on sched: skipped: '
says '^libfuzzer on sched: [1-9]'
[ -n "$(ls state/sched/corpus)" ] || fail "no corpus was kept"
rm fuzz/sched/sched.dict

# A finding, minimized and saved; the same again is known, and costs no more restarts.
cat >fuzz/sched/corpus/wrong <<'END'
gauntlet input 1
memory sc
vouched
program
  workload wrong
  procs 2
  goroutine main
      go worker
      yield
      expect done 1
      wait
  goroutine worker
      yield
      add done
plan
  random 1
END
hunt 1 --engine libfuzzer --stop-at-first --for 60s
says '^FOUND  crash: workload: expect '
case=$(ls repro/cases)
"$gauntlet" replay "repro/cases/$case" >out 2>&1 || fail "the case does not replay"
says 'reproduced: 1 of 1 times, exact'
crash=$(find state/sched/artifacts -name 'crash-*' | head -n 1)
"$gauntlet" import "$crash" --out "$tree/elsewhere" >out 2>&1 || fail "import: status $?"
says '^FOUND  crash: workload: expect '
"$gauntlet" import --text "$crash" >text 2>&1 || fail "import --text"
"$gauntlet" import --text text | cmp - text || fail "the text is not the same"

# What is no input changes nothing.
echo nothing >nothing
status=0
"$gauntlet" import nothing --out "$tree/none" >out 2>&1 || status=$?
[ "$status" = 2 ] || fail "import of nothing: status $status"

# An engine that cannot start is given up, with its words; a finding that was made before is not lost.
printf '#!/bin/sh\necho "ERROR: cannot work" >&2\nexit 3\n' >bin/sched/sched_fuzz.libfuzzer
rm state/sched/handled
hunt 1 --engine libfuzzer --for 20s
says 'given up after 3 starts (status 3) ERROR: cannot work'
says '^FOUND  crash: workload: expect '

# AFL++ finds it from the same seed, beside libFuzzer's corpus, and stops when it is told.
if [ -e "$fuzz/sched_fuzz.afl" ]; then
    cp "$fuzz/sched_fuzz.afl" bin/sched/
    cp "$fuzz/../program/mutator_afl.so" bin/program/
    rm -rf state repro/cases/*
    hunt 1 --engine afl --stop-at-first --for 60s
    says '^FOUND  crash: workload: expect '
    says '^afl on sched: [1-9]'
    "$gauntlet" replay "repro/cases/$case" >out 2>&1 || fail "the case of AFL++ does not replay"
    says 'reproduced: 1 of 1 times, exact'
else
    echo "SKIPPED: the hunt with AFL++, which is not installed"
fi

# No room: for the crash file, and the target has kept the input; for the case, and it is printed.
cp "$fuzz/sched_fuzz.libfuzzer" bin/sched/
on_a_disk() { # FOLDER LIMIT, command: FOLDER is so small, for this command alone
    unshare -rm sh -c 'folder=$1 && mount -t tmpfs -o "$2" none "$folder" && shift 2 && exec "$@"' \
        sh "$@"
}
hunt_without_room() { # STATUS LIMIT, options
    wanted=$1 limit=$2 status=0
    shift 2
    rm -rf state repro/cases/*
    on_a_disk room "$limit" timeout 200 "$gauntlet" hunt --engine libfuzzer --stop-at-first --for 60s \
        --state "$tree/state" --out "$tree/repro/cases" "$@" >out 2>&1 || status=$?
    [ "$status" = "$wanted" ] || fail "no room: hunt $*: status $status"
    says '^FOUND  crash: workload: expect '
}
mkdir room
if on_a_disk room size=4k true 2>/dev/null; then
    hunt_without_room 1 size=68k --state "$tree/room" # 64 for the beat, 4 for the log
    [ -e "repro/cases/$case/case" ] || fail "no case, though there is room for it"
    hunt_without_room 2 nr_inodes=2 --out "$tree/room"
    says '^gauntlet case '
else
    echo "SKIPPED: hunts without room, which take a file system of one's own"
fi
