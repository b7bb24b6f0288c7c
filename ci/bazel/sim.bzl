# SPDX-License-Identifier: Apache-2.0
"""Programs under the engine: linked from instrumented objects, with their site table inside.

  sim_binary        links, names the sites, embeds the table
  sim_test          the same, run as a test
  recompiled_binary the program with some sources compiled with further options
  patch_kit         all that is needed to build such a program again with a patch to the runtime
  patched_binary    the program with one patch applied

The kit is written from the same provider as the link command, so that a patched program is built by
exactly the commands of the plain one; repro/patchbuild_test.c checks it byte by byte.
"""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
load(":flavours.bzl", "flavoured_labels")

# One compiled source: how it was compiled, and what came of it.
_UnitsInfo = provider(fields = {
    "units": "depset of struct(source, object, args)",
    "sources": "depset of all source and header files",
})

SimInfo = provider(fields = {
    "units": "list of struct(source, object, args)",
    "sources": "list of all source and header files of the program",
    "link": "list of struct(arg, file): a literal argument, or a file to link",
})

_CC_ATTRS = {"_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain")}

def _features(ctx, toolchain, requested = [], unsupported = []):
    return cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = requested,
        unsupported_features = unsupported,
    )

def _compile_args(ctx, toolchain, target, source):
    context = target[CcInfo].compilation_context
    features = _features(ctx, toolchain, ctx.features, ctx.disabled_features)
    action = ACTION_NAMES.c_compile if source.extension == "c" else ACTION_NAMES.preprocess_assemble
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        user_compile_flags = ctx.fragments.cpp.copts + ctx.fragments.cpp.conlyopts + ctx.rule.attr.copts,
        include_directories = context.includes,
        quote_include_directories = context.quote_includes,
        system_include_directories = context.system_includes,
        preprocessor_defines = depset(transitive = [context.defines, context.local_defines]),
    )
    return "\n".join(cc_common.get_memory_inefficient_command_line(
        feature_configuration = features,
        action_name = action,
        variables = variables,
    ))

def _units_impl(target, ctx):
    if CcInfo not in target:
        return []
    deps = [d[_UnitsInfo] for d in getattr(ctx.rule.attr, "deps", []) if _UnitsInfo in d]
    units = []
    sources = []
    if hasattr(ctx.rule.files, "srcs"):
        sources = ctx.rule.files.srcs + getattr(ctx.rule.files, "hdrs", [])
        by_path = {f.path: f for f in ctx.rule.files.srcs if f.extension in ["c", "S"]}
        toolchain = find_cpp_toolchain(ctx)
        for action in target.actions:
            if action.mnemonic != "CppCompile":
                continue
            source = [f for f in action.inputs.to_list() if f.path in by_path]
            objects = [f for f in action.outputs.to_list() if f.extension == "o"]
            if len(objects) != 1 or not source:
                fail("%s: a compile action without its source or object" % target.label)

            # Of several sources among the inputs (one includes another) the object's name tells.
            stem = objects[0].basename[:-2]
            own = [f for f in source if f.basename[:-2] == stem]
            if len(own) != 1:
                fail("%s: which source is %s compiled from?" % (target.label, objects[0].path))
            units.append(struct(
                source = own[0],
                object = objects[0],
                args = _compile_args(ctx, toolchain, target, own[0]),
            ))
    return [_UnitsInfo(
        units = depset(units, transitive = [d.units for d in deps]),
        sources = depset(sources, transitive = [d.sources for d in deps]),
    )]

