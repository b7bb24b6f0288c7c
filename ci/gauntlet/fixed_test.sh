#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# From open to fixed: with the right patch, or the commit of the fix, the case comes out as it was when
# it was saved as fixed; whatever does not hold leaves it as it is. Programs with patches are really
# built here. Arguments: the program, one with another bug in it, the case, its patch, the other
# bug's patch, and a workload that shows that one.
set -eu
gauntlet=$(realpath "$1") wrong=$(realpath "$2") case=$(realpath "$3") patch=$(realpath "$4")
other=$(realpath "$5") workload=$(realpath "$6")
sources=${gauntlet%%/bazel-out/*}
tree=$TEST_TMPDIR/tree
mkdir -p "$tree/repro/cases" "$tree/stress/workload/files" "$TEST_TMPDIR/cache"
export GAUNTLET_ROOT="$tree" XDG_CACHE_HOME="$TEST_TMPDIR/cache"
cd "$tree"

fail() {
    cat out err
    echo "FAILED: $*"
    exit 1
}
# open: the case anew in repro/cases/x, as if it had never been fixed
open() {
    rm -rf repro/cases/x
    mkdir repro/cases/x
    sed 's/^status fixed/status open/' "$case" >repro/cases/x/case
    cp -r repro/cases/x before
}
# fixed WANTED STATUS OPTION...
fixed() {
    wanted=$1
    shift
    status=0
    timeout 250 "$gauntlet" fixed --search 300 x "$@" >out 2>err || status=$?
    [ "$status" = "$wanted" ] || fail "fixed $*: status $status, not $wanted"
}
says() {
    cat out err | grep -q -e "$1" || fail "'$1' is not said"
}
# Nothing came of it but one line.
unchanged() {
    [ "$(wc -l <err)" = 1 ] && [ ! -s out ] || fail "not one line"
    diff -r before repro/cases/x >&2 || fail "the case was changed"
}

open
fixed 2 --commit HEAD --patch "$patch"
says 'one of --commit and --patch'
fixed 2
says 'one of --commit and --patch'

fixed 0 --patch "$patch"
says '^repro/cases/x/case: fixed$'
says '^  with repro/cases/x/bug.patch: exact$'
says '^  without: not reproduced in [1-9][0-9]* schedules of its neighbourhood$'
cmp repro/cases/x/case "$case" && cmp repro/cases/x/bug.patch "$patch" || fail "the case is another"
[ "$(ls -A repro/cases/x | tr '\n' ' ')" = "bug.patch case " ] || fail "something is left"
rm -rf before
cp -r repro/cases/x before
fixed 2 --patch "$patch"
says 'is fixed already'
unchanged

# What does not hold.
rm -rf before
open
fixed 1 --patch "$other"
says '^gauntlet: repro/cases/x/case: does not reproduce with the patch (not reproduced); nothing is'
unchanged
fixed 2 --patch nowhere
says 'nowhere'
unchanged
sed 's|runtime/|stress/|' "$patch" >outside.patch
fixed 2 --patch outside.patch
says '^outside.patch:1:'
unchanged
echo mine >repro/cases/x/bug.patch
cp repro/cases/x/bug.patch before
fixed 2 --patch "$patch"
says '^gauntlet: repro/cases/x/bug.patch: is there already'
unchanged

# A tree that still has the bug.
cp "$workload" stress/workload/files/
"$wrong" hunt --seed 1 --executions 20000 --stop-at-first --no-confirm --strategy auto --memory sc \
    >out 2>err || [ $? = 1 ] || fail "no bug to leave in the tree"
name=$(ls repro/cases | grep -v '^x$')
cp -r "repro/cases/$name" still
status=0
"$wrong" fixed --search 300 --patch "$other" "$name" >out 2>err || status=$?
[ $status = 1 ] || fail "a bug that is there counts as fixed: status $status"
says 'still reproduces in the tree as it is (exact); nothing is changed$'
diff -r still "repro/cases/$name" || fail "the case was changed"

# By the commit of the fix, and a schedule whose code has moved since.
file=$(sed -n 's|^+++ b/||p' "$patch")
git() {
    command git -c user.name=x -c user.email=x@example.com -c init.defaultBranch=main "$@" >>said 2>&1
}
mkdir -p "$(dirname "$file")"
cp "$sources/$file" "$file.fixed"
cp "$sources/$file" "$file"
patch -s -p1 <"$patch"
echo "int test;" >runtime/x_test.c
git init .
git add "$file" runtime/x_test.c
git commit -m broken
mv "$file.fixed" "$file"
echo "int tests;" >runtime/x_test.c
echo words >runtime/words
git add "$file" runtime
git commit -m fix
echo "int more;" >runtime/y_test.c
git add runtime
git commit -m later
rm -rf before
open
sed -i 's/at wakep "int32_t before = /at wakep "int before = /' repro/cases/x/case
cp repro/cases/x/case before
fixed 2 --commit HEAD
says 'HEAD: changes no source below runtime/'
unchanged
fixed 2 --commit nosuch
says 'nosuch'
unchanged
fixed 0 --commit HEAD~1 --json
python3 -c '
import json
o = json.load(open("out"))
assert o["fixed"] is True and o["grade"] == "drifted" and o["schedules"] > 0, o' || fail "not so"
cmp repro/cases/x/case "$case" || fail "the schedule does not follow"
# Numbers of lines aside, which the case's own patch need not follow.
plain() {
    grep -v '^diff\|^index' "$1" | sed 's/^@@ .* @@.*/@@/'
}
plain repro/cases/x/bug.patch >made
plain "$patch" | cmp made - || fail "another patch"
