// SPDX-License-Identifier: Apache-2.0
//
// The operations of the workload language, one row each: constant, word, up to three arguments.
// The parser, the printer and the interpreter are driven by this table; a new operation is one row
// here and one function op_WORD in interp.c. Argument kinds are explained in text.c (arg_*).
#pragma once

// clang-format off
#define WORKLOAD_OPS(OP)                                                                           \
    OP(GO,           go,           BODY,     COUNT,    NONE) /* starts N goroutines */             \
    OP(YIELD,        yield,        NONE,     NONE,     NONE)                                       \
    OP(PARK,         park,         NONE,     NONE,     NONE) /* until it has a permit */           \
    OP(READY,        ready,        INSTANCE, NONE,     NONE) /* gives it a permit */               \
    OP(SLEEP,        sleep,        DURATION, NONE,     NONE)                                       \
    OP(WORK,         work,         DURATION, NONE,     NONE) /* computes, holding its p */         \
    OP(BUSY,         busy,         DURATION, NONE,     NONE) /* likewise, points between */        \
    OP(POINT,        point,        NONE,     NONE,     NONE) /* a preemption point */              \
    OP(PREEMPT,      preempt,      INSTANCE, NONE,     NONE) /* asks it to give way */             \
    OP(SUSPEND,      suspend,      INSTANCE, NONE,     NONE) /* makes it stand still shortly */    \
    OP(SYSCALL,      syscall,      DURATION, NONE,     NONE) /* sleeps, its p left behind */       \
    OP(BLOCKCALL,    blockcall,    DURATION, NONE,     NONE) /* likewise, the p handed on */       \
    OP(LOCKTHREAD,   lockthread,   NONE,     NONE,     NONE) /* ties it to its thread */           \
    OP(UNLOCKTHREAD, unlockthread, NONE,     NONE,     NONE)                                       \
    OP(STW,          stw,          VARIABLE, NONE,     NONE) /* adds 1 in a stopped world */       \
    OP(SETPROCS,     setprocs,     PROCS,    NONE,     NONE) /* so many p's from now on */         \
    OP(STATS,        stats,        NONE,     NONE,     NONE) /* every p says what it counted */    \
    OP(DEEP,         deep,         TIMES,    NONE,     NONE) /* calls itself so deep */            \
    OP(SHRINK,       shrink,       INSTANCE, NONE,     NONE) /* takes its unused stack away */     \
    OP(LOOP,         loop,         TIMES,    NONE,     NONE)                                       \
    OP(END,          end,          NONE,     NONE,     NONE)                                       \
    OP(WAIT,         wait,         NONE,     NONE,     NONE) /* main: until all others ended */    \
    OP(EXIT,         exit,         NONE,     NONE,     NONE) /* ends here; not in main */          \
    OP(SET,          set,          VARIABLE, VALUE,    NONE) /* plain store */                     \
    OP(GET,          get,          VARIABLE, NONE,     NONE) /* plain load */                      \
    OP(ADD,          add,          VARIABLE, VALUE,    NONE) /* atomic addition */                 \
    OP(EXPECT,       expect,       VARIABLE, VALUE,    NONE) /* or the program is at fault */      \
    OP(PASS,         pass,         BODY,     REF,      NONE) /* go, and it holds what REF does */  \
    OP(NEW,          new,          REF,      SLOTS,    NONE) /* an object with so many slots */    \
    OP(BIG,          big,          REF,      BYTES,    NONE) /* a large one without slots */       \
    OP(TINY,         tiny,         TIMES,    NONE,     NONE) /* so many below 16 bytes, dropped */ \
    OP(CRUMBS,       crumbs,       SLOTS,    NONE,     NONE) /* likewise, kept over a yield */     \
    OP(LINK,         link,         REF,      SLOT,     REF)  /* the slot refers to the second */   \
    OP(UNLINK,       unlink,       REF,      SLOT,     NONE) /* the slot is NULL */                \
    OP(LOAD,         load,         REF,      REF,      SLOT) /* what the second's slot holds */    \
    OP(DROP,         drop,         REF,      NONE,     NONE) /* refers to nothing */               \
    OP(HIDE,         hide,         REF,      NONE,     NONE) /* is left as an integer only */      \
    OP(PAST,         past,         REF,      NONE,     NONE) /* keeps the address behind it */     \
    OP(LOOK,         look,         REF,      NONE,     NONE) /* it must be what it was */          \
    OP(GLOBAL,       global,       GLOBAL,   REF,      NONE) /* a registered global */             \
    OP(FETCH,        fetch,        REF,      GLOBAL,   NONE)                                       \
    OP(WEAK,         weak,         WEAK,     REF,      NONE) /* a weak handle in a global */       \
    OP(WEAKGET,      weakget,      REF,      WEAK,     NONE)                                       \
    OP(FINALIZER,    finalizer,    REF,      NONE,     NONE) /* looks at the object at its end */  \
    OP(GC,           gc,           NONE,     NONE,     NONE) /* a whole collection */              \
    OP(GCPERCENT,    gcpercent,    LIMIT,    NONE,     NONE)                                       \
    OP(MEMLIMIT,     memlimit,     LIMIT,    NONE,     NONE)
// clang-format on
