# SPDX-License-Identifier: Apache-2.0
"""cc_fuzz_test, with the names and attributes that users of rules_fuzzing know.

For `name` X this makes

  X             test: replays the corpus (under another engine with --config=libfuzzer or afl)
  X_run         `bazel run --config=libfuzzer //fuzz/sched:X_run -- --timeout_secs=30`: fuzzes
  X_raw, X_bin  the fuzz binary of the engine that the config names; X.replay, X.libfuzzer and X.afl are
                always there
  X_corpus      a folder with all seeds
  X_dict        the dictionary
  X_engines_test  each engine that this machine has goes a short way from the seeds and finds nothing

Everything but the tests is `manual`. Where AFL++ is missing X.afl does not exist, and its test says so.

Two kinds of targets. Plain code (parsers, data structures; also `//lib.native`) is compiled for each
engine by a transition; a sanitizer comes with the config. The runtime under the engine of stress/sim
(`sim_deps`) is linked from the very objects that every hunt runs: their inline counters are libFuzzer's
coverage, and are put into AFL++'s map after each execution, so a crash file of either means the same
execution in the gauntlet program. Rejected for these: objects with trace-pc-guard for AFL++; a third
compilation whose plain accesses need not be the same.
"""

load("@aflplusplus//:afl.bzl", AFL = "AVAILABLE", AFL_LINKOPTS = "LINKOPTS")
load("//ci/bazel:sim.bzl", "patch_kit", "sim_binary")
load(
    "//fuzz/private:fuzz.bzl",
    "fuzz_corpus",
    "fuzz_dict",
    "fuzz_launcher",
    "fuzz_launcher_test",
    "fuzz_variant",
)

_ENGINES = {
    "replay": struct(linkopts = [], deps = ["//fuzz/replay:main"]),
    "libfuzzer": struct(linkopts = ["-fsanitize=fuzzer"], deps = []),
    "afl": struct(linkopts = AFL_LINKOPTS, deps = []),
}

_AFL_COUNTERS_LINKOPTS = ["-Wl,--wrap=LLVMFuzzerTestOneInput"]

def cc_fuzz_test(
        name,
        srcs = [],
        deps = [],
        sim_deps = [],
        corpus = [],
        dicts = [],
        mutator = None,
        comparisons = True,
        data = [],
        copts = [],
        linkopts = [],
        size = "small",
        tags = [],
        timeout = None,
        smoke_runs = 2000):
    """A fuzz target; see the head of this file.

    Args:
      name: of the target.
      srcs: with LLVMFuzzerTestOneInput and, if wanted, LLVMFuzzerInitialize.
      deps: plain libraries, or a flavour by its full name.
      sim_deps: flavoured libraries, by their name without flavour, that run under the engine.
      corpus: seeds, files of different names.
      dicts: dictionaries in the syntax of both engines.
      mutator: label M of a mutator: library M for libFuzzer, M_afl.so for AFL++.
      comparisons: of plain code: the engine is told what is compared (trace-cmp, cmplog). False where no
        byte of the input is compared with anything: it then costs a third of the time and finds nothing.
        AFL++ then takes inline counters, as with sim_deps.
      data: files for all binaries.
      copts: of srcs.
      linkopts: of all binaries.
      size: of the test X.
      tags: of both tests.
      timeout: of the test X.
      smoke_runs: executions of each engine in X_engines_test.
    """
    engines = [e for e in _ENGINES if e != "afl" or AFL]
    for engine in engines:
        _binary(name, engine, srcs, deps, sim_deps, mutator, comparisons, data, copts, linkopts)
    fuzz_corpus(name = name + "_corpus", srcs = corpus, tags = ["manual"])
    fuzz_dict(name = name + "_dict", srcs = dicts, tags = ["manual"])

    # For hunts, which find them below bazel-bin.
    native.filegroup(
        name = name + "_engines",
        srcs = [name + "." + e for e in engines if e != "replay"],
        tags = ["manual"],
    )

    # A label each, for those who name one without a config.
    chosen = {
        "//fuzz:libfuzzer": name + ".libfuzzer",
        "//fuzz:afl": name + ".afl" if AFL else "//fuzz/engines:missing",
        "//conditions:default": name + ".replay",
    }
    native.alias(name = name + "_raw", actual = select(chosen), tags = ["manual"])
    native.alias(name = name + "_bin", actual = select(chosen), tags = ["manual"])
    common = dict(
        binary = name + "_raw",
        target = name,
        corpus = name + "_corpus",
        dict = name + "_dict" if dicts else None,
        mutator = mutator + "_afl.so" if mutator else None,
        comparisons = comparisons and not sim_deps,
        engine = select({
            "//fuzz:libfuzzer": "libfuzzer",
            "//fuzz:afl": "afl",
            "//conditions:default": "replay",
        }),
        engine_launcher = select({
            "//fuzz:libfuzzer": "//fuzz/engines:libfuzzer.sh",
            "//fuzz:afl": "//fuzz/engines:afl.sh",
            "//conditions:default": "//fuzz/engines:replay.sh",
        }),
    )
    fuzz_launcher(name = name + "_run", tags = ["manual"], **common)
    fuzz_launcher_test(
        name = name,
        size = size,
        timeout = timeout,
        arguments = "--regression",
        tags = tags + ["fuzz-test"],
        **common
    )
    _engines_test(name, engines, common, tags, smoke_runs)

