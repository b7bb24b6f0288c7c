// SPDX-License-Identifier: Apache-2.0
#include "stress/payments/watch.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "runtime/base/throw.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"
#include "runtime/rt_heap.h"

enum { SAMPLES_TO_JUDGE = 9, SAMPLES_MOST = 7 * 24 * 3600 };

double watch_load(void)
{
    double load = -1;
    FILE *f = fopen("/proc/loadavg", "r");

    if (f == NULL || fscanf(f, "%lf", &load) != 1)
        load = -1;
    if (f != NULL)
        fclose(f);
    return load;
}

double watch_processor(void)
{
    struct rusage used;

    if (getrusage(RUSAGE_SELF, &used) != 0)
        return 0;
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

// Of the threads that there are now. Several may wait at the same time.
double watch_waited(void)
{
    double sum = 0;
    DIR *threads = opendir("/proc/self/task");

    if (threads == NULL)
        return 0;
    for (struct dirent *e = readdir(threads); e != NULL; e = readdir(threads)) {
        char path[64];
        unsigned long long ran, waited = 0;
        snprintf(path, sizeof(path), "/proc/self/task/%.20s/schedstat", e->d_name);
        FILE *f = fopen(path, "r");
        if (f != NULL && fscanf(f, "%llu %llu", &ran, &waited) == 2)
            sum += (double)waited / 1e9;
        if (f != NULL)
            fclose(f);
    }
    closedir(threads);
    return sum;
}

static double resident_mib(void)
{
    long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    if (f == NULL || fscanf(f, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    if (f != NULL)
        fclose(f);
    return (double)(resident * HOST_PAGE_BYTES) / (1 << 20);
}

void watch_begin(struct watch *w)
{
    // pages that are never touched cost nothing
    w->sample = calloc(SAMPLES_MOST, sizeof(w->sample[0]));
    if (w->sample == NULL)
        rt_fatal("payments: out of memory");
    w->load_at_start = watch_load();
}

static void look_at_pauses(struct watch *w, const struct rt_mem_stats *memory)
{
    if (memory->num_pauses - w->pauses_seen > RT_PAUSES) {
        w->pauses_missed += memory->num_pauses - w->pauses_seen - RT_PAUSES;
        w->pauses_seen = memory->num_pauses - RT_PAUSES;
    }
    for (; w->pauses_seen < memory->num_pauses; w->pauses_seen++)
        times_add(&w->pauses, (int64_t)memory->pause_ns[w->pauses_seen % RT_PAUSES]);
}

void watch_look(struct watch *w, bool full)
{
    struct rt_mem_stats *memory = rt_new_bytes(sizeof(*memory));

    rt_read_mem_stats(memory);
    look_at_pauses(w, memory);
    w->now.resident_mib = resident_mib();
    w->now.runtime_mib = (double)(memory->sys - memory->heap_released) / (1 << 20);
    if (full && w->samples < SAMPLES_MOST)
        w->sample[w->samples++] = w->now;
}

static struct watch_memory mean(const struct watch_memory *v, uint32_t n)
{
    struct watch_memory sum = {0};

    for (uint32_t i = 0; i < n; i++) {
        sum.resident_mib += v[i].resident_mib / n;
        sum.runtime_mib += v[i].runtime_mib / n;
    }
    return sum;
}

bool watch_thirds(const struct watch *w, struct watch_memory *first, struct watch_memory *last)
{
    uint32_t third = w->samples / 3;

    if (w->samples < SAMPLES_TO_JUDGE)
        return false;
    *first = mean(w->sample, third);
    *last = mean(w->sample + w->samples - third, third);
    return true;
}

void watch_count_steals(struct watch_steals *s)
{
    struct rt_stats total;
    double squares = 0;

    rt_stats_now(&total);
    *s = (struct watch_steals){.attempts = total.steal_attempts,
                               .successes = total.steal_successes,
                               .stolen = total.stolen,
                               .procs = (uint32_t)rt_procs()};
    s->mean = (double)total.goroutines_started / s->procs;
    for (uint32_t i = 0; i < s->procs && s->mean > 0; i++) {
        struct rt_stats one;
        rt_stats_of((int32_t)i, &one);
        double off = 100 * ((double)one.goroutines_started / s->mean - 1);
        s->worst_above_percent = fmax(s->worst_above_percent, off);
        s->worst_below_percent = fmax(s->worst_below_percent, -off);
        squares += off * off;
    }
    s->deviation_percent = sqrt(squares / s->procs);
}
