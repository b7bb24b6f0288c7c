#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The checked-in table is what the generator makes with the arguments that stand in it.
set -u
generator=$1 table=$2
arguments=$(sed -n 's|^// Made by runtime/mem/sizeclasses.py \([0-9 ]*\);.*|\1|p' "$table")
[ -n "$arguments" ] || { echo "$table does not say how it was made"; exit 1; }
# shellcheck disable=SC2086
if ! /usr/bin/python3 "$generator" $arguments | diff -u "$table" -; then
    echo "make it anew: runtime/mem/sizeclasses.py $arguments > runtime/$table"
    exit 1
fi
