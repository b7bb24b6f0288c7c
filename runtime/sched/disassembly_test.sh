#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# disassembly_test.sh PROGRAM PAGE: what a page shows of the machine code is what the compiler makes. Each
# block of the page that begins with <FUNCTION>: is compared with PROGRAM's function, without
# addresses of jumps and padding. Prints the right block when one differs.
set -eu
program=$1 page=$2
functions=$(sed -n 's/^<\(.*\)>:$/\1/p' "$page")
[ -n "$functions" ] || { echo "$page shows no function" >&2 && exit 1; }

# The part of the page or of the disassembly that is one function.
block() {
    sed -n "/^<$1>:\$/,/^\(\`\`\`\)*\$/p" | sed -e '/^$/d' -e '/^```/d'
}
status=0
for function in $functions; do
    made=$(llvm-objdump-19 -d --no-show-raw-insn --no-leading-addr \
        --disassemble-symbols="$function" "$program" | block "$function" |
        sed -E -e '/^[[:space:]]*int3/d' -e 's/^[[:space:]]+/    /' -e 's/[[:space:]]+$//' \
            -e 's/\t/ /' -e 's/0x[0-9a-f]+ </</' -e "s/<$function\\+/<+/" -e 's/0x[0-9a-f]+\(/OFFSET(/')
    shown=$(block "$function" <"$page")
    [ -n "$made" ] || made="(no such function)"
    if [ "$made" != "$shown" ]; then
        printf '%s shows another %s than the compiler makes:\n%s\n' "$page" "$function" "$made" >&2
        status=1
    fi
done
exit $status
