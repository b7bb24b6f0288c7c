# SPDX-License-Identifier: Apache-2.0
"""Fuzz targets on the calm host."""

load("//fuzz:cc_defs.bzl", "cc_fuzz_test")

def calm_fuzz_test(name, srcs, corpus):
    """A cc_fuzz_test of the native runtime in tiny sizes; its globals are put back with those of the runtime.

    Args:
      name: of the target.
      srcs: of it.
      corpus: its seeds.
    """
    cc_fuzz_test(
        name = name,
        srcs = srcs,
        comparisons = False,
        copts = [
            "-include",
            "runtime/base/sections.h",
        ],
        corpus = corpus,
        deps = [
            "//fuzz/calm",
            "//runtime:tiny.native",
        ],
    )
