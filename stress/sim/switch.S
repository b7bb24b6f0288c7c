// SPDX-License-Identifier: Apache-2.0
//
// Switching between virtual threads and the engine. Hooks enter the engine through sim_enter, which
// runs a function on the engine's own stack. Whatever thread is current when that function returns
// goes on. The place of hooks (entries.S) changes with the stack: what the engine calls of the
// program, calls hooks too.
//
//   void sim_enter(void (*fn)(void *), void *arg);
//       from a thread's hook stack
//   void sim_start(void);
//       from the engine: runs the current thread; returns after sim_leave
//   void sim_leave(void);
//       from any stack: back out of sim_start
//   void sim_abandon(void);
//       jumped to by signal handlers: runs sim_abandoned on the engine's stack
//
// The order of the pushed registers is known to threads.c (struct initial_frame).

    .set SP, 0 // of struct thread
    .set HOOK_SP, 8

    .text

    .macro SAVE
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    .endm

    .macro RESTORE
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    .endm

    // The current thread.
    .macro GO_ON
    movq sim_current(%rip), %rax
    movq HOOK_SP(%rax), %rcx
    movq %rcx, sim_hook_sp(%rip)
    movq SP(%rax), %rsp
    RESTORE
    retq
    .endm

    .globl sim_enter
    .type sim_enter, @function
sim_enter:
    SAVE
    movq sim_current(%rip), %rax
    movq %rsp, SP(%rax)
    movq sim_hook_sp(%rip), %rcx
    movq %rcx, HOOK_SP(%rax)
    movq sim_engine_hook_sp(%rip), %rcx
    movq %rcx, sim_hook_sp(%rip)
    movq sim_engine_sp(%rip), %rsp
    movq %rdi, %rax
    movq %rsi, %rdi
    callq *%rax
    GO_ON
    .size sim_enter, .-sim_enter

    .globl sim_start
    .type sim_start, @function
sim_start:
    SAVE
    subq $8, %rsp                   // keeps calls made on the engine stack aligned
    movq %rsp, sim_engine_sp(%rip)
    GO_ON
    .size sim_start, .-sim_start

    .globl sim_leave
    .type sim_leave, @function
sim_leave:
    movq sim_engine_hook_sp(%rip), %rcx
    movq %rcx, sim_hook_sp(%rip)
    movq sim_engine_sp(%rip), %rsp
    addq $8, %rsp
    RESTORE
    retq
    .size sim_leave, .-sim_leave

    .globl sim_abandon
    .type sim_abandon, @function
sim_abandon:
    movq sim_engine_hook_sp(%rip), %rcx
    movq %rcx, sim_hook_sp(%rip)
    movq sim_engine_sp(%rip), %rsp
    callq sim_abandoned
    ud2
    .size sim_abandon, .-sim_abandon

    // First instruction of a new thread: %rbx = fn, %r12 = arg, stack 16-byte aligned.
    .globl sim_thread_entry
    .type sim_thread_entry, @function
sim_thread_entry:
    movq %r12, %rdi
    callq *%rbx
    callq host_thread_exit
    ud2
    .size sim_thread_entry, .-sim_thread_entry

    .section .note.GNU-stack,"",@progbits
