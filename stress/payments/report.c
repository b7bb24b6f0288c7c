// SPDX-License-Identifier: Apache-2.0
//
// The report is one JSON object; the text is printed from it, so that both say the same.
#include "stress/payments/report.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "runtime/rt_heap.h"
#include "stress/payments/graph.h"
#include "stress/payments/service.h"

// The targets.
static const int64_t transaction_ns = 50 * 1000000, freshness_ns = 1000 * 1000000;
static const double over_percent_most = 0.1;
static const double memory_factor = 1.1, memory_slack_mib = 4;

// What was not measured is null.
static cJSON *times_json(const struct times *t)
{
    static const struct {
        const char *key;
        double share;
    } points[] = {{"p50_ms", 0.5}, {"p95_ms", 0.95}, {"p99_ms", 0.99}, {"worst_ms", 1}};
    cJSON *j = cJSON_CreateObject();
    uint64_t n = times_count(t);

    cJSON_AddNumberToObject(j, "n", (double)n);
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        if (n > 0)
            cJSON_AddNumberToObject(j, points[i].key, (double)times_at(t, points[i].share) / 1e6);
        else
            cJSON_AddNullToObject(j, points[i].key);
    }
    return j;
}

static double share_percent(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

static cJSON *transactions_json(void)
{
    struct service_figures *f = &service_figures;
    cJSON *j = times_json(f->transactions);
    double n = (double)times_count(f->transactions);
    double over = (double)times_above(f->transactions, transaction_ns);

    cJSON_AddNumberToObject(j, "over_50ms", over);
    cJSON_AddNumberToObject(j, "over_50ms_percent", share_percent(over, n));
    cJSON_AddNumberToObject(j, "asked", (double)load_relaxed(&f->asked));
    cJSON_AddNumberToObject(j, "served", (double)load_relaxed(&f->served));
    cJSON_AddNumberToObject(j, "nodes_met",
                            (double)load_relaxed(&f->met) / (double)load_relaxed(&f->served));
    return j;
}

static cJSON *clients_json(void)
{
    static const char *const words[DROPPINGS] = {
        [DROP_HALF] = "half", [DROP_UNREAD] = "unread", [DROP_SILENT] = "silent"};
    cJSON *j = cJSON_CreateObject();
    double sessions = (double)load_relaxed(&service_figures.sessions), dropped = 0;

    for (int i = 0; i < DROPPINGS; i++) {
        double n = (double)load_relaxed(&service_figures.dropped[i]);
        cJSON_AddNumberToObject(j, words[i], n);
        dropped += n;
    }
    cJSON_AddNumberToObject(j, "sessions", sessions);
    cJSON_AddNumberToObject(j, "dropped_percent", share_percent(dropped, sessions));
    cJSON_AddNumberToObject(j, "left_serving", (double)load_relaxed(&service_figures.serving));
    return j;
}

static cJSON *collector_json(const struct report *r)
{
    struct rt_mem_stats *m = rt_new_bytes(sizeof(*m));
    cJSON *j = times_json(&r->watch->pauses);

    rt_read_mem_stats(m);
    cJSON_AddNumberToObject(j, "pauses_missed", (double)r->watch->pauses_missed);
    cJSON_AddNumberToObject(j, "cycles", m->num_gc);
    cJSON_AddNumberToObject(j, "share_percent", 100 * m->gc_cpu_fraction);
    cJSON_AddNumberToObject(j, "assist_ms", (double)m->gc_assist_ns / 1e6);
    cJSON_AddNumberToObject(j, "allocated_mib", (double)m->total_alloc / (1 << 20));
    cJSON_AddNumberToObject(j, "heap_mib", (double)m->heap_alloc / (1 << 20));
    return j;
}

static cJSON *steals_json(void)
{
    struct watch_steals s;
    cJSON *j = cJSON_CreateObject();

    watch_count_steals(&s);
    cJSON_AddNumberToObject(j, "procs", s.procs);
    cJSON_AddNumberToObject(j, "steal_attempts", (double)s.attempts);
    cJSON_AddNumberToObject(j, "steal_success_pct",
                            share_percent((double)s.successes, (double)s.attempts));
    cJSON_AddNumberToObject(j, "goroutines_run_by_a_p", s.mean);
    cJSON_AddNumberToObject(j, "worst_above_pct", s.worst_above_percent);
    cJSON_AddNumberToObject(j, "worst_below_pct", s.worst_below_percent);
    cJSON_AddNumberToObject(j, "cv", s.deviation_percent / 100);
    return j;
}

static cJSON *memory_json(const struct report *r)
{
    struct watch_memory first, last;
    cJSON *j = cJSON_CreateObject();

    if (watch_thirds(r->watch, &first, &last)) {
        cJSON_AddNumberToObject(j, "resident_first_third_mib", first.resident_mib);
        cJSON_AddNumberToObject(j, "resident_last_third_mib", last.resident_mib);
        cJSON_AddNumberToObject(j, "runtime_first_third_mib", first.runtime_mib);
        cJSON_AddNumberToObject(j, "runtime_last_third_mib", last.runtime_mib);
    }
    cJSON_AddNumberToObject(j, "samples", r->watch->samples);
    return j;
}

static cJSON *graph_json(const struct report *r)
{
    struct index_counts c;
    uint64_t made, taken_back;
    cJSON *j = cJSON_CreateObject();

    index_count(&c);
    node_count(&made, &taken_back);
    cJSON_AddNumberToObject(j, "published", (double)c.published);
    cJSON_AddNumberToObject(j, "expired", (double)c.expired);
    cJSON_AddNumberToObject(j, "edges", (double)(EDGES * (c.published - c.expired)));
    cJSON_AddNumberToObject(j, "nodes_made", (double)made);
    cJSON_AddNumberToObject(j, "nodes_taken_back", (double)taken_back);
    cJSON_AddNumberToObject(j, "checks", (double)r->checks);
    cJSON_AddNumberToObject(j, "worst_check_ms", (double)r->worst_check_ns / 1e6);
    return j;
}

// Judgement -------------------------------------------------------------------------------------

static void miss(cJSON *missed, bool is_missed, const char *what)
{
    if (is_missed)
        cJSON_AddItemToArray(missed, cJSON_CreateString(what));
}

static bool grows(double first_mib, double last_mib)
{
    return last_mib > first_mib * memory_factor + memory_slack_mib;
}

static double number(const cJSON *j, const char *group, const char *key)
{
    const cJSON *item = cJSON_GetObjectItem(cJSON_GetObjectItem(j, group), key);

    return item != NULL ? item->valuedouble : 0;
}

// What must hold in every run, and what only a machine that has time can keep. Samples of memory
// are taken from the moment on when the graph has its full size.
static cJSON *judge(const struct report *r, const cJSON *j)
{
    cJSON *missed = cJSON_CreateArray();

    miss(missed, number(j, "transactions", "n") == 0, "nothing was answered");
    miss(missed, number(j, "collector", "cycles") == 0, "the collector has not run");
    miss(missed, number(j, "clients", "left_serving") != 0, "connections are left");
    miss(missed,
         grows(number(j, "memory", "runtime_first_third_mib"),
               number(j, "memory", "runtime_last_third_mib")),
         "the runtime's memory grows");
    miss(missed,
         !r->unweighed && grows(number(j, "memory", "resident_first_third_mib"),
                                number(j, "memory", "resident_last_third_mib")),
         "resident memory grows");
    if (r->untimed)
        return missed;
    miss(missed, number(j, "transactions", "over_50ms_percent") > over_percent_most,
         "more than 0.1 % of the transactions took over 50 ms");
    miss(missed, number(j, "freshness", "p95_ms") > (double)freshness_ns / 1e6,
         "new edges are not seen within 1 s at the 95th percentile");
    miss(missed, number(j, "freshness", "n") == 0, "no new edge was seen");
    return missed;
}

static cJSON *whole(const struct report *r)
{
    cJSON *j = cJSON_CreateObject();

    cJSON_AddStringToObject(j, "program", r->program);
    cJSON_AddNumberToObject(j, "seconds", r->seconds);
    cJSON_AddBoolToObject(j, "stopped", r->stopped);
    cJSON_AddNumberToObject(j, "clients_at_once", r->clients);
    cJSON_AddNumberToObject(j, "rate", r->rate);
    cJSON_AddNumberToObject(j, "seed", (double)r->seed);
    cJSON_AddItemToObject(j, "transactions", transactions_json());
    cJSON_AddItemToObject(j, "freshness", times_json(service_figures.freshness));
    cJSON_AddItemToObject(j, "clients", clients_json());
    cJSON_AddItemToObject(j, "collector", collector_json(r));
    cJSON_AddItemToObject(j, "scheduler", steals_json());
    cJSON_AddItemToObject(j, "memory", memory_json(r));
    cJSON_AddItemToObject(j, "graph", graph_json(r));
    cJSON_AddNumberToObject(j, "processor_percent", share_percent(watch_processor(), r->seconds));
    cJSON_AddNumberToObject(j, "waited_for_processor_percent",
                            share_percent(watch_waited(), r->seconds));
    cJSON_AddNumberToObject(j, "load_at_start", r->watch->load_at_start);
    cJSON_AddNumberToObject(j, "load_at_end", watch_load());
    cJSON_AddItemToObject(j, "missed", judge(r, j));
    return j;
}

// Text ------------------------------------------------------------------------------------------

// "  key value", whole numbers in full.
static int to_text(const cJSON *item, char *text, size_t bytes)
{
    double value = item->valuedouble;

    if (cJSON_IsNull(item))
        return snprintf(text, bytes, "  %s -", item->string);
    if (value == floor(value) && fabs(value) < 1e15)
        return snprintf(text, bytes, "  %s %.0f", item->string, value);
    return snprintf(text, bytes, "  %s %.4g", item->string, value);
}

static void print_group(const cJSON *group)
{
    const cJSON *item;
    int column = printf("%-12s", group->string);

    cJSON_ArrayForEach(item, group)
    {
        char text[64];
        int n = to_text(item, text, sizeof(text));
        if (column + n > 100)
            column = printf("\n%-12s", "") - 1;
        column += printf("%s", text);
    }
    printf("\n");
}

static void print(const cJSON *j)
{
    const cJSON *item;
    char text[64];

    cJSON_ArrayForEach(item, j)
    {
        if (cJSON_IsObject(item))
            print_group(item);
        else if (cJSON_IsTrue(item))
            printf("  %s\n", item->string);
        else if (cJSON_IsString(item))
            printf("  %s %s\n", item->string, item->valuestring);
        else if (cJSON_IsNumber(item) && to_text(item, text, sizeof(text)) > 0)
            puts(text);
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(j, "missed"))
        printf("MISSED: %s\n", item->valuestring);
}

bool report_end(const struct report *r, bool json)
{
    cJSON *j = whole(r);
    bool reached = cJSON_GetArraySize(cJSON_GetObjectItem(j, "missed")) == 0;

    if (json) {
        char *text = cJSON_Print(j);
        puts(text);
        free(text);
    } else {
        print(j);
    }
    fflush(stdout);
    cJSON_Delete(j);
    return reached;
}

void report_progress(const struct report *r, FILE *out)
{
    struct service_figures *f = &service_figures;

    fprintf(out,
            "%.0f s: %" PRIu64 " answered, p99 %.1f ms, %" PRIu64
            " over 50 ms, freshness p95 %.0f ms, %" PRIu64 " checks, %.0f MiB",
            r->seconds, load_relaxed(&f->answered), (double)times_at(f->transactions, 0.99) / 1e6,
            times_above(f->transactions, transaction_ns),
            (double)times_at(f->freshness, 0.95) / 1e6, r->checks, r->watch->now.resident_mib);
}
