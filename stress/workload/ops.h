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
    OP(COMPUTE,      compute,      DURATION, NONE,     NONE) /* likewise, only signals reach it */ \
    OP(POINT,        point,        NONE,     NONE,     NONE) /* a preemption point */              \
    OP(PREEMPT,      preempt,      INSTANCE, NONE,     NONE) /* asks it to give way */             \
    OP(SUSPEND,      suspend,      INSTANCE, NONE,     NONE) /* makes it stand still shortly */    \
    OP(SYSCALL,      syscall,      DURATION, NONE,     NONE) /* sleeps, its p left behind */       \
    OP(DEEPCALL,     deepcall,     TIMES,    NONE,     NONE) /* likewise, its C code so deep */    \
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
    OP(STALE,        stale,        REF,      NONE,     NONE) /* what was left is a word again */   \
    OP(HOLD,         hold,         REF,      NONE,     NONE) /* in a register, for the next one */ \
    OP(PAST,         past,         REF,      NONE,     NONE) /* keeps the address behind it */     \
    OP(LOOK,         look,         REF,      NONE,     NONE) /* it must be what it was */          \
    OP(GLOBAL,       global,       GLOBAL,   REF,      NONE) /* a registered global */             \
    OP(FETCH,        fetch,        REF,      GLOBAL,   NONE)                                       \
    OP(WEAK,         weak,         WEAK,     REF,      NONE) /* a weak handle in a global */       \
    OP(WEAKGET,      weakget,      REF,      WEAK,     NONE)                                       \
    OP(FINALIZER,    finalizer,    REF,      NONE,     NONE) /* looks at the object at its end */  \
    OP(CHAN,         chan,         CHANNEL,  ROOM,     NONE) /* main: makes it, N slots */         \
    OP(SEND,         send,         CHANNEL,  NONE,     NONE) /* a value of its own */              \
    OP(RECV,         recv,         CHANNEL,  NONE,     NONE)                                       \
    OP(TRYSEND,      trysend,      CHANNEL,  NONE,     NONE) /* without waiting */                 \
    OP(TRYRECV,      tryrecv,      CHANNEL,  NONE,     NONE)                                       \
    OP(CLOSE,        close,        CHANNEL,  NONE,     NONE)                                       \
    OP(GIVE,         give,         CHANNEL,  REF,      NONE) /* sends what REF refers to */        \
    OP(TAKE,         take,         REF,      CHANNEL,  NONE) /* receives it */                     \
    OP(CASE_SEND,    case_send,    CHANNEL,  NONE,     NONE) /* a case of the next select */       \
    OP(CASE_RECV,    case_recv,    CHANNEL,  NONE,     NONE)                                       \
    OP(CASE_GIVE,    case_give,    CHANNEL,  REF,      NONE) /* sends what REF refers to */        \
    OP(CASE_TAKE,    case_take,    REF,      CHANNEL,  NONE) /* receives it */                     \
    OP(OTHERWISE,    otherwise,    NONE,     NONE,     NONE) /* the next select does not wait */   \
    OP(SELECT,       select,       NONE,     NONE,     NONE) /* one of its cases */                \
    OP(LOCK,         lock,         LOCK,     NONE,     NONE) /* unless it holds it */              \
    OP(TRYLOCK,      trylock,      LOCK,     NONE,     NONE)                                       \
    OP(UNLOCK,       unlock,       LOCK,     NONE,     NONE) /* if it holds it */                  \
    OP(RLOCK,        rlock,        LOCK,     NONE,     NONE) /* for reading */                     \
    OP(RUNLOCK,      runlock,      LOCK,     NONE,     NONE)                                       \
    OP(WLOCK,        wlock,        LOCK,     NONE,     NONE) /* for writing */                     \
    OP(WUNLOCK,      wunlock,      LOCK,     NONE,     NONE)                                       \
    OP(WGADD,        wgadd,        LOCK,     VALUE,    NONE) /* a wait group */                    \
    OP(WGDONE,       wgdone,       LOCK,     NONE,     NONE)                                       \
    OP(WGWAIT,       wgwait,       LOCK,     NONE,     NONE)                                       \
    OP(ONCE,         once,         LOCK,     VARIABLE, NONE) /* adds 1 plainly, once */            \
    OP(CONDWAIT,     condwait,     LOCK,     NONE,     NONE) /* until there is a unit; takes it */ \
    OP(CONDSIGNAL,   condsignal,   LOCK,     NONE,     NONE) /* adds a unit, wakes one */          \
    OP(CONDALL,      condall,      LOCK,     VALUE,    NONE) /* adds N units, wakes all */         \
    OP(UNWIND,       unwind,       CALLS,    NONE,     NONE) /* panics so deep, recovers */        \
    OP(GOEXIT,       goexit,       CALLS,    NONE,     NONE) /* ends so deep; not in main */       \
    OP(GC,           gc,           NONE,     NONE,     NONE) /* a whole collection */              \
    OP(GCPERCENT,    gcpercent,    LIMIT,    NONE,     NONE)                                       \
    OP(MEMLIMIT,     memlimit,     LIMIT,    NONE,     NONE)                                       \
    OP(TIMER,        timer,        TIMER,    DURATION, NONE) /* gives a permit to who started it */\
    OP(TICKER,       ticker,       TIMER,    DURATION, NONE) /* again and again */                 \
    OP(TIMERREF,     timerref,     TIMER,    DURATION, REF)  /* looks at what REF refers to */     \
    OP(TIMERRESET,   timerreset,   TIMER,    DURATION, NONE) /* fires then instead */              \
    OP(TIMERSTOP,    timerstop,    TIMER,    NONE,     NONE)                                       \
    OP(PIPE,         pipe,         PIPE,     NONE,     NONE) /* opens both ends */                 \
    OP(PAIR,         pair,         PIPE,     NONE,     NONE) /* a socket pair */                   \
    OP(LISTEN,       listen,       PIPE,     NONE,     NONE) /* on the loopback */                 \
    OP(DIAL,         dial,         PIPE,     OTHER,    NONE) /* the far end of OTHER connects */   \
    OP(ACCEPT,       accept,       PIPE,     OTHER,    NONE) /* the near end of OTHER */           \
    OP(WRITE,        write,        PIPE,     COUNT,    NONE) /* so many bytes, at the far end */   \
    OP(READ,         read,         PIPE,     COUNT,    NONE) /* so many, at the near end */        \
    OP(WRITEBACK,    writeback,    PIPE,     COUNT,    NONE) /* the other way round */             \
    OP(READBACK,     readback,     PIPE,     COUNT,    NONE)                                       \
    OP(DEADLINE,     deadline,     PIPE,     DURATION, NONE) /* of both ends, both ways */         \
    OP(NODEADLINE,   nodeadline,   PIPE,     NONE,     NONE)                                       \
    OP(HANGUP,       hangup,       PIPE,     NONE,     NONE) /* the near end */                    \
    OP(HANGUPBACK,   hangupback,   PIPE,     NONE,     NONE) /* the far end */                     \
    OP(CALL,         call,         STEP,     COUNT,    NONE) /* of a program in C: steps.h */      \
    OP(UNLOCKLATER,  unlocklater,  LOCK,     DURATION, NONE) /* a timer does it then */            \
    OP(TIMERIN,      timerin,      REF,      DURATION, NONE) /* one that lies in it looks at it */
// clang-format on
