# SPDX-License-Identifier: Apache-2.0
"""Stubs for the repositories that Bazel 4 wants from the network before the first C target builds.

`@bazel_tools` loads `@rules_cc` and `@rules_java` only to get at native rules, and every test rule
names two tools of `@remote_coverage_tools` that run under `bazel coverage` alone. Newer versions of Bazel
fetch the real ones, so the stubs switch themselves off there.
"""

def _stub_impl(ctx):
    for path, content in ctx.attr.files.items():
        ctx.file(path, content, executable = path.endswith(".sh"))

_stub_repository = repository_rule(
    implementation = _stub_impl,
    attrs = {"files": attr.string_dict()},
)

def _forward(rules):
    return "".join(["{0} = native.{0}\n".format(r) for r in rules])

_COVERAGE_BUILD = """
package(default_visibility = ["//visibility:public"])
sh_binary(name = "lcov_merger", srcs = ["refuse.sh"])
sh_binary(name = "coverage_report_generator", srcs = ["refuse.sh"])
"""

_COVERAGE_REFUSE = """#!/bin/sh
echo "coverage reports are not set up in this tree" >&2
exit 1
"""

def offline_repositories():
    # Debian's build of Bazel 4.2.3 says "" here.
    if native.bazel_version and not native.bazel_version.startswith("4."):
        return
    _stub_repository(name = "rules_cc", files = {
        "WORKSPACE": "",
        "BUILD": "",
        "cc/BUILD": "",
        "cc/defs.bzl": _forward([
            "cc_binary",
            "cc_import",
            "cc_library",
            "cc_proto_library",
            "cc_test",
            "cc_toolchain",
            "cc_toolchain_suite",
            "objc_library",
        ]),
    })
    _stub_repository(name = "rules_java", files = {
        "WORKSPACE": "",
        "BUILD": "",
        "java/BUILD": "",
        "java/defs.bzl": _forward([
            "java_binary",
            "java_import",
            "java_library",
            "java_runtime",
            "java_toolchain",
        ]),
    })
    _stub_repository(name = "remote_coverage_tools", files = {
        "WORKSPACE": "",
        "BUILD": _COVERAGE_BUILD,
        "refuse.sh": _COVERAGE_REFUSE,
    })
