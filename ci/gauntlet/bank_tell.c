// SPDX-License-Identifier: Apache-2.0
//
// What `gauntlet bank` says: two lines for each bug and a last one, a JSON object, or a table for
// docs/bank.md.
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ci/gauntlet/bank.h"

// What the bank is to be found with.
static const double wanted_share = 0.95, wanted_seconds = 5;

struct totals {
    uint32_t bugs, every, some; // found with every seed; with one at least
    uint32_t tried, shown;      // cases on real threads
    uint32_t alone, baseline;   // found by ThreadSanitizer alone, of so many
    double seconds;             // median of those that were found
};

static struct totals add_up(const struct bank *b)
{
    static double seconds[BANK_BUGS];
    struct totals t = {0};

    for (uint32_t i = 0; i < b->nbugs; i++) {
        const struct bank_bug *bug = &b->bug[i];
        const struct bank_confirm *confirm = bank_confirmed(b, bug);
        struct bank_sum s = bank_sum(b, bug);

        if (s.done == 0)
            continue;
        t.bugs++;
        t.every += s.found == s.done;
        if (s.found > 0)
            seconds[t.some++] = s.seconds;
        t.tried += confirm != NULL;
        t.shown += confirm != NULL && confirm->shown;
        t.baseline += bug->baseline.how == BANK_DONE;
        t.alone += bug->baseline.how == BANK_DONE && bug->baseline.found;
    }
    t.seconds = bank_median(seconds, t.some);
    return t;
}

static double share(const struct totals *t)
{
    return t->bugs ? (double)t->every / t->bugs : 0;
}

// Text --------------------------------------------------------------------------------------------

// Counts are told in columns: one is followed by a space where others have their "s".
static const char *s_of(double n)
{
    return n == 1 ? " " : "s";
}

static void tell_threads(const struct bank *b, const struct bank_bug *bug)
{
    const struct bank_baseline *alone = &bug->baseline;
    const struct bank_confirm *confirm = bank_confirmed(b, bug);
    bool baseline = alone->how == BANK_DONE;

    if (confirm == NULL && !baseline)
        return;
    printf("       ");
    if (confirm != NULL)
        printf("on real threads: %s", confirm->verdict);
    if (baseline)
        printf("%sThreadSanitizer alone: ", confirm != NULL ? "; " : "");
    if (baseline && alone->found)
        printf("%.2f s (%s)", alone->seconds, alone->signature);
    else if (baseline)
        printf("not in %.0f s", alone->seconds);
    putchar('\n');
}

void bank_tell_bug(const struct bank *b, const struct bank_bug *bug)
{
    struct bank_sum s = bank_sum(b, bug);

    printf("%2u of %-2u  %-44s %8.2f s %9.0f execution%s", s.found, s.done, bug->slug, s.seconds,
           s.executions, s_of(s.executions));
    if (s.found > 0)
        printf("  %3.0f choice%s %3.0f operation%s  %s, %s\n       %s", s.choices, s_of(s.choices),
               s.operations, s_of(s.operations), s.strategy, s.memory, s.signature);
    putchar('\n');
    tell_threads(b, bug);
    fflush(stdout);
}

static const char *reached(bool is)
{
    return is ? "reached" : "not reached";
}

static void tell_totals(const struct bank *b, const struct totals *t)
{
    printf("%u of %u known bug%s found%s (%.1f %%; wanted %.0f %%: %s)", t->every, t->bugs,
           command_s(t->bugs), b->seeds > 1 ? " with every seed" : "", 100 * share(t),
           100 * wanted_share, reached(share(t) >= wanted_share));
    if (b->seeds > 1)
        printf(", %u with one at least", t->some);
    if (t->some > 0)
        printf("; median %.2f s (wanted under %.0f s: %s)", t->seconds, wanted_seconds,
               reached(t->seconds < wanted_seconds));
    if (t->tried > 0)
        printf("; %u of %u shown on real threads", t->shown, t->tried);
    if (t->baseline > 0)
        printf("; %u of %u by ThreadSanitizer alone", t->alone, t->baseline);
}

void bank_tell_end(const struct bank *b)
{
    struct totals t = add_up(b);

    tell_totals(b, &t);
    puts(b->stopped ? " (stopped)" : "");
}

// JSON --------------------------------------------------------------------------------------------

