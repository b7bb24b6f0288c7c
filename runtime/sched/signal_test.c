// SPDX-License-Identifier: Apache-2.0
//
// Signals of the program arrive in every state of a thread: a handler that was installed by plain
// sigaction is sent to all threads again and again, while goroutines do all that they can do
// (storm.h). Nothing may be lost, end early or fail, and the handler must never stand on a
// goroutine's stack. Native only: ThreadSanitizer postpones handlers and runs them where it likes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "runtime/sched/death.h"
#include "runtime/sched/storm.h"

enum { SIGNALS = 10000, PAUSE_NS = 20000, MAIN_STACK_BYTES = 8 << 20 };

// The handler ---------------------------------------------------------------------------------

static uintptr_t main_stack; // const after the start: an address near its upper end
static atomic_u32 handled, handled_on_own, misplaced;
static _Thread_local char near_stack; // libc puts thread-locals above the stack of a thread

// On the thread's signal stack, or, where that has none (yet), on the stack that its creator gave
// it. Everything else is somebody's: a goroutine's.
static bool well_placed(uintptr_t at)
{
    stack_t s;
    if (sigaltstack(NULL, &s) != 0)
        return false;
    if ((s.ss_flags & SS_ONSTACK) != 0)
        return at - (uintptr_t)s.ss_sp < s.ss_size;
    add_relaxed(&handled_on_own, 1);
    if (syscall(SYS_gettid) == getpid())
        return main_stack - at < MAIN_STACK_BYTES;
    return (uintptr_t)&near_stack - at < G0_STACK_BYTES;
}

static void on_signal(int sig)
{
    (void)sig;
    int saved = errno;
    char here = 0;
    if (!well_placed((uintptr_t)&here))
        add_relaxed(&misplaced, 1);
    add_relaxed(&handled, 1);
    errno = saved;
}

static void install(int flags)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = flags};
    sigemptyset(&sa.sa_mask);
    if (sigaction(SIGUSR1, &sa, NULL) != 0)
        abort();
}

// The sender ----------------------------------------------------------------------------------

// One to each thread but the sender.
static void send_to_all(pid_t self)
{
    DIR *dir = opendir("/proc/self/task");
    if (dir == NULL)
        abort();
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        pid_t tid = (pid_t)strtol(e->d_name, NULL, 10);
        // one that has ended meanwhile gets none
        if (tid > 0 && tid != self)
            syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
    }
    closedir(dir);
}

static void *send_signals(void *unused)
{
    (void)unused;
    pid_t self = (pid_t)syscall(SYS_gettid);
    for (;;) {
        send_to_all(self);
        host_sleep(PAUSE_NS);
    }
}

static void start_sender(int flags)
{
    char here = 0;
    main_stack = (uintptr_t)&here + 4096;
    install(flags);
    pthread_t thread;
    if (pthread_create(&thread, NULL, send_signals, NULL) != 0)
        abort();
}

// In a storm ----------------------------------------------------------------------------------

static bool all_handled(void)
{
    if (load_relaxed(&misplaced) != 0)
        rt_fatal("a handler ran on a goroutine's stack");
    return load_relaxed(&handled) >= SIGNALS;
}

static int flags_of_handler;

static void storm_with_signals(void)
{
    start_sender(flags_of_handler);
    storm_weather(1, all_handled);
}

static void holds_in_a_storm(int flags)
{
    static char text[16384];
    flags_of_handler = flags;
    int status = death_of(storm_with_signals, text, sizeof(text));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("wait status %#x\n%s", (unsigned)status, text);
}

static void signals_lose_nothing(void **state)
{
    (void)state;
    holds_in_a_storm(SA_ONSTACK | SA_RESTART);
}

static void interrupted_system_calls_lose_nothing(void **state)
{
    (void)state;
    holds_in_a_storm(SA_ONSTACK);
}

// Waiting with a limit ------------------------------------------------------------------------

// Interrupted hundreds of times, they still end when their time is up: neither before nor, because
// each interruption begins it anew, never.
enum { LIMIT_NS = 30 * 1000 * 1000 };

static void note_times_out(void)
{
    static struct note never;
    noteclear(&never);
    if (notetsleep(&never, LIMIT_NS))
        rt_fatal("notetsleep: woken by nobody");
}

static void sleeps(void)
{
    host_sleep(LIMIT_NS);
}

static void rt_sleeps(void)
{
    rt_sleep(LIMIT_NS);
}

static void check_limit(void (*wait)(void))
{
    uint32_t before = load_relaxed(&handled);
    int64_t from = host_nanotime();
    wait();
    storm_check(host_nanotime() - from >= LIMIT_NS);
    storm_check(load_relaxed(&handled) - before > 1);
}

static void limits(void *unused)
{
    (void)unused;
    check_limit(rt_sleeps); // the poller: with one p, the only m that runs goroutines
    rt_entersyscall();
    check_limit(sleeps);
    check_limit(note_times_out);
    rt_exitsyscall();
    storm_check(load_relaxed(&misplaced) == 0);
}

static void limits_with_signals(void)
{
    alarm(30); // one that begins anew each time never ends
    start_sender(SA_ONSTACK);
    const struct rt_config config = {.procs = 1};
    rt_main(&config, limits, NULL);
}

static void waits_with_a_limit_end_in_time(void **state)
{
    (void)state;
    static char text[16384];
    int status = death_of(limits_with_signals, text, sizeof(text));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("wait status %#x\n%s", (unsigned)status, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_lose_nothing),
        cmocka_unit_test(interrupted_system_calls_lose_nothing),
        cmocka_unit_test(waits_with_a_limit_end_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
