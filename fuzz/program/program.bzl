# SPDX-License-Identifier: Apache-2.0
"""Targets that run whole workloads: one folder each, with seeds and a dictionary of operations."""

load("@aflplusplus//:afl.bzl", AFL = "AVAILABLE")
load("//ci/bazel:sim.bzl", "patched_binary")
load("//fuzz:cc_defs.bzl", "cc_fuzz_test")
load("//fuzz/private:fuzz.bzl", "fuzz_launcher")

def program_fuzz_test(name, corpus, dicts, finds, runs = 20000, found_by = ["libfuzzer", "afl"], **kwargs):
    """A cc_fuzz_test on inputs of repro/input.h.

    Args:
      name: of the target.
      corpus: inputs, as text or bytes.
      dicts: words of operations, which the mutator inserts.
      finds: folder in repro/bank of a bug that every engine finds from the seeds (or a patch): X_finds_test.
      runs: executions in which it does.
      found_by: the engines that do.
      **kwargs: as for cc_fuzz_test.
    """
    engines = [e for e in found_by if e != "afl" or AFL]
    cc_fuzz_test(
        name = name,
        corpus = corpus,
        dicts = dicts,
        mutator = "//fuzz/program:mutator",
        sim_deps = [
            "//runtime:tiny",
            "//stress/workload:interp",
        ],
        deps = ["//fuzz/program:target"],
        **kwargs
    )
    native.filegroup(
        name = "seeds",
        srcs = corpus,
    )
    native.filegroup(
        name = "all_engines",
        srcs = [name + "_engines", "//fuzz/program:mutator_afl.so"] +
               ["%s.%s_kit" % (name, e) for e in (["libfuzzer", "afl"] if AFL else ["libfuzzer"])],
        tags = ["manual"],
    )
    for engine in engines:
        _finds(name, engine, dicts, finds, runs)
    native.test_suite(
        name = name + "_finds_test",
        tests = ["%s_finds_%s_test" % (name, e) for e in engines],
    )

def _finds(name, engine, dicts, finds, runs):
    finder = "%s_finds.%s" % (name, engine)
    patched_binary(
        name = finder + ".patched",
        kit = "%s.%s_kit" % (name, engine),
        patch = finds if finds.endswith(".patch") else "//repro:bank/%s/bug.patch" % finds,
        tags = ["manual"],
    )
    fuzz_launcher(
        name = finder,
        binary = finder + ".patched",
        corpus = name + "_corpus",
        dict = name + "_dict" if dicts else None,
        engine = engine,
        engine_launcher = "//fuzz/engines:%s.sh" % engine,
        mutator = "//fuzz/program:mutator_afl.so",
        tags = ["manual"],
        target = name,
    )
    native.sh_test(
        name = "%s_finds_%s_test" % (name, engine),
        size = "medium",
        srcs = ["//fuzz/program:finds_test.sh"],
        args = [
            "$(rootpath %s)" % finder,
            "--runs=%d" % runs,
        ],
        data = [finder],
    )
