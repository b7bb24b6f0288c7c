# SPDX-License-Identifier: Apache-2.0
"""Which functions the wrap layer stands before: link options of a program under ThreadSanitizer."""

_ATOMICS = [
    "atomic%d_%s" % (bits, name)
    for bits in [8, 16, 32, 64, 128]
    for name in [
        "load",
        "store",
        "exchange",
        "fetch_add",
        "fetch_sub",
        "fetch_and",
        "fetch_or",
        "fetch_xor",
        "fetch_nand",
        "compare_exchange_strong",
        "compare_exchange_weak",
        "compare_exchange_val",
    ]
] + ["atomic_thread_fence"]

# Calls of the host that are scheduling points under the engine (docs/simulation.md), and what goes
# with them.
_HOST = [
    "thread_create",
    "thread_exit",
    "yield",
    "relax",
    "spin",
    "sleep",
    "ncpu",
    "futex_wait",
    "futex_wake",
    "nanotime",
    "reserve",
    "commit",
    "decommit",
    "interrupt",
    "on_interrupt",
    "random",
    "exit",
    "pipe",
    "socketpair",
    "socket",
    "listen",
    "connect",
    "connected",
    "accept",
    "read",
    "write",
    "shutdown",
    "close",
    "poll_add",
    "poll_remove",
    "poll_wait",
    "poll_break",
]

WRAP_LINKOPTS = ["-Wl,--wrap=__tsan_" + a for a in _ATOMICS] + ["-Wl,--wrap=host_" + h for h in _HOST]
