#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# preemptible_check.sh FILE...: what functions declared RT_PREEMPTIBLE must not do (runtime/rt_preempt.h), as
# far as relocations show it: store pointers of objects, which looks at the write barrier, and use
# thread-locals, errno among them. FILEs are objects, archives, or programs linked with --emit-relocs.
# Prints a line for each place; exit status 1 when there is one, 2 when no FILE has such a function.
set -eu
status=2
for file in "$@"; do
    [ -r "$file" ] || { echo "$file: cannot be read" >&2 && exit 2; }
    found=$(llvm-readelf-19 --relocations --wide "$file" 2>/dev/null | awk '
        /^File: / { object = $2 }
        /^Relocation section/ { inside = ($0 ~ /rt_preemptible/) }
        inside && $3 ~ /^R_/ {
            seen = 1
            why = ""
            if ($5 ~ /^rt_write_(barrier|ptr)/)
                why = "stores a pointer of an object"
            if ($3 ~ /TLS|TPOFF|DTPMOD|DTPOFF/ || $5 == "__errno_location")
                why = "uses a thread-local"
            if (why != "")
                print object " a preemptible function " why ": " $5
        }
        END { if (seen) print "seen" }')
    places=$(echo "$found" | grep -v '^seen$') || true
    [ -z "$found" ] || [ "$status" = 1 ] || status=0
    [ -z "$places" ] || { echo "$places" | sed "s|^|$file: |" >&2 && status=1; }
done
[ "$status" != 2 ] || echo "$*: no preemptible function" >&2
exit "$status"