static void add_text(cJSON *o, const char *key, bool known, const char *text)
{
    if (known)
        cJSON_AddStringToObject(o, key, text);
    else
        cJSON_AddNullToObject(o, key);
}

static void add_number(cJSON *o, const char *key, bool known, double value)
{
    if (known)
        cJSON_AddNumberToObject(o, key, value);
    else
        cJSON_AddNullToObject(o, key);
}

static void add_bool(cJSON *o, const char *key, bool known, bool value)
{
    if (known)
        cJSON_AddBoolToObject(o, key, value);
    else
        cJSON_AddNullToObject(o, key);
}

static void add_seed(cJSON *o, const char *key, uint64_t seed)
{
    char number[32];

    snprintf(number, sizeof number, "%llu", (unsigned long long)seed);
    cJSON_AddRawToObject(o, key, number);
}

static void add_runs(cJSON *o, const struct bank *b, const struct bank_bug *bug)
{
    cJSON *runs = cJSON_AddArrayToObject(o, "runs");

    for (uint32_t i = 0; i < b->seeds; i++) {
        const struct bank_run *run = &bug->run[i];
        cJSON *r = run->how == BANK_DONE ? cJSON_CreateObject() : NULL;

        if (r == NULL)
            continue;
        add_seed(r, "seed", b->seed + i);
        cJSON_AddBoolToObject(r, "found", run->found);
        add_text(r, "strategy", run->found, run->strategy);
        cJSON_AddStringToObject(r, "memory", run->memory);
        cJSON_AddNumberToObject(r, "executions", run->executions);
        cJSON_AddNumberToObject(r, "seconds", run->seconds);
        add_number(r, "choices", run->found, run->choices);
        add_number(r, "operations", run->found, run->operations);
        add_text(r, "signature", run->found, run->signature);
        cJSON_AddItemToArray(runs, r);
    }
}

static cJSON *bug_json(const struct bank *b, const struct bank_bug *bug)
{
    struct bank_sum s = bank_sum(b, bug);
    const struct bank_confirm *confirm = bank_confirmed(b, bug);
    bool tried = confirm != NULL && strcmp(confirm->verdict, "not tried") != 0;
    bool alone = bug->baseline.how == BANK_DONE;
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "slug", bug->slug);
    cJSON_AddBoolToObject(o, "found", s.found > 0);
    add_text(o, "strategy", s.found > 0, s.strategy);
    cJSON_AddStringToObject(o, "memory", s.memory);
    cJSON_AddStringToObject(o, "engine", "sim");
    cJSON_AddNumberToObject(o, "executions", s.executions);
    cJSON_AddNumberToObject(o, "seconds", s.seconds);
    add_number(o, "choices", s.found > 0, s.choices);
    add_number(o, "operations", s.found > 0, s.operations);
    add_bool(o, "confirmed", tried, tried && confirm->shown);
    add_bool(o, "baseline_tsan_found", alone, bug->baseline.found);
    add_text(o, "signature", s.found > 0, s.signature);
    cJSON_AddNumberToObject(o, "seeds_found", s.found);
    cJSON_AddNumberToObject(o, "seeds", s.done);
    add_text(o, "verdict", confirm != NULL, confirm ? confirm->verdict : "");
    add_number(o, "baseline_tsan_seconds", alone, bug->baseline.seconds);
    add_number(o, "baseline_tsan_executions", alone, bug->baseline.executions);
    add_text(o, "baseline_tsan_signature", alone && bug->baseline.found, bug->baseline.signature);
    add_text(o, "known_as", bug->known[0] != 0, bug->known);
    add_text(o, "origin", bug->origin[0] != 0, bug->origin);
    add_runs(o, b, bug);
    return o;
}

void bank_tell_json(const struct bank *b)
{
    struct totals t = add_up(b);
    cJSON *o = cJSON_CreateObject();

    cJSON_AddBoolToObject(o, "stopped", b->stopped);
    cJSON_AddStringToObject(o, "commit", command_commit());
    add_seed(o, "seed", b->seed);
    cJSON_AddNumberToObject(o, "budget", b->budget);
    cJSON_AddNumberToObject(o, "jobs", b->jobs);
    cJSON_AddNumberToObject(o, "found_with_every_seed", t.every);
    cJSON_AddNumberToObject(o, "found_with_one", t.some);
    add_number(o, "median_seconds", t.some > 0, t.seconds);
    cJSON *bugs = cJSON_AddArrayToObject(o, "bugs");
    for (uint32_t i = 0; i < b->nbugs; i++)
        if (bank_sum(b, &b->bug[i]).done > 0)
            cJSON_AddItemToArray(bugs, bug_json(b, &b->bug[i]));
    command_print_json(o);
}