_units = aspect(
    implementation = _units_impl,
    attr_aspects = ["deps"],
    attrs = _CC_ATTRS,
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

def _link_arguments(ctx, toolchain):
    """What the linker gets, in order, as a list of struct(arg, file)."""
    features = _features(ctx, toolchain)
    flags = cc_common.get_memory_inefficient_command_line(
        feature_configuration = features,
        action_name = ACTION_NAMES.cpp_link_executable,
        variables = cc_common.create_link_variables(
            feature_configuration = features,
            cc_toolchain = toolchain,
            is_using_linker = True,
            is_static_linking_mode = True,
        ),
    )
    link = [struct(arg = f, file = None) for f in flags]
    link.append(struct(arg = "-Wl,--emit-relocs", file = None))
    user_flags = []
    info = cc_common.merge_cc_infos(cc_infos = [d[CcInfo] for d in ctx.attr.deps])
    for linker_input in info.linking_context.linker_inputs.to_list():
        for library in linker_input.libraries:
            files = library.objects or ([library.static_library] if library.static_library else [])
            lazy = files and library.objects and not library.alwayslink
            if lazy:
                link.append(struct(arg = "-Wl,--start-lib", file = None))
            link.extend([struct(arg = None, file = f) for f in files])
            if lazy:
                link.append(struct(arg = "-Wl,--end-lib", file = None))
        user_flags.extend(linker_input.user_link_flags)
    link.extend([struct(arg = f, file = None) for f in user_flags + ctx.attr.linkopts])
    return link

def _link(ctx, toolchain, link, sources):
    """Links a program, names its sites and embeds their table. Returns (binary, table)."""
    linked = ctx.actions.declare_file(ctx.label.name + ".linked")
    table = ctx.actions.declare_file(ctx.label.name + ".sites")
    binary = ctx.actions.declare_file(ctx.label.name)

    args = ctx.actions.args()
    args.add_all([l.arg or l.file.path for l in link])
    args.add("-o", linked)
    ctx.actions.run(
        executable = toolchain.compiler_executable,
        arguments = [args],
        inputs = [l.file for l in link if l.file],
        outputs = [linked],
        mnemonic = "SimLink",
        progress_message = "Linking %s" % ctx.label,
        use_default_shell_env = True,
    )
    ctx.actions.run(
        executable = ctx.executable._sitetab,
        arguments = [linked.path, ".", table.path],
        inputs = [linked] + sources,
        outputs = [table],
        mnemonic = "SiteTable",
        progress_message = "Naming the sites of %s" % ctx.label,
    )
    ctx.actions.run(
        executable = toolchain.objcopy_executable,
        arguments = ["--add-section", ".gauntlet.sites=" + table.path, linked.path, binary.path],
        inputs = [linked, table],
        outputs = [binary],
        mnemonic = "SiteEmbed",
        progress_message = "Embedding the sites of %s" % ctx.label,
    )
    return binary, table

def _sim_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    link = _link_arguments(ctx, toolchain)
    sources = depset(transitive = [d[_UnitsInfo].sources for d in ctx.attr.deps]).to_list()
    units = depset(transitive = [d[_UnitsInfo].units for d in ctx.attr.deps])
    binary, table = _link(ctx, toolchain, link, sources)
    runfiles = ctx.runfiles(files = ctx.files.data)
    for d in ctx.attr.data:
        runfiles = runfiles.merge(d[DefaultInfo].default_runfiles)
    return [
        DefaultInfo(executable = binary, runfiles = runfiles),
        OutputGroupInfo(sites = depset([table])),
        SimInfo(units = units.to_list(), sources = sources, link = link),
    ]

_SIM_ATTRS = dict(
    _CC_ATTRS,
    deps = attr.label_list(providers = [CcInfo], aspects = [_units]),
    data = attr.label_list(allow_files = True),
    linkopts = attr.string_list(),
    _sitetab = attr.label(default = "//ci/sites:sitetab", executable = True, cfg = "target"),
)

_sim_binary = rule(
    implementation = _sim_impl,
    attrs = _SIM_ATTRS,
    executable = True,
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

_sim_test = rule(
    implementation = _sim_impl,
    attrs = _SIM_ATTRS,
    test = True,
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

def _sim(make, name, srcs, deps, plain_deps, copts, linkopts, tags, kwargs):
    main = []
    if srcs:
        native.cc_library(
            name = name + ".main",
            srcs = srcs,
            deps = flavoured_labels(deps, "instrumented") + plain_deps,
            copts = copts,
            tags = ["manual"],
            alwayslink = True,
            linkstatic = True,
        )
        main = [name + ".main"]
    make(
        name = name,
        deps = main + flavoured_labels(deps, "instrumented") + plain_deps,
        linkopts = linkopts,
        tags = tags,
        **kwargs
    )

def sim_binary(
        name,
        srcs = [],
        deps = [],
        plain_deps = [],
        copts = [],
        linkopts = [],
        tags = [],
        **kwargs):
    """Links a program that runs under the engine; its executable carries section .gauntlet.sites.

    Args:
      name: of the program.
      srcs: plain sources, main among them.
      deps: flavoured libraries, by their name without flavour: the program under test.
      plain_deps: ordinary cc_library targets: engine, parsers, system libraries.
      copts: compile options of srcs.
      linkopts: link options.
      tags: of the program.
      **kwargs: data, visibility, testonly.
    """
    _sim(_sim_binary, name, srcs, deps, plain_deps, copts, linkopts, tags, kwargs)

def sim_test(
        name,
        srcs = [],
        deps = [],
        plain_deps = [],
        copts = [],
        linkopts = [],
        tags = [],
        size = "small",
        **kwargs):
    """A sim_binary that is run as a test; arguments as there, and those of any test."""
    kwargs["size"] = size
    _sim(_sim_test, name, srcs, deps, plain_deps, copts, linkopts, tags, kwargs)

def _recompiled_impl(ctx):
    sim = ctx.attr.binary[SimInfo]
    toolchain = find_cpp_toolchain(ctx)
    instead = {}
    for unit in sim.units:
        path = unit.source.path
        if not path.startswith(ctx.attr.sources) or path in ctx.attr.keep:
            continue
        output = ctx.actions.declare_file("%s.objects/%s.o" % (ctx.label.name, unit.source.path))
        ctx.actions.run(
            executable = toolchain.compiler_executable,
            arguments = unit.args.split("\n") + ctx.attr.copts +
                        ["-c", unit.source.path, "-o", output.path],
            inputs = sim.sources,
            outputs = [output],
            mnemonic = "Recompile",
            progress_message = "Compiling %s for %s" % (unit.source.path, ctx.label),
            use_default_shell_env = True,
        )
        instead[unit.object.path] = output
    link = [
        struct(arg = l.arg, file = instead.pop(l.file.path, l.file) if l.file else None)
        for l in sim.link
    ]
    if instead:
        fail("%s: not linked as objects: %s" % (ctx.label, ", ".join(instead.keys())))
    binary, _ = _link(ctx, toolchain, link, sim.sources)
    return [DefaultInfo(executable = binary)]

recompiled_binary = rule(
    doc = "A sim_binary once more: some of its sources are compiled with further options, all other " +
          "objects are the same files.",
    implementation = _recompiled_impl,
    attrs = dict(
        _CC_ATTRS,
        binary = attr.label(providers = [SimInfo], mandatory = True),
        sources = attr.string(mandatory = True, doc = "folder, with a slash at its end"),
        keep = attr.string_list(doc = "files of it that are not compiled again"),
        copts = attr.string_list(mandatory = True),
        _sitetab = attr.label(default = "//ci/sites:sitetab", executable = True, cfg = "target"),
    ),
    executable = True,
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

KitInfo = provider(fields = {
    "manifest": "the kit file",
    "files": "depset of all files that it names",
})

def _kit_impl(ctx):
    sim = ctx.attr.binary[SimInfo]
    toolchain = find_cpp_toolchain(ctx)
    lines = [
        "gauntlet-kit 1",
        "compiler " + toolchain.compiler_executable,
        "objcopy " + toolchain.objcopy_executable,
    ]
    sources = {f.path: f for f in sim.sources}
    lines += ["file %s\t%s" % (p, sources[p].short_path) for p in sorted(sources)]
    numbers = {}
    for unit in sim.units:
        if unit.args not in numbers:
            number = len(numbers)
            numbers[unit.args] = number
            lines.append("flags %d" % number)
            lines += ["arg " + a for a in unit.args.split("\n")]
    lines += ["unit %d\t%s\t%s\t%s" % (
        numbers[u.args],
        u.source.path,
        u.object.path,
        u.object.short_path,
    ) for u in sim.units]
    lines += [
        "link " + l.arg if l.arg else "input %s\t%s" % (l.file.path, l.file.short_path)
        for l in sim.link
    ]
    manifest = ctx.actions.declare_file(ctx.attr.binary.label.name + ".kit")
    ctx.actions.write(manifest, "\n".join(lines) + "\n")
    files = depset(sim.sources + [l.file for l in sim.link if l.file])
    return [
        DefaultInfo(
            files = depset([manifest], transitive = [files]),
            runfiles = ctx.runfiles(files = [manifest], transitive_files = files),
        ),
        KitInfo(manifest = manifest, files = files),
    ]

patch_kit = rule(
    doc = "Writes BINARY.kit: the manifest from which repro/patchbuild builds the program with a patch.",
    implementation = _kit_impl,
    attrs = dict(
        _CC_ATTRS,
        binary = attr.label(providers = [SimInfo], mandatory = True),
    ),
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

def _patched_impl(ctx):
    output = ctx.actions.declare_file(ctx.label.name)
    kits = [ctx.attr.kit[KitInfo]]
    args = ctx.actions.args()
    args.add("--kit", kits[0].manifest)
    inputs = [ctx.file.patch]
    if ctx.attr.kit_prod:
        kits.append(ctx.attr.kit_prod[KitInfo])
        args.add("--kit-prod", kits[1].manifest)
        args.add("--case", ctx.file.case)
        inputs.append(ctx.file.case)
    args.add("--patch", ctx.file.patch)
    args.add("--output", output)
    ctx.actions.run(
        executable = ctx.executable._patchbuild,
        arguments = [args],
        inputs = depset(
            inputs + [k.manifest for k in kits],
            transitive = [k.files for k in kits],
        ),
        outputs = [output],
        mnemonic = "PatchBuild",
        progress_message = "Building %s with its patch" % ctx.label,
        use_default_shell_env = True,
    )
    return [DefaultInfo(executable = output)]

patched_binary = rule(
    doc = "The program of a kit with one patch applied to the runtime.",
    implementation = _patched_impl,
    attrs = {
        "kit": attr.label(providers = [KitInfo], mandatory = True),
        "kit_prod": attr.label(providers = [KitInfo], doc = "for a case of sizes prod"),
        "case": attr.label(allow_single_file = True, doc = "case that chooses between the two"),
        "patch": attr.label(allow_single_file = True, mandatory = True),
        "_patchbuild": attr.label(
            default = "//repro:patchbuild",
            executable = True,
            cfg = "target",
        ),
    },
    executable = True,
)

def _case_test_impl(ctx):
    runner = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = runner, target_file = ctx.executable.binary, is_executable = True)
    runfiles = ctx.runfiles(files = ctx.files.data)
    for d in ctx.attr.data + [ctx.attr.binary]:
        runfiles = runfiles.merge(d[DefaultInfo].default_runfiles)
    return [DefaultInfo(executable = runner, runfiles = runfiles)]

_case_test = rule(
    doc = "Runs a program that is linked once for all cases, with the arguments in `args`.",
    implementation = _case_test_impl,
    attrs = {
        "binary": attr.label(executable = True, cfg = "target", mandatory = True),
        "data": attr.label_list(allow_files = True),
    },
    test = True,
)

def case_tests(name, cases, patches, binary, binary_prod, kit, kit_prod, size = "small"):
    """One test for each saved case; with globs in the BUILD file, a new case needs no edit.

    A case is replayed in the clean program and, when bug.patch lies beside it, in the program with that
    patch applied; `regress` knows from the case's status what has to come out.

    Args:
      name: of the suite; a test is called `name`/SLUG.
      cases: paths FOLDER/SLUG/case.
      patches: paths FOLDER/SLUG/bug.patch, for those cases that have one.
      binary: the command, sizes tiny.
      binary_prod: the command, sizes prod.
      kit: patch_kit of `binary`.
      kit_prod: patch_kit of `binary_prod`.
      size: of each test.
    """
    tests = []
    for case in cases:
        folder = case.rpartition("/")[0]
        test = name + "/" + folder.rpartition("/")[2]
        patch = folder + "/bug.patch"
        data = [case, binary_prod]
        args = ["regress", "$(rootpath %s)" % case]
        if patch in patches:
            patched_binary(
                name = test + ".patched",
                case = case,
                kit = kit,
                kit_prod = kit_prod,
                patch = patch,
                tags = ["manual"],
            )
            data += [test + ".patched", patch]
            args += ["--patched", "$(rootpath %s)" % (test + ".patched")]
        _case_test(
            name = test,
            size = size,
            args = args,
            binary = binary,
            data = data,
        )
        tests.append(test)
    native.test_suite(name = name, tests = tests)

def bank_builds(name, patches, kit):
    """Builds the program with each known bug: a patch of the bank that no longer applies fails the build.

    Args:
      name: prefix of the targets, `name`/SLUG.
      patches: paths FOLDER/SLUG/bug.patch.
      kit: patch_kit of the command.
    """
    for patch in patches:
        patched_binary(
            name = name + "/" + patch.split("/")[-2],
            kit = kit,
            patch = patch,
        )
