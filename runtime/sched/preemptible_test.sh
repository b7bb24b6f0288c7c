#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# preemptible_test.sh CHECK CANARY... -- PROGRAM...: the check is silent about the programs, and reports of
# each canary that it stores pointers and uses thread-locals, and nothing else.
set -eu
check=$1
shift
failed=0
while [ "$1" != -- ]; do
    status=0
    said=$("$check" "$1" 2>&1) || status=$?
    stores=$(echo "$said" | grep -c "stores a pointer of an object: rt_write_barrier$") || true
    locals=$(echo "$said" | grep "uses a thread-local" | sed 's/.*: //' | sort | tr '\n' ' ')
    if [ "$status" != 1 ] || [ "$stores" -lt 2 ] || [ "$locals" != "__errno_location canary_own " ]; then
        printf '%s: status %s, not all reported:\n%s\n' "$1" "$status" "$said" >&2
        failed=1
    fi
    shift
done
shift
"$check" "$@" || { echo "the check finds something, or nothing to look at" >&2 && failed=1; }
status=0
"$check" "$0" 2>/dev/null || status=$?
[ "$status" = 2 ] || { echo "a file without such a function: status $status" >&2 && failed=1; }
exit $failed
