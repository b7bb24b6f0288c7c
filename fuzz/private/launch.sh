#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What X_run and the tests of cc_fuzz_test do: options to the environment of the launcher contract of
# rules_fuzzing (FUZZER_BINARY, FUZZER_TIMEOUT_SECS, FUZZER_IS_REGRESSION, FUZZER_DICTIONARY_PATH,
# FUZZER_SEED_CORPUS_DIR, FUZZER_OUTPUT_ROOT, FUZZER_OUTPUT_CORPUS_DIR, FUZZER_ARTIFACTS_DIR); then the
# engine.
set -eu

usage() {
    cat <<END
Usage: $FUZZER_NAME [OPTION...] [-- OPTIONS OF THE ENGINE]

  --[no]regression            replay the seeds once instead of fuzzing
  --timeout_secs=N            fuzz for so long (default: until stopped)
  --runs=N                    fuzz for about so many executions
  --fuzzing_output_root=DIR   corpus, crashes and state (default /tmp/fuzzing/$FUZZER_NAME)
  --clean                     begin with an empty one
END
}

wrong() {
    echo "$FUZZER_NAME: $*" >&2
    usage >&2
    exit 2
}

number() {
    case ${1#*=} in
    '' | *[!0-9]*) wrong "${1%%=*}: a number expected" ;;
    esac
}

export FUZZER_IS_REGRESSION='' FUZZER_TIMEOUT_SECS='' FUZZER_RUNS=''
root=${TEST_TMPDIR:+$TEST_TMPDIR/fuzzing}
root=${root:-/tmp/fuzzing/$FUZZER_NAME}
clean=
while [ $# -gt 0 ]; do
    case $1 in
    --regression) FUZZER_IS_REGRESSION=1 ;;
    --noregression) FUZZER_IS_REGRESSION='' ;;
    --clean) clean=1 ;;
    --timeout_secs=*) number "$1" && FUZZER_TIMEOUT_SECS=${1#*=} ;;
    --runs=*) number "$1" && FUZZER_RUNS=${1#*=} ;;
    --fuzzing_output_root=*)
        root=${1#*=}
        case $root in
        '') wrong "--fuzzing_output_root: a folder expected" ;;
        /*) ;;
        *) root=${BUILD_WORKING_DIRECTORY:-$PWD}/$root ;;
        esac
        ;;
    --help)
        usage
        exit 0
        ;;
    --)
        shift
        break
        ;;
    *) wrong "unknown option '$1'" ;;
    esac
    shift
done
# Only what an earlier run made is taken away: a folder that looks like one.
if [ -n "$clean" ] && [ -e "$root" ]; then
    [ -d "$root/artifacts" ] || wrong "$root was not made by a fuzz target: not cleaned"
    rm -rf "$root"
fi
export FUZZER_OUTPUT_ROOT="$root" FUZZER_OUTPUT_CORPUS_DIR="$root/corpus"
export FUZZER_ARTIFACTS_DIR="$root/artifacts"
mkdir -p "$FUZZER_OUTPUT_CORPUS_DIR" "$FUZZER_ARTIFACTS_DIR"
exec "$FUZZER_ENGINE_LAUNCHER" "$@"
