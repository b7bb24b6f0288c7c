#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# afl-fuzz by the launcher contract. FUZZER_RUNS: executions instead of seconds. Crashes go to
# FUZZER_ARTIFACTS_DIR, what it keeps to FUZZER_OUTPUT_CORPUS_DIR; status 1 when there were crashes.
set -eu
case $FUZZER_BINARY in
*/missing) exec "$FUZZER_BINARY" ;; # says so
esac
if [ -n "$FUZZER_IS_REGRESSION" ]; then
    find "$FUZZER_SEED_CORPUS_DIR/" -type f -exec "$FUZZER_BINARY" {} +
    exit
fi

# It gives up without seeds, and passes over links and empty files.
seeds=$FUZZER_OUTPUT_ROOT/seeds
mkdir -p "$seeds"
for folder in "$FUZZER_SEED_CORPUS_DIR" "$FUZZER_OUTPUT_CORPUS_DIR"; do
    find -L "$folder/" -type f -size +0 -exec cp -L {} "$seeds/" \; 2>/dev/null || true
done
[ -n "$(ls -A "$seeds")" ] || printf 0 >"$seeds/zero"

# Seeds that crash it leaves out, without counting them.
log=$FUZZER_OUTPUT_ROOT/seeds.log
find "$seeds/" -type f -exec "$FUZZER_BINARY" {} + >"$log" 2>&1 || {
    for seed in "$seeds"/*; do
        "$FUZZER_BINARY" "$seed" >"$log" 2>&1 && continue
        grep -a '^FOUND' "$log" || tail -n 20 "$log"
        cp "$seed" "$FUZZER_ARTIFACTS_DIR/crash-${seed##*/}"
        echo "a seed crashes: $FUZZER_ARTIFACTS_DIR/crash-${seed##*/}"
    done
    exit 1
}

# It refuses options of sanitizers that do not abort.
unset ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS
export AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
export AFL_IGNORE_PROBLEMS=1 AFL_TRY_AFFINITY=1
out=$FUZZER_OUTPUT_ROOT/afl
set -- -o "$out" -t 2000 "$@"
if [ -e "$out/default/fuzzer_stats" ]; then
    set -- -i - "$@"
else
    set -- -i "$seeds" "$@"
fi
[ -z "$FUZZER_TIMEOUT_SECS" ] || set -- -V "$FUZZER_TIMEOUT_SECS" "$@"
[ -z "${FUZZER_RUNS:-}" ] || set -- -E "$FUZZER_RUNS" -s 1 "$@"
[ ! -s "${FUZZER_DICTIONARY_PATH:-/dev/null}" ] || set -- -x "$FUZZER_DICTIONARY_PATH" "$@"
[ -z "${FUZZER_COMPARISONS:-}" ] || set -- -c 0 "$@"
if [ -n "${FUZZER_MUTATOR:-}" ]; then
    export AFL_CUSTOM_MUTATOR_LIBRARY="$FUZZER_MUTATOR" AFL_CUSTOM_MUTATOR_ONLY=1 AFL_DISABLE_TRIM=1
fi
status=0
afl-fuzz "$@" -- "$FUZZER_BINARY" || status=$?
grep -E '^(execs_done|execs_per_sec|stability|saved_crashes|saved_hangs|corpus_count)' \
    "$out/default/fuzzer_stats" || exit 2
[ $status = 0 ] || exit 2
cp "$out"/default/queue/id* "$FUZZER_OUTPUT_CORPUS_DIR/" 2>/dev/null || true
cp "$out"/default/crashes/id* "$FUZZER_ARTIFACTS_DIR/" 2>/dev/null || exit 0
echo "crashes: $FUZZER_ARTIFACTS_DIR"
exit 1
