# SPDX-License-Identifier: Apache-2.0
"""Whether AFL++ is on this machine: without it what needs it is left out, and everything else goes on."""

_RUNTIME = "/usr/lib/afl/afl-compiler-rt.o"
_DRIVER = "/usr/lib/afl/libAFLDriver.a"
_PROGRAM = "/usr/bin/afl-fuzz"

def _afl_impl(ctx):
    there = all([ctx.path(p).exists for p in [_RUNTIME, _DRIVER, _PROGRAM]])
    ctx.file("BUILD", "")
    ctx.file("afl.bzl", "AVAILABLE = %s\nLINKOPTS = %s\n" % (there, [_DRIVER, _RUNTIME]))

afl_repository = repository_rule(
    doc = "afl.bzl of it has AVAILABLE, and LINKOPTS: AFL++'s runtime objects (Debian package afl++).",
    implementation = _afl_impl,
    local = True,
)