def _binary(name, engine, srcs, deps, sim_deps, mutator, comparisons, data, copts, linkopts):
    e = _ENGINES[engine]
    more = deps + e.deps
    if mutator and engine == "libfuzzer":
        more = more + [mutator]
    link = linkopts + e.linkopts
    if engine == "afl" and (sim_deps or not comparisons):
        more = more + ["//fuzz/engines:afl_counters"]
        link = link + _AFL_COUNTERS_LINKOPTS
    if sim_deps:
        sim_binary(
            name = name + "." + engine,
            srcs = srcs,
            copts = copts,
            data = data,
            linkopts = link,
            plain_deps = more,
            tags = ["manual"],
            deps = sim_deps,
        )
        patch_kit(name = "%s.%s_kit" % (name, engine), binary = "%s.%s" % (name, engine), tags = ["manual"])
        return
    native.cc_binary(
        name = "%s.%s.unset" % (name, engine),
        srcs = srcs,
        copts = copts,
        data = data,
        linkopts = link,
        linkstatic = True,
        tags = ["manual"],
        deps = more,
    )

    # A transition that changes nothing gives two configurations of one name, which Bazel refuses.
    variant = name + "." + engine + (".sanitized" if engine == "replay" else "")
    fuzz_variant(
        name = variant,
        binary = "%s.%s.unset" % (name, engine),
        comparisons = comparisons,
        engine = engine,
        tags = ["manual"],
    )
    if engine == "replay":
        native.alias(
            name = name + ".replay",
            actual = select({
                "//fuzz:not_sanitized": name + ".replay.unset",
                "//conditions:default": variant,
            }),
            tags = ["manual"],
        )

def _engines_test(name, engines, common, tags, runs):
    tests = []
    for engine in ["libfuzzer", "afl"]:
        if engine not in engines:
            native.sh_test(
                name = "%s_%s_test" % (name, engine),
                size = "small",
                srcs = ["//fuzz/engines:skipped.sh"],
                args = ["AFL++ (Debian package afl++)"],
                tags = tags,
            )
        else:
            fuzz_launcher_test(
                name = "%s_%s_test" % (name, engine),
                size = "medium",
                arguments = "--runs=%d" % runs,
                tags = tags + ["fuzz-test"],
                **dict(
                    common,
                    binary = name + "." + engine,
                    engine = engine,
                    engine_launcher = "//fuzz/engines:%s.sh" % engine,
                )
            )
        tests.append("%s_%s_test" % (name, engine))
    native.test_suite(name = name + "_engines_test", tests = tests)
