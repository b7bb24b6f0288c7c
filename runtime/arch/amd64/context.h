// SPDX-License-Identifier: Apache-2.0
//
// The saved context of a goroutine on x86-64 and the four switches over it. Included by assembly
// for the offsets. Callee-saved registers lie on the goroutine's own stack, the stack pointer in
// the gobuf; the control words of x87 and SSE belong to the thread: a goroutine that changes
// rounding modes puts them back before it calls the runtime (saving them costs as much as all the
// rest of a switch).
#pragma once

#define GOBUF_SP 0
#define GOBUF_BYTES 8
// What arch_gobuf_init puts on an empty stack.
#define ARCH_FIRST_FRAME_BYTES 64

// How far below the stack pointer an instruction may touch its stack: the red zone and a push.
#define ARCH_BELOW_SP (128 + 8)

#ifndef __ASSEMBLER__

#include <stddef.h>

struct g;

struct gobuf {
    void *sp; // written by the g0 that switches away, read by the g0 that switches to it; by the
              // goroutine itself before it is looked at while it waits on g0
};

// What a caller may hold in the registers that functions preserve. Taken where a function begins:
// in the middle of it the compiler may have put some of them on its stack already.
struct arch_saved {
    void *r15, *r14, *r13, *r12, *rbx, *rbp;
};
// As it lies on the stack during the call of a function that begins so (see SAVED in switch.S).
struct arch_frame {
    struct arch_saved saved;
    void *ret;
};

_Static_assert(offsetof(struct gobuf, sp) == GOBUF_SP, "switch.S");
_Static_assert(sizeof(struct gobuf) == GOBUF_BYTES, "switch.S");

// Resumes *buf as gp. The calling stack is abandoned: it does not return, but is not declared so,
// because compilers then jump to it instead of calling it (see switch.S). The same holds for gogo
// and schedule.
void arch_gogo(struct gobuf *buf, struct g *gp);
// Saves the caller in *save and calls mcall_on_g0(gp, fn) on the stack that ends at g0_sp, as g0.
// Returns when some thread resumes *save.
void arch_mcall(struct gobuf *save, struct g *g0, void *g0_sp, void (*fn)(struct g *),
                struct g *gp);
// Calls on_g0(arg) on the stack that ends at g0_sp, as g0, and returns as gp.
void arch_systemstack(struct g *g0, void *g0_sp, void (*on_g0)(void *), void *arg, struct g *gp);
// Stores in *base where the calling thread's g0 stack begins and calls fn on it.
_Noreturn void arch_g0_enter(struct gobuf *base, void (*fn)(void));
// Makes *buf a context that calls fn(arg) on the stack that ends at `top`; fn returns to goexit.
void arch_gobuf_init(struct gobuf *buf, void *top, void (*fn)(void *), void *arg);

// Where arch_jump goes to.
struct arch_catch {
    void *sp; // the callee-saved registers and the return address of arch_catch lie from here on
};
// Calls fn(arg) and returns 0 when it returns; 1 when arch_jump(at) is called before that, on the
// same stack, below it. No arch_jump after it has returned.
int arch_catch(struct arch_catch *at, void (*fn)(void *), void *arg);
_Noreturn void arch_jump(const struct arch_catch *at);

// n words upwards, each read and written whole, as acquire loads and release stores would. Not
// where a sanitizer must see them.
#if __has_feature(thread_sanitizer)
enum { ARCH_MOVE_WORDS = 0 };
#else
enum { ARCH_MOVE_WORDS = 1 };
#endif
static inline void arch_move_words(void *to, const void *from, size_t n)
{
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

#endif
