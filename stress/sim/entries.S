// SPDX-License-Identifier: Apache-2.0
//
// Where the program enters the engine. An entry leaves two words on the program's stack, the return
// address and the caller's frame pointer, and goes on with its hook (a C function) on the hook
// stack of the virtual thread. So no word that the engine writes for itself comes to lie in a stack
// of the program, whatever the engine does this time and however it was compiled: a frame of the
// program may later have room there that it has not written, and a collector takes what it reads
// there for a pointer.
//
//     program's stack            hook stack
//     ...                        | frame of the hook's caller (this file)
//     return address             | struct sim_hook_frame *  <- sim_hook_sp[-1]
//     frame pointer   <----------+ return address into this file
//                                | frames of the hook, of sim_enter
//
// The two words are a frame like any other (struct sim_hook_frame), so frame pointers lead from the
// hook to the program, for debuggers and profilers.
//
// sim_hook_sp is the running virtual thread's; switch.S exchanges it. Whoever runs code of the
// program in the middle of a hook sets it to a free place meanwhile (watchdog.c).

#include "stress/sim/entries.h"

    .text

    // pc, frame: registers in which the hook gets the return address, and where it lies.
    // argument=1: the last argument lies on the program's stack.
    .macro ENTRY name, hook, pc=, frame=, argument=0
    .globl \name
    .type \name, @function
    .p2align 4
\name:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    movq sim_hook_sp(%rip), %rsp
    pushq %rbp
    .ifnb \pc
    movq 8(%rbp), \pc
    .endif
    .ifnb \frame
    movq %rbp, \frame
    .endif
    .if \argument
    pushq $0
    pushq 16(%rbp)
    .endif
    callq \hook
    leave
    .cfi_def_cfa %rsp, 8
    retq
    .cfi_endproc
    .size \name, .-\name
    .endm

    .macro TSAN names:vararg
    .irp name, \names
    ENTRY __tsan_\name, hook_\name
    .endr
    .endm

    .macro ATOMICS bits, pc
    ENTRY __tsan_atomic\bits\()_load, hook_atomic\bits\()_load, pc=%rdx
    .irp name, store, exchange, fetch_add, fetch_sub, fetch_and, fetch_or, fetch_xor, fetch_nand
    ENTRY __tsan_atomic\bits\()_\name, hook_atomic\bits\()_\name, pc=\pc
    .endr
    .endm

    // Behind their quick paths (quick.c), by a jump.
    ENTRY sim_entry_func_entry, hook_func_entry, frame=%rsi
    .irp what, read, write
    .irp size, 1, 2, 4, 8
    ENTRY sim_entry_\what\size, hook_\what\size, pc=%rsi
    .endr
    ENTRY __tsan_\what\()16, hook_\what\()16, pc=%rsi
    .endr

    TSAN testonly_shadow_stack_current_size
    TSAN ignore_thread_begin, ignore_thread_end

    .irp what, read_write, volatile_read, volatile_write
    .irp size, 1, 2, 4, 8, 16
    ENTRY __tsan_\what\size, hook_\what\size, pc=%rsi
    .endr
    .endr
    .irp what, read, write, read_write, volatile_read, volatile_write
    .irp size, 1, 2, 4, 8, 16
    ENTRY __tsan_unaligned_\what\size, hook_unaligned_\what\size, pc=%rsi
    .endr
    .endr
    TSAN read_range, write_range, memset, memcpy, memmove

    .irp bits, 8, 16, 32, 64
    ATOMICS \bits, %rcx
    .irp name, compare_exchange_strong, compare_exchange_weak, compare_exchange_val
    ENTRY __tsan_atomic\bits\()_\name, hook_atomic\bits\()_\name, pc=%r9
    .endr
    .endr
    ATOMICS 128, %r8
    TSAN atomic128_compare_exchange_strong, atomic128_compare_exchange_weak
    ENTRY __tsan_atomic128_compare_exchange_val, hook_atomic128_compare_exchange_val, argument=1
    TSAN atomic_thread_fence, atomic_signal_fence

    TSAN get_current_fiber, create_fiber, destroy_fiber, switch_to_fiber
    TSAN java_init, java_alloc, java_free

#define HOOK_ENTRY(name) ENTRY name, hook_##name;
    SIM_HOST_ENTRIES(HOOK_ENTRY)
    SIM_DESCRIPTOR_ENTRIES(HOOK_ENTRY)
    SIM_PROBE_ENTRIES(HOOK_ENTRY)
    SIM_CHAN_ENTRIES(HOOK_ENTRY)
    SIM_ACTOR_ENTRY(HOOK_ENTRY)

    // Where a hook returns to instead, when a signal's handler wants a call made between two
    // instructions of the program (interrupt.c): the call is made on the program's stack, below the
    // return address, and the program goes on there with what the hook has returned. It may do so
    // on another thread.
    .set INJECTED, 16 // of struct thread
    .globl sim_hook_injects
    .type sim_hook_injects, @function
    .p2align 4
sim_hook_injects:
    .cfi_startproc
    .cfi_def_cfa %rbp, 16
    .cfi_offset %rbp, -16
    leave
    .cfi_def_cfa %rsp, 8
    pushq %rbp
    .cfi_def_cfa_offset 16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    pushq %rax
    pushq %rdx
    movq sim_current(%rip), %rcx
    movq INJECTED(%rcx), %rax
    movq $0, INJECTED(%rcx)
    callq *%rax
    popq %rdx
    popq %rax
    leave
    .cfi_def_cfa %rsp, 8
    retq
    .cfi_endproc
    .size sim_hook_injects, .-sim_hook_injects

    .section .note.GNU-stack,"",@progbits
