# SPDX-License-Identifier: Apache-2.0
"""clang 19 and lld 19 from Debian as a C toolchain, C only.

What every C file of the tree is compiled with stands here; what makes a flavour (ThreadSanitizer,
AddressSanitizer ...) stands in flavours.bzl. Warnings are errors. No position-independent code: the
engine puts memory at fixed addresses, and the site table holds plain addresses.
"""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "feature",
    "flag_group",
    "flag_set",
    "tool_path",
)

_COMPILE_C = [ACTION_NAMES.c_compile]
_COMPILE_ANY = [
    ACTION_NAMES.c_compile,
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
]
_LINK = [
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

_ANY_FLAGS = [
    "-no-canonical-prefixes",
    # Paths in debug information are relative to the root of the tree.
    "-ffile-compilation-dir=.",
    "-g",
    "-D_GNU_SOURCE",
    "-fno-pie",
]

_C_FLAGS = [
    "-std=c17",
    "-O2",
    "-mcx16",
    "-fno-omit-frame-pointer",
    # A frame larger than a page touches each of its pages: no goroutine jumps over a guard.
    "-fstack-clash-protection",
    "-ffunction-sections",
    "-Wall",
    "-Wextra",
    "-Wundef",
    "-Wshadow",
    "-Wconversion",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-Werror",
    # The same bytes whenever and wherever it is built.
    "-Wno-builtin-macro-redefined",
    "-D__DATE__=\"redacted\"",
    "-D__TIMESTAMP__=\"redacted\"",
    "-D__TIME__=\"redacted\"",
]

# -fuse-ld=lld would find the LLD of another version with -no-canonical-prefixes.
_LINK_FLAGS = [
    "-no-canonical-prefixes",
    "--ld-path=/usr/bin/ld.lld-19",
    "-no-pie",
    "-pthread",
    "-Wl,-z,relro,-z,now",
    "-Wl,--build-id=sha1",
]

def _feature(name, actions, flags, enabled = True):
    return feature(
        name = name,
        enabled = enabled,
        flag_sets = [flag_set(actions = actions, flag_groups = [flag_group(flags = flags)])],
    )

def _clang_config_impl(ctx):
    version = ctx.attr.version
    llvm = "/usr/lib/llvm-" + version + "/bin/"
    tools = {
        "ar": llvm + "llvm-ar",
        "cpp": llvm + "clang-cpp",
        "dwp": llvm + "llvm-dwp",
        "gcc": "/usr/bin/clang-" + version,
        "gcov": llvm + "llvm-profdata",
        "ld": "/usr/bin/ld.lld-" + version,
        "nm": llvm + "llvm-nm",
        "objcopy": "/usr/bin/llvm-objcopy-" + version,
        "objdump": llvm + "llvm-objdump",
        "strip": llvm + "llvm-strip",
    }
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        toolchain_identifier = "clang-" + version,
        host_system_name = "local",
        target_system_name = "local",
        target_cpu = "k8",
        target_libc = "glibc",
        compiler = "clang",
        abi_version = "local",
        abi_libc_version = "local",
        cxx_builtin_include_directories = [
            "/usr/lib/clang/" + version,
            "/usr/lib/llvm-" + version + "/lib/clang/" + version,
            "/usr/local/include",
            "/usr/include",
        ],
        tool_paths = [tool_path(name = n, path = p) for n, p in tools.items()],
        features = [
            feature(name = "supports_start_end_lib", enabled = True),
            _feature("any_flags", _COMPILE_ANY, _ANY_FLAGS),
            _feature("c_flags", _COMPILE_C, _C_FLAGS),
            _feature("link_flags", _LINK, _LINK_FLAGS),
        ],
    )

_clang_config = rule(
    implementation = _clang_config_impl,
    attrs = {"version": attr.string(mandatory = True)},
    provides = [CcToolchainConfigInfo],
)

def clang_toolchain(name, version):
    """Defines `name`_toolchain, to be named in register_toolchains().

    Args:
      name: prefix of the targets made.
      version: major version of the LLVM packages.
    """
    native.filegroup(name = name + "_no_files")
    _clang_config(name = name + "_config", version = version)
    native.cc_toolchain(
        name = name,
        all_files = name + "_no_files",
        ar_files = name + "_no_files",
        as_files = name + "_no_files",
        compiler_files = name + "_no_files",
        dwp_files = name + "_no_files",
        linker_files = name + "_no_files",
        objcopy_files = name + "_no_files",
        strip_files = name + "_no_files",
        supports_param_files = 1,
        toolchain_config = name + "_config",
    )
    native.toolchain(
        name = name + "_toolchain",
        exec_compatible_with = ["@platforms//cpu:x86_64", "@platforms//os:linux"],
        target_compatible_with = ["@platforms//cpu:x86_64", "@platforms//os:linux"],
        toolchain = name,
        toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
    )
