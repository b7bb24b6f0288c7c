#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The soak says of a server that keeps descriptors that it does. Arguments: the soak, the server.
set -u
out=$(mktemp)
trap 'rm -f "$out"' EXIT
"$1" "$2" --rounds 10 --patience 2s >"$out" 2>&1
status=$?
if [ $status != 1 ] || ! grep -q '^descriptors .* NOT BACK$' "$out"; then
    cat "$out"
    echo "FAILED: status $status: a leak of descriptors is not noticed"
    exit 1
fi
