# SPDX-License-Identifier: Apache-2.0
"""Rules behind cc_fuzz_test.

  fuzz_variant   a binary of plain code, with all it links compiled for one fuzzing engine
  fuzz_corpus    one folder with all seeds, links resolved
  fuzz_dict      one dictionary
  fuzz_launcher  a script that runs a fuzz binary by the launcher contract (launch.sh); as a test too
"""

# By engine: how code is compiled for it. -fsanitize=fuzzer itself is an option of the link alone.
_COVERAGE = {
    "replay": [],
    "libfuzzer": ["-fsanitize=fuzzer-no-link"],
    "afl": ["-fsanitize-coverage=trace-pc-guard,trace-cmp"],
}

# Without calls at comparisons, nor at edges: AFL++ is given the counters (//fuzz/engines:afl_counters).
_COUNTERS = {
    "replay": [],
    "libfuzzer": ["-fsanitize-coverage=inline-8bit-counters,pc-table"],
    "afl": ["-fsanitize-coverage=inline-8bit-counters"],
}
_SANITIZERS = {
    "none": [],
    "asan": ["-fsanitize=address"],
    "ubsan": ["-fsanitize=undefined", "-fno-sanitize-recover=undefined"],
    "asan-ubsan": ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"],
}

def _variant_transition_impl(settings, attr):
    sanitizer = _SANITIZERS[settings["//fuzz:cc_engine_sanitizer"]]
    copt = "//command_line_option:copt"
    linkopt = "//command_line_option:linkopt"
    return {
        copt: settings[copt] + (_COVERAGE if attr.comparisons else _COUNTERS)[attr.engine] + sanitizer,
        linkopt: settings[linkopt] + sanitizer,
    }

_variant_transition = transition(
    implementation = _variant_transition_impl,
    inputs = [
        "//fuzz:cc_engine_sanitizer",
        "//command_line_option:copt",
        "//command_line_option:linkopt",
    ],
    outputs = [
        "//command_line_option:copt",
        "//command_line_option:linkopt",
    ],
)

def _variant_impl(ctx):
    binary = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = binary, target_file = ctx.executable.binary, is_executable = True)
    runfiles = ctx.attr.binary[0][DefaultInfo].default_runfiles
    return [DefaultInfo(executable = binary, runfiles = runfiles)]

fuzz_variant = rule(
    implementation = _variant_impl,
    attrs = {
        "binary": attr.label(executable = True, cfg = _variant_transition, mandatory = True),
        "engine": attr.string(values = _COVERAGE.keys(), mandatory = True),
        "comparisons": attr.bool(default = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
)

def _corpus_impl(ctx):
    folder = ctx.actions.declare_directory(ctx.label.name)
    names = {}
    for f in ctx.files.srcs:
        if f.basename in names:
            fail("two seeds are called %s" % f.basename)
        names[f.basename] = True

    # Copies: afl-fuzz passes over links.
    ctx.actions.run_shell(
        inputs = ctx.files.srcs,
        outputs = [folder],
        arguments = [ctx.actions.args().add(folder.path).add_all(ctx.files.srcs)],
        command = "d=$1; shift; for f; do cp -L \"$f\" \"$d\"; done",
        mnemonic = "FuzzCorpus",
    )
    return [DefaultInfo(files = depset([folder]), runfiles = ctx.runfiles(files = [folder]))]

fuzz_corpus = rule(
    implementation = _corpus_impl,
    attrs = {"srcs": attr.label_list(allow_files = True)},
)

def _dict_impl(ctx):
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.run_shell(
        inputs = ctx.files.srcs,
        outputs = [output],
        arguments = [ctx.actions.args().add(output.path).add_all(ctx.files.srcs)],
        command = "o=$1; shift; cat /dev/null \"$@\" >\"$o\"",
        mnemonic = "FuzzDict",
    )
    return [DefaultInfo(files = depset([output]), runfiles = ctx.runfiles(files = [output]))]

fuzz_dict = rule(
    implementation = _dict_impl,
    attrs = {"srcs": attr.label_list(allow_files = True)},
)

def _launcher_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name)
    engine = ctx.attr.engine
    values = [
        ("FUZZER_NAME", ctx.attr.target),
        ("FUZZER_BINARY", "$runfiles/" + ctx.executable.binary.short_path),
        ("FUZZER_SEED_CORPUS_DIR", "$runfiles/" + ctx.file.corpus.short_path),
        ("FUZZER_DICTIONARY_PATH", "$runfiles/" + ctx.file.dict.short_path if ctx.attr.dict else ""),
        ("FUZZER_MUTATOR", "$runfiles/" + ctx.file.mutator.short_path if ctx.attr.mutator else ""),
        ("FUZZER_COMPARISONS", "1" if ctx.attr.comparisons else ""),
        ("FUZZER_ENGINE", engine),
        ("FUZZER_ENGINE_LAUNCHER", "$runfiles/" + ctx.file.engine_launcher.short_path),
    ]
    lines = [
        "#!/bin/sh",
        "runfiles=${RUNFILES_DIR:-$0.runfiles}",
        "[ -n \"${TEST_SRCDIR:-}\" ] && runfiles=$TEST_SRCDIR",
        "runfiles=$(cd \"$runfiles/%s\" && pwd) || exit 2" % ctx.workspace_name,
    ]
    lines += ["export %s=\"%s\"" % v for v in values]
    lines.append("exec \"$runfiles/%s\" %s \"$@\"" % (ctx.file._launch.short_path, ctx.attr.arguments))
    ctx.actions.write(script, "\n".join(lines) + "\n", is_executable = True)
    files = [ctx.executable.binary, ctx.file.corpus, ctx.file._launch, ctx.file.engine_launcher] + \
            ctx.files.dict + ctx.files.mutator
    runfiles = ctx.runfiles(files = files).merge(ctx.attr.binary[DefaultInfo].default_runfiles)
    return [DefaultInfo(executable = script, runfiles = runfiles)]

_LAUNCHER_ATTRS = {
    "target": attr.string(mandatory = True),
    "binary": attr.label(executable = True, cfg = "target", mandatory = True),
    "corpus": attr.label(allow_single_file = True, mandatory = True),
    "dict": attr.label(allow_single_file = True),
    "mutator": attr.label(allow_single_file = True),
    "comparisons": attr.bool(),
    "arguments": attr.string(),
    "engine": attr.string(mandatory = True),
    "engine_launcher": attr.label(allow_single_file = True, mandatory = True),
    "_launch": attr.label(default = "//fuzz/private:launch.sh", allow_single_file = True),
}

fuzz_launcher = rule(implementation = _launcher_impl, attrs = _LAUNCHER_ATTRS, executable = True)
fuzz_launcher_test = rule(implementation = _launcher_impl, attrs = _LAUNCHER_ATTRS, test = True)
