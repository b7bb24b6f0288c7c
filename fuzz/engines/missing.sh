#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
echo "gauntlet: this engine is not installed (AFL++: apt-get install afl++)" >&2
exit 2
