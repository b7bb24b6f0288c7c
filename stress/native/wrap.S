// SPDX-License-Identifier: Apache-2.0
//
// Between instrumented code and ThreadSanitizer: each atomic operation is first told to wrap_before
// (wrap.c), then goes on where it was meant to go, with all that it came with. The way on is a jump:
// ThreadSanitizer takes its caller's address for the place of the access, and that must be the
// program's. Linked with --wrap=__tsan_... for each of these names (BUILD).

    .text

    // kind: of enum wrap_kind. The first argument is the word, but for a fence.
    .macro WRAP name, kind
    .globl __wrap___tsan_\name
    .type __wrap___tsan_\name, @function
    .p2align 4
__wrap___tsan_\name:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %r8
    pushq %r9
    movq %rdi, %rsi
    movl $\kind, %edi
    movq %rbp, %rdx
    callq wrap_before
    popq %r9
    popq %r8
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    popq %rbp
    .cfi_def_cfa %rsp, 8
    jmp __real___tsan_\name
    .cfi_endproc
    .size __wrap___tsan_\name, .-__wrap___tsan_\name
    .endm

    .irp bits, 8, 16, 32, 64, 128
    WRAP atomic\bits\()_load, 0
    WRAP atomic\bits\()_store, 1
    .irp name, exchange, fetch_add, fetch_sub, fetch_and, fetch_or, fetch_xor, fetch_nand
    WRAP atomic\bits\()_\name, 2
    .endr
    .irp name, strong, weak, val
    WRAP atomic\bits\()_compare_exchange_\name, 3
    .endr
    .endr
    WRAP atomic_thread_fence, 4

    // Where a call of the program returns to instead, when a signal's handler wants a call made there:
    // it is made on the program's stack, and may go on on another thread.
    .globl wrap_injects
    .type wrap_injects, @function
    .p2align 4
wrap_injects:
    pushq $0
    pushq %rbp
    movq %rsp, %rbp
    pushq %rax
    pushq %rdx
    leaq 8(%rbp), %rdi
    callq wrap_injected
    callq *%rax
    popq %rdx
    popq %rax
    popq %rbp
    retq
    .size wrap_injects, .-wrap_injects

    .section .note.GNU-stack,"",@progbits
