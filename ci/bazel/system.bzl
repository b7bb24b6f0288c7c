# SPDX-License-Identifier: Apache-2.0
"""Libraries that the distribution brings; the launcher installs what is missing."""

def system_library(name, libraries = None):
    """A cc_library that links `-lNAME`; headers lie in /usr/include."""
    native.cc_library(
        name = name,
        linkopts = ["-l" + l for l in (libraries or [name])],
    )
