// SPDX-License-Identifier: Apache-2.0
//
// A small HTTP/1.1 server: a goroutine for each connection, which reads requests one after the
// other and answers each with the same line; `/stats` collects and answers with what the process
// holds. Connections that say nothing for --idle are closed. Interrupted, or after --seconds, it
// closes what is open, waits for the goroutines, and prints what is left.
//
// Connections stand in a list of records that lie on the stacks of their goroutines: who stops the
// server closes all of them. A handle that is closed twice names nothing, so nobody need know who
// was first.
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "runtime/base/atomic.h"
#include "runtime/examples/http/request.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"
#include "runtime/rt_heap.h"
#include "runtime/rt_net.h"
#include "runtime/rt_sync.h"

static const int64_t ms = 1000000, second = 1000000000;
enum { BACKLOG = 4096, ANSWER_BYTES = 512 };

static struct {
    long port, procs, seconds, idle;
} options = {.idle = 30}; // const after main

struct connection {
    int64_t handle;
    struct connection *before, *after; // live.lock
};

static struct {
    struct rt_mutex lock;
    struct connection *first; // lock
    bool stopping;            // lock
    struct rt_waitgroup goroutines;
    atomic_u64 serving; // connections: goroutines that have not ended, as far as they can tell
    atomic_u64 answered;
} live;

static volatile sig_atomic_t interrupted;

// What the process holds ----------------------------------------------------------------------

static int open_descriptors(void)
{
    int n = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return -1;
    for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder))
        n += e->d_name[0] != '.';
    closedir(folder);
    return n - 1; // the folder's own
}

static long resident_kib(void)
{
    long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%ld %ld", &size, &resident) != 2)
        resident = -1;
    if (f != NULL)
        fclose(f);
    return resident * (HOST_PAGE_BYTES / 1024);
}

static int holdings(char *text, size_t bytes)
{
    struct rt_stats goroutines;
    struct rt_mem_stats *memory = rt_new_bytes(sizeof(*memory));
    rt_gc();
    rt_read_mem_stats(memory);
    rt_stats_now(&goroutines);
    return snprintf(text, bytes,
                    "goroutines %" PRIu64 " serving %" PRIu64 " descriptors %d resident_kib %ld"
                    " heap_live %" PRIu64 " answered %" PRIu64 "\n",
                    goroutines.goroutines_created - goroutines.goroutines_ended,
                    load_relaxed(&live.serving), open_descriptors(), resident_kib(),
                    memory->heap_alloc, load_relaxed(&live.answered));
}

// Answers -------------------------------------------------------------------------------------

static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                            "Content-Length: 13\r\n\r\nHello, world\n";
static const char hello_last[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                 "Connection: close\r\nContent-Length: 13\r\n\r\nHello, world\n";
enum { HELLO_BODY_BYTES = 13 };

static bool say(int64_t handle, const char *text, size_t bytes)
{
    return rt_write(handle, text, bytes) == (int64_t)bytes;
}

static bool say_hello(int64_t handle, const struct request *r)
{
    size_t without = r->head ? HELLO_BODY_BYTES : 0;
    return r->keep_alive ? say(handle, hello, sizeof(hello) - 1 - without)
                         : say(handle, hello_last, sizeof(hello_last) - 1 - without);
}

static __attribute__((noinline)) bool say_stats(int64_t handle, const struct request *r)
{
    char body[ANSWER_BYTES / 2], answer[ANSWER_BYTES];
    int bytes = holdings(body, sizeof(body));
    int n = snprintf(answer, sizeof(answer),
                     "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                     "%sContent-Length: %d\r\n\r\n%s",
                     r->keep_alive ? "" : "Connection: close\r\n", bytes, r->head ? "" : body);
    return say(handle, answer, (size_t)n);
}

static __attribute__((noinline)) void refuse(int64_t handle, int status)
{
    static const struct {
        int status;
        const char *words;
    } words[] = {{400, "Bad Request"},       {405, "Method Not Allowed\r\nAllow: GET, HEAD"},
                 {413, "Content Too Large"}, {431, "Request Header Fields Too Large"},
                 {501, "Not Implemented"},   {505, "HTTP Version Not Supported"}};
    char answer[ANSWER_BYTES];
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].status != status)
            continue;
        int n = snprintf(answer, sizeof(answer),
                         "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", status,
                         words[i].words);
        say(handle, answer, (size_t)n);
    }
}

// Connections ---------------------------------------------------------------------------------

struct input {
    char *text;        // of REQUEST_HEAD_BYTES
    size_t n;          // bytes in it
    size_t seen;       // of these: the end of a head is not there
    int64_t idle_from; // when the deadline was last moved
};

// A peer that neither sends nor takes what it is sent is given up. To move a deadline costs more
// than to look at the clock, so it is moved when half of it is over.
static void still_here(int64_t handle, struct input *in)
{
    int64_t now = host_nanotime();
    if (in->idle_from != 0 && now - in->idle_from < options.idle * second / 2)
        return;
    in->idle_from = now;
    rt_set_deadline(handle, RT_READING | RT_WRITING, options.idle * second);
}

// Bytes of the next head, 0: there will be none, or a negative status.
static int64_t next_head(int64_t handle, struct input *in)
{
    for (;;) {
        size_t end = request_end(in->text, in->seen, in->n);
        if (end > 0)
            return (int64_t)end;
        in->seen = in->n;
        if (in->n == REQUEST_HEAD_BYTES)
            return -431;
        still_here(handle, in);
        int64_t n = rt_read(handle, in->text + in->n, REQUEST_HEAD_BYTES - in->n);
        if (n <= 0)
            return 0;
        in->n += (size_t)n;
    }
}

