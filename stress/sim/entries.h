// SPDX-License-Identifier: Apache-2.0
//
// The functions of the engine that the program calls, but for the `__tsan_*` ones. entries.S puts
// an entry before each; what goes on behind it is a C function of the same name, under the symbol
// hook_NAME: SIM_HOOKS(list) before its definition says so.
#pragma once

#define SIM_HOST_ENTRIES(E)                                                                        \
    E(host_thread_create)                                                                          \
    E(host_thread_exit)                                                                            \
    E(host_yield)                                                                                  \
    E(host_relax)                                                                                  \
    E(host_spin)                                                                                   \
    E(host_sleep)                                                                                  \
    E(host_ncpu)                                                                                   \
    E(host_futex_wait)                                                                             \
    E(host_futex_wake)                                                                             \
    E(host_nanotime)                                                                               \
    E(host_reserve)                                                                                \
    E(host_commit)                                                                                 \
    E(host_decommit)                                                                               \
    E(host_stacks_reserve)                                                                         \
    E(host_stack_open)                                                                             \
    E(host_stack_close)                                                                            \
    E(host_signal_stack)                                                                           \
    E(host_on_fault)                                                                               \
    E(host_thread_self)                                                                            \
    E(host_interrupt)                                                                              \
    E(host_on_interrupt)                                                                           \
    E(host_on_quit)                                                                                \
    E(host_random)                                                                                 \
    E(host_write_err)                                                                              \
    E(host_exit)                                                                                   \
    E(host_abort)                                                                                  \
    E(host_crash)
#define SIM_DESCRIPTOR_ENTRIES(E)                                                                  \
    E(host_pipe)                                                                                   \
    E(host_socketpair)                                                                             \
    E(host_socket)                                                                                 \
    E(host_listen)                                                                                 \
    E(host_connect)                                                                                \
    E(host_connected)                                                                              \
    E(host_accept)                                                                                 \
    E(host_read)                                                                                   \
    E(host_write)                                                                                  \
    E(host_shutdown)                                                                               \
    E(host_close)                                                                                  \
    E(host_poll_add)                                                                               \
    E(host_poll_remove)                                                                            \
    E(host_poll_wait)                                                                              \
    E(host_poll_break)
#define SIM_PROBE_ENTRIES(E)                                                                       \
    E(probe_op)                                                                                    \
    E(probe_refs)                                                                                  \
    E(probe_globals)
#define SIM_CHAN_ENTRIES(E)                                                                        \
    E(probe_channel)                                                                               \
    E(probe_chan_begin)                                                                            \
    E(probe_chan_end)                                                                              \
    E(probe_condition)
#define SIM_ACTOR_ENTRY(E) E(probe_actor)

#define SIM_HOOK(name) __typeof__(name) name __asm__("hook_" #name);
#define SIM_HOOKS(list) list(SIM_HOOK)
