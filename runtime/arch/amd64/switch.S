// SPDX-License-Identifier: Apache-2.0
//
// Stack switching on x86-64 (System V). A suspended stack holds, from its saved stack pointer
// upwards: r15 r14 r13 r12 rbx rbp, return address. The thread-local g changes together with the
// stack pointer, so that no instruction sees the one without the other's stack beneath it for
// longer than a move. The executables are never position independent: the thread-local is
// addressed directly.
//
// Calls and returns are kept in balance for the processor's return predictor: the way from mcall
// to gogo is made of jumps, so that the return into the resumed goroutine meets the prediction
// that the call of mcall left (a wrong one costs as much as the rest of the switch).
#include "runtime/arch/amd64/context.h"

    .text

// void arch_gogo(struct gobuf *buf, struct g *gp)
    .globl arch_gogo
    .type arch_gogo, @function
    .p2align 4
arch_gogo:
    movq GOBUF_SP(%rdi), %rsp
    movq %rsi, %fs:rt_tls_g@tpoff
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size arch_gogo, .-arch_gogo

// void arch_mcall(struct gobuf *save, struct g *g0, void *g0_sp, void (*fn)(struct g *), struct g
// *gp)
    .globl arch_mcall
    .type arch_mcall, @function
    .p2align 4
arch_mcall:
    .cfi_startproc
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, GOBUF_SP(%rdi)
    movq %rdx, %rsp
    movq %rsi, %fs:rt_tls_g@tpoff
    .cfi_undefined rip
    xorl %ebp, %ebp
    pushq $arch_mcall_returned
    movq %r8, %rdi
    movq %rcx, %rsi
    jmp mcall_on_g0
    .cfi_endproc
    .size arch_mcall, .-arch_mcall

// What stands below the function that mcall runs, which never returns.
    .type arch_mcall_frame, @function
arch_mcall_frame:
    .cfi_startproc
    .cfi_undefined rip
    nop
arch_mcall_returned:
    call mcall_returned
    ud2
    .cfi_endproc
    .size arch_mcall_frame, .-arch_mcall_frame

// void arch_systemstack(struct g *g0, void *g0_sp, void (*on_g0)(void *), void *arg, struct g *gp)
    .globl arch_systemstack
    .type arch_systemstack, @function
    .p2align 4
arch_systemstack:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register rbp
    pushq %rbx
    .cfi_offset rbx, -24
    movq %r8, %rbx
    movq %rsi, %rsp
    movq %rdi, %fs:rt_tls_g@tpoff
    movq %rcx, %rdi
    call *%rdx
    leaq -8(%rbp), %rsp
    movq %rbx, %fs:rt_tls_g@tpoff
    popq %rbx
    popq %rbp
    .cfi_def_cfa rsp, 8
    ret
    .cfi_endproc
    .size arch_systemstack, .-arch_systemstack

// void arch_g0_enter(struct gobuf *base, void (*fn)(void))
    .globl arch_g0_enter
    .type arch_g0_enter, @function
    .p2align 4
arch_g0_enter:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset rbp, -16
    movq %rsp, GOBUF_SP(%rdi)
    call *%rsi
    ud2
    .cfi_endproc
    .size arch_g0_enter, .-arch_g0_enter

// void arch_gobuf_init(struct gobuf *buf, void *top, void (*fn)(void *), void *arg)
// The first frame: goexit as return address of fn, gostart as what arch_gogo returns to.
    .globl arch_gobuf_init
    .type arch_gobuf_init, @function
    .p2align 4
arch_gobuf_init:
    andq $-16, %rsi
    movq $arch_goexit, -8(%rsi)
    movq $arch_gostart, -16(%rsi)
    movq $0, -24(%rsi)
    movq %rcx, -32(%rsi)
    movq %rdx, -40(%rsi)
    movq $0, -48(%rsi)
    movq $0, -56(%rsi)
    movq $0, -64(%rsi)
    leaq -ARCH_FIRST_FRAME_BYTES(%rsi), %rax
    movq %rax, GOBUF_SP(%rdi)
    ret
    .size arch_gobuf_init, .-arch_gobuf_init

    .type arch_gostart, @function
    .p2align 4
arch_gostart:
    .cfi_startproc
    .cfi_undefined rip
    movq %rbx, %rdi
    jmp *%r12
    .cfi_endproc
    .size arch_gostart, .-arch_gostart

// Where a goroutine's function returns to. The nop is for unwinders, which look up the byte before
// a return address.
    .type arch_goexit_frame, @function
    .p2align 4
arch_goexit_frame:
    .cfi_startproc
    .cfi_undefined rip
    nop
arch_goexit:
    call goexit
    ud2
    .cfi_endproc
    .size arch_goexit_frame, .-arch_goexit_frame

// int arch_catch(struct arch_catch *at, void (*fn)(void *), void *arg)
// The frame of arch_jump is the same: it takes the place of the call.
    .globl arch_catch
    .type arch_catch, @function
    .p2align 4
arch_catch:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register rbp
    pushq %rbx
    .cfi_offset rbx, -24
    pushq %r12
    .cfi_offset r12, -32
    pushq %r13
    .cfi_offset r13, -40
    pushq %r14
    .cfi_offset r14, -48
    pushq %r15
    .cfi_offset r15, -56
    movq %rsp, (%rdi)
    subq $8, %rsp
    movq %rdx, %rdi
    call *%rsi
    xorl %eax, %eax
    addq $8, %rsp
arch_catch_out:
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    .cfi_def_cfa rsp, 8
    ret
    .cfi_endproc
    .size arch_catch, .-arch_catch

// void arch_jump(const struct arch_catch *at)
    .globl arch_jump
    .type arch_jump, @function
    .p2align 4
arch_jump:
    movq (%rdi), %rsp
    movl $1, %eax
    jmp arch_catch_out
    .size arch_jump, .-arch_jump

// Functions that put the registers they must preserve on the stack before anything else, so that
// whoever looks at the stack finds what the caller holds in them, and call \to with the arguments
// they were given and the address of that frame in \at.
    .macro SAVED name, to, at
    .globl \name
    .type \name, @function
    .p2align 4
\name:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, \at
    subq $8, %rsp
    call \to
    addq $48, %rsp // the callee has preserved them
    popq %rbp
    .cfi_def_cfa rsp, 8
    ret
    .cfi_endproc
    .size \name, .-\name
    .endm

// void g0_wait(void (*fn)(void *), void *arg, enum wait_reason reason)
    SAVED g0_wait, g0_wait_at, %rcx
// void rt_entersyscall(void)
    SAVED rt_entersyscall, entersyscall_at, %rdi
// void rt_entersyscallblock(void)
    SAVED rt_entersyscallblock, entersyscallblock_at, %rdi

    .section .note.GNU-stack, "", @progbits
