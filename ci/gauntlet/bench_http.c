// SPDX-License-Identifier: Apache-2.0
//
// Figures of a server under load: runtime/examples/http/responder.c and its peer in Go, asked by
// wrk, a load generator that is not ours. Both run all the time; wrk turns from one to the other,
// so that both have the same machine. Rejected: rows of one program after those of the other (a
// machine that others use changes meanwhile).
#include "ci/gauntlet/bench.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"
#include "stress/bench/child.h"

// A slice of the load takes so many slices: connecting is not to be all there is.
static const double slices_of_load = 10;
// Descriptors that load generator and server have besides the connections.
enum { OTHER_DESCRIPTORS = 64 };

static const struct {
    int connections;
    const char *requests, *p99, *processor; // names of the rows
} loads[] = {
    {1000, "http.requests_1000", "http.p99_1000", "http.processor_1000"},
    {10000, "http.requests_10000", "http.p99_10000", "http.processor_10000"},
};
enum { LOADS = sizeof loads / sizeof loads[0] };

struct server {
    struct child child; // pid 0: there is none
    char version[48];
    int port;
    struct samples requests, p99, processor;
};

// Seconds of processor time that the process has had.
static double processor_seconds(int pid)
{
    char path[64], text[1024] = "";
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return 0;
    if (fgets(text, sizeof text, f) == NULL)
        text[0] = 0;
    fclose(f);
    const char *at = strrchr(text, ')'); // behind the name
    if (at == NULL ||
        sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
        return 0;
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

// Starts it and reads the line with its port.
static bool begin(struct server *s, char *const argv[])
{
    char line[256];

    if (!child_begin(&s->child, argv)) {
        command_fail("%s: %s", argv[0], strerror(errno));
        return false;
    }
    if (fgets(line, sizeof line, s->child.out) != NULL &&
        sscanf(line, "listening on 127.0.0.1:%d (%47[^)])", &s->port, s->version) >= 1)
        return true;
    child_end(&s->child, SIGKILL);
    return false;
}

static bool begin_ours(struct server *s)
{
    char path[STORE_PATH_BYTES];
    char *argv[] = {bench_program("runtime/examples/http_responder.native", path), NULL};

    if (begin(s, argv))
        return true;
    command_fail("%s: cannot be run; build it with: bazel build //ci/gauntlet", path);
    return false;
}

// Built in a folder of its own, which is gone when this returns. No Go: no peer.
static void begin_peer(struct server *s)
{
    char folder[] = "/tmp/gauntlet-peer-XXXXXX", source[STORE_PATH_BYTES], program[64];
    char *build[] = {(char[]){"go"}, (char[]){"build"}, (char[]){"-o"}, program, source, NULL};
    char *argv[] = {program, NULL};
    int status = 0;

    if (mkdtemp(folder) == NULL)
        return;
    snprintf(program, sizeof program, "%s/responder", folder);
    snprintf(source, sizeof source, "%s/stress/bench/peer/responder/responder.go", command_root());
    setenv("GOTOOLCHAIN", "local", 1); // what is there, or nothing
    setenv("GO111MODULE", "off", 1);
    free(child_output(build, &status, NULL));
    if (status == 127)
        fprintf(stderr, "bench http: no peer: go is missing (apt-get install golang-go)\n");
    else if (status != 0 || !begin(s, argv))
        fprintf(stderr, "bench http: no peer: %s does not build or run\n", source);
    unlink(program);
    rmdir(folder);
}

// One slice of load. False when wrk does not work.
static bool load(struct server *s, int connections, int seconds)
{
    char threads[16], count[16], duration[16], script[STORE_PATH_BYTES], url[64];
    char *argv[] = {(char[]){"wrk"},
                    (char[]){"-t"},
                    threads,
                    (char[]){"-c"},
                    count,
                    (char[]){"-d"},
                    duration,
                    (char[]){"-s"},
                    script,
                    url,
                    NULL};
    unsigned long requests = 0, us = 0, p99_us = 0, failed = 0;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int status = 0;

    snprintf(threads, sizeof threads, "%ld", processors > 1 ? processors / 2 : 1);
    snprintf(count, sizeof count, "%d", connections);
    snprintf(duration, sizeof duration, "%d", seconds);
    snprintf(script, sizeof script, "%s/stress/bench/http.lua", command_root());
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", s->port);
    double before = processor_seconds(s->child.pid);
    char *text = child_output(argv, &status, NULL);
    const char *line = text != NULL ? strstr(text, "figures ") : NULL;
    bool ok = line != NULL && status == 0 &&
              sscanf(line, "figures %lu %lu %lu %lu", &requests, &us, &p99_us, &failed) == 4 &&
              requests > 0 && us > 0;
    free(text);
    if (!ok)
        return command_stopped != 0;
    double used = processor_seconds(s->child.pid) - before;
    samples_add(&s->requests, (double)requests * 1e6 / (double)us);
    samples_add(&s->p99, (double)p99_us / 1e3);
    samples_add(&s->processor, used * 1e6 / (double)requests);
    if (failed > 0)
        fprintf(stderr, "bench http: %lu of %lu requests failed (%s, %d connections)\n", failed,
                requests + failed, s->version[0] ? s->version : "ours", connections);
    return true;
}

static void row(struct bench *b, const struct server *peer, struct samples *ours,
                const struct samples *theirs, const char *name, const char *unit)
{
    static struct figure f;

    snprintf(ours->name, sizeof ours->name, "%s", name);
    snprintf(ours->unit, sizeof ours->unit, "%s", unit);
    f = (struct figure){.samples = *ours};
    if (theirs->n > 0) {
        f.peer = peer->version;
        f.peer_value = samples_median(theirs);
    }
    b->add(b, &f);
}

static bool measure(struct bench *b, size_t i, struct server servers[2])
{
    int seconds = (int)(b->slice_seconds * slices_of_load);
    struct server *ours = &servers[0], *peer = &servers[1];

    for (int k = 0; k < 2; k++)
        servers[k].requests.n = servers[k].p99.n = servers[k].processor.n = 0;
    for (uint32_t slice = 0; slice < b->slices; slice++)
        for (int k = 0; k < 2; k++)
            if (!command_stopped && servers[k].child.pid != 0 &&
                !load(&servers[k], loads[i].connections, seconds > 0 ? seconds : 1)) {
                command_fail("bench http: wrk does not do what it should");
                return false;
            }
    if (ours->requests.n == 0) // stopped
        return true;
    row(b, peer, &ours->requests, &peer->requests, loads[i].requests, "1/s");
    row(b, peer, &ours->p99, &peer->p99, loads[i].p99, "ms");
    row(b, peer, &ours->processor, &peer->processor, loads[i].processor, "us");
    return true;
}

// As many descriptors as the system lets this process, and so wrk, have.
static bool enough_descriptors(int connections)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max >= (rlim_t)(connections + OTHER_DESCRIPTORS))
        return true;
    fprintf(stderr,
            "bench http: %d connections are left out: no more than %lu descriptors are allowed; "
            "raise the hard limit (ulimit -Hn, or /etc/security/limits.conf)\n",
            connections, (unsigned long)limit.rlim_max);
    return false;
}

static bool wrk_is_there(void)
{
    char *argv[] = {(char[]){"wrk"}, (char[]){"-v"}, NULL};
    int status = 127;

    free(child_output(argv, &status, NULL)); // its own status says nothing
    if (status != 127)
        return true;
    fprintf(stderr, "bench http: nothing is measured: wrk is missing (apt-get install wrk)\n");
    return false;
}

bool bench_http(struct bench *b)
{
    static struct server servers[2]; // ours, Go's
    bool ok = true;

    b->progress(b, "http");
    if (!wrk_is_there())
        return true;
    if (!begin_ours(&servers[0]))
        return false;
    begin_peer(&servers[1]);
    for (size_t i = 0; i < LOADS && ok; i++)
        if (enough_descriptors(loads[i].connections))
            ok = measure(b, i, servers);
    for (int k = 0; k < 2; k++)
        if (servers[k].child.pid != 0 && child_end(&servers[k].child, SIGINT) != 0 && k == 0) {
            command_fail("http_responder: did not end as it should");
            ok = false;
        }
    return ok;
}
