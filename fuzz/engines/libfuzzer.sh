#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libFuzzer by the launcher contract. FUZZER_RUNS: executions instead of seconds.
set -eu
if [ -n "$FUZZER_IS_REGRESSION" ]; then
    exec "$FUZZER_BINARY" -runs=0 "$@" "$FUZZER_SEED_CORPUS_DIR"
fi
set -- -artifact_prefix="$FUZZER_ARTIFACTS_DIR/" -print_final_stats=1 "$@"
[ -z "$FUZZER_TIMEOUT_SECS" ] || set -- -max_total_time="$FUZZER_TIMEOUT_SECS" "$@"
[ -z "${FUZZER_RUNS:-}" ] || set -- -runs="$FUZZER_RUNS" -seed=1 "$@"
[ ! -s "${FUZZER_DICTIONARY_PATH:-/dev/null}" ] || set -- -dict="$FUZZER_DICTIONARY_PATH" "$@"
# A mutator of its own makes inputs as large as they need to be.
[ -z "${FUZZER_MUTATOR:-}" ] || set -- -len_control=0 -max_len=65536 "$@"
exec "$FUZZER_BINARY" "$@" "$FUZZER_OUTPUT_CORPUS_DIR" "$FUZZER_SEED_CORPUS_DIR"