static uint64_t serve(int64_t handle)
{
    struct input in = {.text = rt_new_bytes(REQUEST_HEAD_BYTES)};
    for (uint64_t answered = 0;; answered++) {
        struct request r;
        int64_t end = next_head(handle, &in);
        int status = end > 0 ? request_parse(in.text, (size_t)end, &r) : -(int)end;
        if (status != 200) {
            if (status != 0)
                refuse(handle, status);
            return answered;
        }
        bool stats = r.target_bytes == 6 && memcmp(r.target, "/stats", 6) == 0;
        if (!(stats ? say_stats(handle, &r) : say_hello(handle, &r)) || !r.keep_alive)
            return answered;
        in.n -= (size_t)end;
        in.seen = 0;
        memmove(in.text, in.text + end, in.n);
    }
}

// False: there will be no more connections.
static bool enter(struct connection *c)
{
    rt_mutex_lock(&live.lock);
    bool welcome = !live.stopping;
    if (welcome) {
        c->after = live.first;
        if (c->after != NULL)
            c->after->before = c;
        live.first = c;
    }
    rt_mutex_unlock(&live.lock);
    return welcome;
}

static void leave(struct connection *c)
{
    rt_mutex_lock(&live.lock);
    if (c->before != NULL)
        c->before->after = c->after;
    else
        live.first = c->after;
    if (c->after != NULL)
        c->after->before = c->before;
    rt_mutex_unlock(&live.lock);
}

static void connection(void *handle)
{
    struct connection c = {.handle = (int64_t)(intptr_t)handle};
    if (enter(&c)) {
        add_relaxed(&live.answered, serve(c.handle));
        leave(&c);
    }
    rt_close(c.handle);
    sub_relaxed(&live.serving, 1);
    rt_waitgroup_done(&live.goroutines);
}

// When the machine has no room for a connection it waits in line, for longer each time.
static void accepts(void *listener)
{
    // thousands of stacks cost what their page tables cost, so they stand close together
    static const struct rt_go_attr small = {.stack_bytes = 64 << 10};
    bool told = false;
    int64_t pause = 0, c;
    while ((c = rt_accept((int64_t)(intptr_t)listener)) != -ECANCELED && c != -EBADF) {
        if (c >= 0) {
            pause = 0;
            rt_waitgroup_add(&live.goroutines, 1);
            add_relaxed(&live.serving, 1);
            rt_go_with(&small, connection, (void *)(intptr_t)c);
            continue;
        }
        if (!told)
            fprintf(stderr, "http_responder: cannot accept: %s; connections wait\n",
                    strerror((int)-c));
        told = true;
        pause = pause == 0 ? 5 * ms : pause < second / 2 ? 2 * pause : second;
        rt_sleep(pause);
    }
    rt_waitgroup_done(&live.goroutines);
}

static void stop(int64_t listener)
{
    rt_close(listener);
    rt_mutex_lock(&live.lock);
    live.stopping = true;
    for (struct connection *c = live.first; c != NULL; c = c->after)
        rt_close(c->handle);
    rt_mutex_unlock(&live.lock);
    rt_waitgroup_wait(&live.goroutines);
}

static void run(void *unused)
{
    (void)unused;
    char text[ANSWER_BYTES];
    snprintf(text, sizeof(text), "tcp:127.0.0.1:%ld", options.port);
    int64_t listener = rt_listen(text, BACKLOG);
    if (listener < 0) {
        fprintf(stderr, "http_responder: %s: %s\n", text, strerror((int)-listener));
        exit(2);
    }
    printf("listening on 127.0.0.1:%d\n", rt_port(listener));
    fflush(stdout);
    rt_waitgroup_add(&live.goroutines, 1);
    rt_go(accepts, (void *)(intptr_t)listener);
    int64_t end = host_nanotime() + options.seconds * second;
    while (!interrupted && (options.seconds == 0 || host_nanotime() < end))
        rt_sleep(20 * ms);
    stop(listener);
    holdings(text, sizeof(text));
    fputs(text, stdout);
    fflush(stdout);
}

// The command line ----------------------------------------------------------------------------

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static long number(const char *text, long most, struct argp_state *state)
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != 0 || errno != 0 || n > most)
        argp_error(state, "'%s' is not a number from 0 to %ld", text, most);
    return n;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    switch (key) {
    case 'p':
        options.port = number(text, 65535, state);
        return 0;
    case 'n':
        options.procs = number(text, 256, state);
        return 0;
    case 's':
        options.seconds = number(text, 1000000, state);
        return 0;
    case 'i':
        options.idle = number(text, 1000000, state);
        if (options.idle == 0)
            argp_error(state, "--idle: at least 1 second");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

// As many connections as the system lets this process have.
static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    static const struct argp_option list[] = {
        {"port", 'p', "N", 0, "Of 127.0.0.1 (default 0: any that is free)", 0},
        {"procs", 'n', "N", 0,
         "Goroutines that may run at the same time (default 0: as many as "
         "processors)",
         0},
        {"seconds", 's', "N", 0, "Ends after that (default 0: when interrupted)", 0},
        {"idle", 'i', "SECONDS", 0, "Closes connections that do nothing for so long (default 30)",
         0},
        {0},
    };
    static const struct argp argp = {list, parse, NULL, "Answers HTTP requests.", 0, 0, 0};
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    raise_limit();
    // a goroutine's stack may have no room for the frame of a handler
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_ONSTACK | SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    struct rt_config config = {.procs = (int32_t)options.procs};
    rt_main(&config, run, NULL);
}
