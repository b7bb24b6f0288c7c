// SPDX-License-Identifier: Apache-2.0
//
// The operations of the workload language, one row each: constant, word, first and second argument.
// The parser, the printer and the interpreter are driven by this table; a new operation is one row
// here and one function op_WORD in interp.c. Argument kinds are explained in text.c (arg_*).
#pragma once

// clang-format off
#define WORKLOAD_OPS(OP)            \
    OP(GO,     go,     BODY,     COUNT)  /* starts N instances of a goroutine */                   \
    OP(YIELD,  yield,  NONE,     NONE)                                                             \
    OP(PARK,   park,   NONE,     NONE)   /* sleeps until it has a permit, and takes it */          \
    OP(READY,  ready,  INSTANCE, NONE)   /* gives a goroutine its permit; at most one is kept */   \
    OP(SLEEP,  sleep,  DURATION, NONE)                                                             \
    OP(WORK,   work,   DURATION, NONE)   /* computes for that long, holding its p */               \
    OP(BUSY,   busy,   DURATION, NONE)   /* the same in ten parts, a preemption point after each */\
    OP(POINT,  point,  NONE,     NONE)   /* a preemption point */                                  \
    OP(PREEMPT, preempt, INSTANCE, NONE) /* asks a goroutine to give way */                        \
    OP(SUSPEND, suspend, INSTANCE, NONE) /* makes another goroutine stand still for a moment */    \
    OP(SYSCALL, syscall, DURATION, NONE) /* sleeps in a system call, the p left behind */          \
    OP(BLOCKCALL, blockcall, DURATION, NONE) /* the same, the p handed on at once */               \
    OP(LOCKTHREAD, lockthread, NONE, NONE)   /* ties the goroutine to its thread, once more */     \
    OP(UNLOCKTHREAD, unlockthread, NONE, NONE)                                                     \
    OP(STW,    stw,    VARIABLE, NONE)   /* plain increment while the world is stopped */          \
    OP(SETPROCS, setprocs, PROCS, NONE)  /* as many p's from now on */                             \
    OP(STATS,  stats,  NONE,     NONE)   /* has every p say what it has counted */                 \
    OP(DEEP,   deep,   TIMES,    NONE)   /* calls itself so deep, yields there, and comes back */  \
    OP(SHRINK, shrink, INSTANCE, NONE)   /* takes unused stack from a goroutine that waits */      \
    OP(LOOP,   loop,   TIMES,    NONE)                                                             \
    OP(END,    end,    NONE,     NONE)                                                             \
    OP(WAIT,   wait,   NONE,     NONE)   /* main only: until all that were started have ended */   \
    OP(EXIT,   exit,   NONE,     NONE)   /* ends the goroutine here; not in main */                \
    OP(SET,    set,    VARIABLE, VALUE)  /* plain store */                                         \
    OP(GET,    get,    VARIABLE, NONE)   /* plain load */                                          \
    OP(ADD,    add,    VARIABLE, VALUE)  /* atomic addition */                                     \
    OP(EXPECT, expect, VARIABLE, VALUE)  /* the program is at fault when the variable differs */
// clang-format on
