# SPDX-License-Identifier: Apache-2.0
"""Compile flavours: the same C source built for the personalities that it runs under.

A flavoured library `x` is five ordinary cc_library targets, in the one default configuration:

  x.native        as is
  x.instrumented  ThreadSanitizer calls and inline counters; the simulation, ThreadSanitizer and
                  libFuzzer binaries link the very same objects
  x.guard         trace-pc-guard coverage, for AFL++
  x.asan          AddressSanitizer and UndefinedBehaviorSanitizer
  x.program       what tells ThreadSanitizer of order (runtime/base/san.h), and nothing instrumented:
                  the runtime, under an instrumented program that is looked at

Rejected: configuration transitions. They build everything below a target once for each
configuration, so engine, parsers and system libraries would be compiled four times as well.
All targets are manual: a flavour is built when a test or a binary asks for it.
"""

# The one place where the flags of a flavour stand.
_INSTRUMENTED = [
    "-fsanitize=thread",
    "-fsanitize-coverage=inline-8bit-counters,pc-table",
    # One operation of the source is one place in the code, and each place one operation.
    "-fno-unroll-loops",
    "-mllvm",
    "-enable-tail-merge=false",
    "-mllvm",
    "-sink-common-insts=false",
]
_PROGRAM = ["-fsanitize=thread"] + [
    flag
    for what in ["memory-accesses", "memintrinsics", "atomics", "func-entry-exit"]
    for flag in ["-mllvm", "-tsan-instrument-%s=0" % what]
] + ["-iquote", "runtime/base/program"]
FLAVOUR_COPTS = {
    "native": [],
    "instrumented": _INSTRUMENTED,
    "guard": ["-fsanitize-coverage=trace-pc-guard"],
    "asan": ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"],
    "program": _PROGRAM,
}

# What a test under a personality links: the flavour of the objects and the linker's options.
_PERSONALITIES = {
    "native": struct(flavour = "native", linkopts = []),
    "tsan": struct(flavour = "instrumented", linkopts = ["-fsanitize=thread"]),
    "guard": struct(flavour = "guard", linkopts = []),
    "asan": struct(flavour = "asan", linkopts = ["-fsanitize=address,undefined"]),
}

def flavoured_labels(labels, flavour):
    """The targets of `flavour` of libraries that are named without one."""
    return [_absolute(l) + "." + flavour for l in labels]

def _absolute(label):
    """`//a/b` means `//a/b:b`, which has to be said before a suffix is added."""
    if label.startswith("//") and ":" not in label:
        return label + ":" + label.split("/")[-1]
    return label

def flavoured_library(
        name,
        srcs = [],
        hdrs = [],
        deps = [],
        plain_deps = [],
        copts = [],
        flavour_copts = {},
        tags = [],
        **kwargs):
    """Makes `name`.native, `name`.instrumented, `name`.guard, `name`.asan and `name`.program.

    Args:
      name: of the library.
      srcs: C and assembly sources, compiled once for each flavour that is used.
      hdrs: headers that others include.
      deps: flavoured libraries, by their name without flavour.
      plain_deps: ordinary cc_library targets.
      copts: compile options of all flavours.
      flavour_copts: {flavour: options} to add to one.
      tags: of every target.
      **kwargs: as for cc_library.
    """
    for flavour, flags in FLAVOUR_COPTS.items():
        native.cc_library(
            name = name + "." + flavour,
            srcs = srcs,
            hdrs = hdrs,
            deps = flavoured_labels(deps, flavour) + plain_deps,
            copts = copts + flags + flavour_copts.get(flavour, []),
            tags = tags + ["manual"],
            linkstatic = True,
            **kwargs
        )

def flavoured_test(
        name,
        srcs,
        deps = [],
        plain_deps = [],
        flavours = ["native"],
        copts = [],
        linkopts = [],
        size = "small",
        cmocka = True,
        **kwargs):
    """Makes a cc_test `name`.PERSONALITY for each of `flavours`, and the suite `name` of them.

    The test's own source is compiled in the flavour of what it links.

    Args:
      name: of the suite.
      srcs: sources of the test, its main included.
      deps: flavoured libraries, by their name without flavour.
      plain_deps: ordinary cc_library targets (a host, for example).
      flavours: personalities out of native, tsan, asan, guard.
      copts: compile options.
      linkopts: link options.
      size: of the test.
      cmocka: whether it links cmocka.
      **kwargs: as for cc_test.
    """
    for flavour in flavours:
        personality = _PERSONALITIES[flavour]
        native.cc_test(
            name = name + "." + flavour,
            srcs = srcs,
            deps = flavoured_labels(deps, personality.flavour) + plain_deps +
                   (["//ci/bazel:cmocka"] if cmocka else []),
            copts = copts + FLAVOUR_COPTS[personality.flavour],
            linkopts = linkopts + personality.linkopts,
            linkstatic = True,
            size = size,
            **kwargs
        )
    native.test_suite(name = name, tests = [name + "." + f for f in flavours])

def flavoured_binary(
        name,
        srcs = [],
        deps = [],
        plain_deps = [],
        flavours = ["native"],
        copts = [],
        linkopts = [],
        **kwargs):
    """Makes a cc_binary `name`.PERSONALITY for each of `flavours` (see flavoured_test)."""
    for flavour in flavours:
        personality = _PERSONALITIES[flavour]
        native.cc_binary(
            name = name + "." + flavour,
            srcs = srcs,
            deps = flavoured_labels(deps, personality.flavour) + plain_deps,
            copts = copts + FLAVOUR_COPTS[personality.flavour],
            linkopts = linkopts + personality.linkopts,
            linkstatic = True,
            **kwargs
        )
