#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Replays the seeds. There is nothing to fuzz with: a config names an engine that has.
if [ -z "$FUZZER_IS_REGRESSION" ]; then
    echo "gauntlet: replay only; to fuzz, add --config=libfuzzer or --config=afl" >&2
    FUZZER_IS_REGRESSION=1
fi
exec "$FUZZER_BINARY" "$FUZZER_SEED_CORPUS_DIR"
