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
    OP(LOOP,   loop,   TIMES,    NONE)                                                             \
    OP(END,    end,    NONE,     NONE)                                                             \
    OP(WAIT,   wait,   NONE,     NONE)   /* main only: until all that were started have ended */   \
    OP(EXIT,   exit,   NONE,     NONE)   /* ends the goroutine here; not in main */                \
    OP(SET,    set,    VARIABLE, VALUE)  /* plain store */                                         \
    OP(GET,    get,    VARIABLE, NONE)   /* plain load */                                          \
    OP(ADD,    add,    VARIABLE, VALUE)  /* atomic addition */                                     \
    OP(EXPECT, expect, VARIABLE, VALUE)  /* the program is at fault when the variable differs */
// clang-format on
