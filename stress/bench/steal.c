// SPDX-License-Identifier: Apache-2.0
//
// The load of steal_load.h on the machine itself: sizes prod, real threads. Prints one JSON object,
// which `gauntlet steal` reads; SIGINT and SIGTERM end the window early.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/tls.h"
#include "runtime/rt.h"
#include "runtime/sched/sched.h"
#include "stress/bench/steal_load.h"

static struct steal_load the_load;

static void on_stop(int number)
{
    (void)number;
    store_relaxed(&the_load.stop, 1);
}

static int32_t own_p(void)
{
    return getg()->m->p->id;
}

static void print_latencies(void)
{
    const char *separator = "";
    printf("\"latency\":[");
    for (uint32_t k = 0; k < STEAL_LATENCIES; k++) {
        uint64_t n = 0;
        for (int32_t i = 0; i < the_load.procs; i++)
            n += the_load.of[i].latency[k];
        if (n > 0)
            printf("%s[%u,%llu]", separator, k, (unsigned long long)n);
        separator = n > 0 ? "," : separator;
    }
    printf("]");
}

static void print_p(const struct steal_p *p)
{
    printf("{\"started\":%llu,\"attempts\":%llu,\"successes\":%llu,\"requests\":[",
           (unsigned long long)p->started, (unsigned long long)p->attempts,
           (unsigned long long)p->successes);
    for (int i = 0; i < STEAL_SLOTS; i++)
        printf("%s%u", i ? "," : "", p->requests[i]);
    printf("]}");
}

static void run(void *arg)
{
    const struct steal_load *l = arg;
    steal_load_main(arg);
    printf("{\"begin_ns\":%lld,\"end_ns\":%lld,\"handed_out\":%llu,\"refused\":%llu,"
           "\"overflows\":%llu,\"sleeps\":%llu,\"stolen\":%llu,",
           (long long)l->begin_ns, (long long)l->end_ns, (unsigned long long)l->handed_out,
           (unsigned long long)l->refused, (unsigned long long)l->overflows,
           (unsigned long long)l->sleeps, (unsigned long long)l->stolen);
    print_latencies();
    printf(",\"p\":[");
    for (int32_t i = 0; i < l->procs; i++) {
        printf("%s", i ? "," : "");
        print_p(&l->of[i]);
    }
    printf("]}\n");
    fflush(stdout);
}

static uint64_t number(const char *text, uint64_t most)
{
    char *end;
    unsigned long long n = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != 0 || n > most) {
        fprintf(stderr, "steal: '%s' is not a number up to %llu\n", text, (unsigned long long)most);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fputs("usage: steal PROCS GOROUTINES REQUESTS_A_SECOND WORK_NS WARM_UP_NS WINDOW_NS SEED\n",
              stderr);
        return 2;
    }
    the_load = (struct steal_load){
        .procs = (int32_t)number(argv[1], STEAL_PROCS),
        .goroutines = (uint32_t)number(argv[2], STEAL_GOROUTINES),
        .requests_a_second = (uint32_t)number(argv[3], 100000000),
        .work_ns = (int64_t)number(argv[4], INT32_MAX),
        .warm_up_ns = (int64_t)number(argv[5], INT64_MAX / STEAL_SLOTS),
        .window_ns = (int64_t)number(argv[6], INT64_MAX / STEAL_SLOTS),
        .seed = number(argv[7], UINT64_MAX),
        .own_p = own_p,
    };
    struct sigaction action = {.sa_handler = on_stop, .sa_flags = SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    rt_main(&(struct rt_config){.procs = the_load.procs}, run, &the_load);
}
