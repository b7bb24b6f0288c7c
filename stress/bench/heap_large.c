// SPDX-License-Identifier: Apache-2.0
//
// A heap of gigabytes on two p's: how long the world stands still while 1 GiB of small linked
// objects is rewired all the time, what share of the time goroutines mark, how far the heap
// overshoots its goal; and what stays resident of 8 GiB after they are dropped. peer/heap.go does
// the same. Usage as the other measuring programs; the slices are not used, each part runs once.
// heap_large parts may be made smaller for a test: GiB of the two heaps as further arguments.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/atomic.h"
#include "runtime/rt.h"
#include "runtime/rt_heap.h"
#include "stress/bench/samples.h"

enum { CHUNK = 1 << 10, CHURNERS = 2 };

struct item {
    rt_ptr next, unused[6];
    uint64_t key;
};
RT_TYPE(item_type, struct item, UINT64_C(0x7f));

struct list {
    rt_ptr first;
};
RT_TYPE(list_type, struct list, RT_AT(struct list, first));

static double pause_gib = 1, resident_gib = 8, churn_seconds = 10, wait_seconds = 10;
static rt_ptr lists; // of all lists; const while goroutines churn
static struct g *main_goroutine;
static atomic_u32 churning; // goroutines; the last one wakes main

static size_t lists_of(double gib)
{
    return (size_t)(gib * (double)(UINT64_C(1) << 30)) / (sizeof(struct item) * CHUNK);
}

// CHUNK items, kept by one word.
static struct item *list(void)
{
    struct item *first = NULL;
    for (uint64_t i = 0; i < CHUNK; i++) {
        struct item *it = rt_new(&item_type);
        rt_write_ptr(&it->next, first);
        it->key = i;
        first = it;
    }
    return first;
}

static void make_lists(size_t n)
{
    struct list *all = rt_new_array(&list_type, n);
    rt_write_ptr(&lists, all);
    for (size_t i = 0; i < n; i++)
        rt_write_ptr(&all[i].first, list());
}

struct churn {
    size_t from, n;
    double until;
};

// A prime step meets all lists.
static void churn(void *arg)
{
    const struct churn *c = arg;
    struct list *all = rt_load_ptr(&lists);
    for (size_t i = 0; slices_now() < c->until; i = (i + 7919) % c->n)
        rt_write_ptr(&all[c->from + i].first, list());
    if (sub_acq_rel(&churning, 1) == 1) // pairs [heap.churning]
        rt_ready(main_goroutine);
}

static void churn_all(size_t n)
{
    struct churn c[CHURNERS];
    store_relaxed(&churning, CHURNERS);
    for (size_t k = 0; k < CHURNERS; k++) {
        c[k] = (struct churn){k * n / CHURNERS, n / CHURNERS, slices_now() + churn_seconds};
        rt_go(churn, &c[k]);
    }
    while (load_acquire(&churning) != 0) // pairs [heap.churning]
        rt_park();
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(const char *name, const char *unit, double value)
{
    printf("%s %s %.6g\n", name, unit, value);
    fflush(stdout);
}

static void print_pauses(const struct rt_mem_stats *before, const struct rt_mem_stats *after)
{
    double us[RT_PAUSES];
    size_t n = 0;
    for (uint64_t k = after->num_pauses; k != before->num_pauses && n < RT_PAUSES; k--)
        us[n++] = (double)after->pause_ns[(k - 1) % RT_PAUSES] * 1e-3;
    if (n == 0)
        return;
    qsort(us, n, sizeof us[0], by_value);
    print("heap.pause_p99", "us", us[n * 99 / 100]);
    print("heap.pause_worst", "us", us[n - 1]);
    print("heap.pauses", "stops", (double)n);
}

static void pauses(void)
{
    static struct rt_mem_stats before, after;
    size_t n = lists_of(pause_gib);
    make_lists(n);
    rt_gc();
    rt_read_mem_stats(&before);
    churn_all(n);
    rt_read_mem_stats(&after);
    print_pauses(&before, &after);
    double busy = (double)rt_procs() * churn_seconds * 1e9;
    print("heap.assist_share", "%",
          100 * (double)(after.gc_assist_ns - before.gc_assist_ns) / busy);
    print("heap.overshoot_worst", "%", after.gc_overshoot_worst * 100);
    rt_write_ptr(&lists, NULL);
}

static double resident_mib(void)
{
    char line[256];
    double kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    if (f == NULL)
        return 0;
    while (fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtod(line + 6, NULL);
    fclose(f);
    return kib / 1024;
}

static void resident(void)
{
    make_lists(lists_of(resident_gib));
    double peak = resident_mib();
    rt_write_ptr(&lists, NULL);
    rt_gc();
    rt_sleep((int64_t)(wait_seconds * 1e9));
    print("heap.resident_peak", "MiB", peak);
    print("heap.resident_after_10s", "%", 100 * resident_mib() / peak);
}

static void run(void *unused)
{
    (void)unused;
    main_goroutine = rt_self();
    rt_register_globals(&lists, 1);
    pauses();
    rt_free_os_memory();
    resident();
}

int main(int argc, char **argv)
{
    if (argc == 5) {
        pause_gib = strtod(argv[1], NULL);
        resident_gib = strtod(argv[2], NULL);
        churn_seconds = wait_seconds = strtod(argv[3], NULL);
    }
    if (argc < 3 || pause_gib <= 0 || resident_gib <= 0 || churn_seconds <= 0) {
        fprintf(stderr, "usage: heap_large SECONDS COUNT   (both unused)\n"
                        "       heap_large PAUSE_GIB RESIDENT_GIB SECONDS -\n");
        return 2;
    }
    rt_main(&(struct rt_config){.procs = 2}, run, NULL);
}