// Markdown ----------------------------------------------------------------------------------------

// The first line of a file under /proc that begins with `key`, after its colon; "" when none does.
static void proc_line(const char *path, const char *key, char *to, size_t bytes)
{
    char line[512];
    FILE *f = fopen(path, "r");

    to[0] = 0;
    while (f != NULL && to[0] == 0 && fgets(line, sizeof line, f) != NULL) {
        const char *colon = strchr(line, ':');

        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, key, strlen(key)) == 0 && colon != NULL)
            snprintf(to, bytes, "%s", colon + 1 + strspn(colon + 1, " \t"));
    }
    if (f != NULL)
        fclose(f);
}

static void print_machine(void)
{
    char model[128], memory[64];
    double load[1] = {0};
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    proc_line("/proc/cpuinfo", "model name", model, sizeof model);
    proc_line("/proc/meminfo", "MemTotal", memory, sizeof memory);
    printf("%ld processor%s (%s), %.0f GiB, load %.1f at the end", n, command_s((uint64_t)n),
           model[0] ? model : "of unknown make", strtod(memory, NULL) / (1 << 20),
           getloadavg(load, 1) == 1 ? load[0] : 0);
}

// The command, as it was typed but for its order.
static void print_command(const struct bank *b)
{
    printf("./gauntlet bank --markdown --for %s --seed %llu --seeds %u --jobs %u", b->time,
           (unsigned long long)b->seed, b->seeds, b->jobs);
    if (!b->confirm)
        printf(" --no-confirm");
    if (b->baseline)
        printf(" --baseline");
    for (uint32_t i = 0; i < b->nonly; i++)
        printf(" %s", b->only[i]);
}

// A cell of prose: a bar would end it.
static void print_cell(const char *text)
{
    for (; *text; text++)
        printf(*text == '|' ? "\\|" : "%c", *text);
}

static void print_row(const struct bank *b, const struct bank_bug *bug)
{
    const struct bank_confirm *confirm = bank_confirmed(b, bug);
    struct bank_sum s = bank_sum(b, bug);

    printf("| `%s` | %u of %u | %.2f | %.0f | ", bug->slug, s.found, s.done, s.seconds,
           s.executions);
    if (s.found > 0)
        printf("%s | %s | %g | %g | ", s.strategy, s.memory, s.choices, s.operations);
    else
        printf("| %s | | | ", s.memory);
    if (b->confirm)
        printf("%s | ", confirm ? confirm->verdict : "");
    if (b->baseline && bug->baseline.how == BANK_DONE && bug->baseline.found)
        printf("%.1f s | ", bug->baseline.seconds);
    else if (b->baseline)
        printf("%s | ", bug->baseline.how == BANK_DONE ? "no" : "");
    print_cell(bug->known);
    if (bug->known[0] != 0 && bug->origin[0] != 0)
        printf("; ");
    print_cell(bug->origin);
    puts(" |");
}

void bank_tell_markdown(const struct bank *b)
{
    struct totals t = add_up(b);
    char today[64];
    time_t now = time(NULL);
    struct tm tm;

    strftime(today, sizeof today, "%Y-%m-%d", gmtime_r(&now, &tm));
    printf("%s, commit %s, ", today, command_commit());
    print_machine();
    printf(":\n\n    ");
    print_command(b);
    printf("\n\n");
    tell_totals(b, &t);
    printf("%s.\n\n| bug | found | s | executions | strategy | memory | choices | operations |",
           b->stopped ? " (stopped)" : "");
    printf("%s%s origin |\n| --- | --- | --- | --- | --- | --- | --- | --- |%s%s --- |\n",
           b->confirm ? " on real threads |" : "", b->baseline ? " ThreadSanitizer alone |" : "",
           b->confirm ? " --- |" : "", b->baseline ? " --- |" : "");
    for (uint32_t i = 0; i < b->nbugs; i++)
        if (bank_sum(b, &b->bug[i]).done > 0)
            print_row(b, &b->bug[i]);
}
