// SPDX-License-Identifier: Apache-2.0
//
// The parent's side of a hunt on real threads: takes what jobs have sent, saves what is no case,
// tells. See native.h.
#include "ci/gauntlet/native.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "ci/gauntlet/command.h"
#include "ci/gauntlet/session.h"
#include "stress/native/reports.h"

enum { HEADER_BYTES = 256, WORD_BYTES = 4096, REPORT_BYTES = 256 << 10, PATCH_BYTES = 64 << 10 };

static void take_failure(struct native *n, int by_signal, int number)
{
    snprintf(n->reason, sizeof n->reason, "given up: the runner ended with %s %d",
             by_signal ? "signal" : "status", number);
}

bool native_take_row(struct native *n, const char *header)
{
    unsigned long long executions;
    uint32_t workload, goroutines, threads;
    int crash_only, by_signal, number;

    if (n != NULL && sscanf(header, "native-failed %d %d", &by_signal, &number) == 2) {
        take_failure(n, by_signal, number);
        return true;
    }
    if (n == NULL ||
        sscanf(header, "native-row %u %llu %u %u %d", &workload, &executions, &goroutines, &threads,
               &crash_only) != 5 ||
        workload >= NATIVE_WORKLOADS)
        return false;
    struct native_row *row = &n->row[workload];
    row->executions += executions;
    row->goroutines = goroutines > row->goroutines ? goroutines : row->goroutines;
    row->threads = threads > row->threads ? threads : row->threads;
    row->crash_only |= crash_only != 0;
    return true;
}

static char *cut(const char **at, size_t n)
{
    char *text = strndup(*at, n);

    if (text == NULL)
        abort();
    *at += n;
    return text;
}

ssize_t native_take_find(struct session *s, const char *data, size_t n)
{
    const char *newline = memchr(data, '\n', n);
    size_t bytes[4], whole = newline ? (size_t)(newline - data) + 1 : 0;
    struct native_find f = {0};
    unsigned long long executions, seed;
    char header[HEADER_BYTES];

    if (newline == NULL || whole >= sizeof header)
        return -1;
    memcpy(header, data, whole);
    header[whole] = 0;
    if (sscanf(header, "native-find %u %llu %lf %u %u %llu %zu %zu %zu %zu", &f.workload,
               &executions, &f.seconds, &f.seen.met, &f.seen.of, &seed, &bytes[0], &bytes[1],
               &bytes[2], &bytes[3]) != 10 ||
        bytes[0] > WORD_BYTES || bytes[1] > WORD_BYTES || bytes[2] > WORD_BYTES ||
        bytes[3] > REPORT_BYTES || f.workload >= s->params.nworkloads)
        return -1;
    for (int i = 0; i < 4; i++)
        whole += bytes[i];
    if (n < whole)
        return 0;
    const char *at = newline + 1;
    char *text[4];
    for (int i = 0; i < 4; i++)
        text[i] = cut(&at, bytes[i]);
    f.oracle = text[0];
    f.signature = text[1];
    f.message = text[2];
    f.report = text[3];
    f.executions = executions;
    f.seen.seed = seed;
    session_native(s, &f);
    for (int i = 0; i < 4; i++)
        free(text[i]);
    return (ssize_t)whole;
}

// What is kept -------------------------------------------------------------------------------

// The command that begins with the execution that found it.
static void print_repeat(const struct session *s, const struct native_find *f, const char *folder,
                         FILE *out)
{
    fprintf(out, "hunt --engine tsan --seed %llu --executions 100 --workload %s/workload.wl",
            (unsigned long long)f->seen.seed, folder);
    if (s->patch != NULL)
        fprintf(out, " --patch %s/bug.patch", folder);
}

static char *finding_text(const struct session *s, const struct native_find *f, size_t *n)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, n);

    fprintf(out, "gauntlet native finding 1\noracle %s\nsignature %s\n", f->oracle, f->signature);
    fprintf(out, "sizes %s\nseed %llu\nmet %u of %u times with this seed\n", command_sizes,
            (unsigned long long)f->seen.seed, f->seen.met, f->seen.of);
    fprintf(out, "found %s: workload %s, %llu execution%s\n", s->params.found_by,
            s->params.workloads[f->workload]->name, (unsigned long long)f->executions,
            command_s(f->executions));
    fclose(out);
    return text;
}

static char *workload_text(const struct session *s, const struct native_find *f, size_t *n)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, n);

    workload_print(s->params.workloads[f->workload], out, "");
    fclose(out);
    return text;
}

// In a folder of its own, `folder`; false after one line in `error`.
static bool save(const struct session *s, const struct native_find *f, char *folder, char *error,
                 size_t bytes)
{
    struct store_file file[4] = {{.name = "finding"},
                                 {.name = "report", .text = f->report, .n = strlen(f->report)},
                                 {.name = "workload.wl"},
                                 {.name = "bug.patch"}};
    char dir[STORE_PATH_BYTES], *patch = NULL;
    char *finding = finding_text(s, f, &file[0].n), *workload = workload_text(s, f, &file[2].n);

    snprintf(dir, sizeof dir, "%s/native", s->out);
    file[0].text = finding;
    file[2].text = workload;
    if (s->patch != NULL)
        patch = text_read_file(s->patch, PATCH_BYTES, &file[3].n, error, bytes);
    file[3].text = patch;
    bool ok = (s->patch == NULL || patch != NULL) &&
              store_files(file, s->patch != NULL ? 4 : 3, dir, f->signature, folder, error, bytes);
    free(finding);
    free(workload);
    free(patch);
    return ok;
}

static bool same_file(const char *a, const char *b)
{
    char error[512];
    size_t na = 0, nb = 0;
    char *ta = a ? text_read_file(a, PATCH_BYTES, &na, error, sizeof error) : NULL;
    char *tb = text_read_file(b, PATCH_BYTES, &nb, error, sizeof error);
    bool same =
        ta == NULL ? a == NULL && tb == NULL : tb != NULL && na == nb && memcmp(ta, tb, na) == 0;

    free(ta);
    free(tb);
    return same;
}

// Kept in `folder`: the same signature in a runtime with the same patch.
static bool kept_there(const struct session *s, const struct native_find *f, const char *folder)
{
    char path[STORE_PATH_BYTES + 32], error[512];
    size_t n;

    snprintf(path, sizeof path, "%s/finding", folder);
    char *text = text_read_file(path, PATCH_BYTES, &n, error, sizeof error);
    const char *line = text ? strstr(text, "\nsignature ") : NULL;
    size_t length = strlen(f->signature);
    bool same = line != NULL && strncmp(line + strlen("\nsignature "), f->signature, length) == 0 &&
                line[strlen("\nsignature ") + length] == '\n';

    free(text);
    snprintf(path, sizeof path, "%s/bug.patch", folder);
    return same && same_file(s->patch, path);
}

static bool kept(const struct session *s, const struct native_find *f, char *folder)
{
    char pattern[STORE_PATH_BYTES];
    glob_t found = {0};
    bool is = false;

    snprintf(pattern, sizeof pattern, "%s/native/*", s->out);
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && !is; i++) {
            is = kept_there(s, f, found.gl_pathv[i]);
            if (is)
                snprintf(folder, STORE_PATH_BYTES, "%s", found.gl_pathv[i]);
        }
    }
    globfree(&found);
    return is;
}

static void tell_find(struct session *s, const struct native_find *f, const char *folder,
                      bool known)
{
    session_clear_progress(s);
    printf("\nFOUND  %s\n", f->signature);
    if (f->message[0] != 0)
        printf("       %s\n", f->message);
    printf("  %s: workload %s, real threads, %llu execution%s\n", s->params.found_by,
           s->params.workloads[f->workload]->name, (unsigned long long)f->executions,
           command_s(f->executions));
    printf("  after  %.2f s; seed %llu, then %u of %u times\n", f->seconds,
           (unsigned long long)f->seen.seed, f->seen.met, f->seen.of);
    printf("  the engine did not find it in that workload: no case\n");
    if (folder[0] == 0) {
        printf("%s\n", f->report);
    } else {
        printf("  kept   %s%s\n  repeat ./gauntlet ", command_relative(folder),
               known ? " (known)" : "");
        print_repeat(s, f, command_relative(folder), stdout);
        printf("\n");
    }
    fflush(stdout);
}

static void note_find(struct session *s, const struct native_find *f, const char *folder,
                      bool known)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddNullToObject(o, "id");
    cJSON_AddStringToObject(o, "oracle", f->oracle);
    cJSON_AddStringToObject(o, "signature", f->signature);
    cJSON_AddNullToObject(o, "case");
    cJSON_AddNumberToObject(o, "executions_to_find", (double)f->executions);
    cJSON_AddNumberToObject(o, "seconds_to_find", f->seconds);
    cJSON_AddNullToObject(o, "choices");
    cJSON_AddNullToObject(o, "operations");
    cJSON_AddBoolToObject(o, "confirmed", f->seen.met > 0);
    session_note_seen(o, &f->seen);
    cJSON_AddBoolToObject(o, "known", known);
    cJSON_AddStringToObject(o, "workload", s->params.workloads[f->workload]->name);
    cJSON_AddStringToObject(o, "report", f->report);
    if (folder[0] != 0)
        cJSON_AddStringToObject(o, "kept", folder);
    else
        cJSON_AddNullToObject(o, "kept");
    cJSON_AddItemToArray(s->findings, o);
}

void session_native(struct session *s, const struct native_find *f)
{
    char folder[STORE_PATH_BYTES] = "", error[STORE_PATH_BYTES + 256];

    if (!session_first(s, f->signature))
        return;
    bool known = kept(s, f, folder);
    if (!known && !save(s, f, folder, error, sizeof error)) {
        folder[0] = 0;
        s->unsaved = true;
        session_clear_progress(s);
        fprintf(stderr, "gauntlet: %s\n", error);
    }
    if (s->json)
        note_find(s, f, folder, known);
    else
        tell_find(s, f, folder, known);
}

// The last lines ------------------------------------------------------------------------------

struct sum {
    uint64_t executions;
    uint32_t workloads, crash_only, largest;
};

static struct sum sum_of(const struct session *s)
{
    struct sum sum = {0};

    for (uint32_t i = 0; i < s->params.nworkloads && i < NATIVE_WORKLOADS; i++) {
        const struct native_row *row = &s->native->row[i];
        uint32_t actors = row->goroutines + row->threads;

        sum.executions += row->executions;
        sum.workloads += row->executions > 0;
        sum.crash_only += row->crash_only;
        sum.largest = actors > sum.largest ? actors : sum.largest;
    }
    return sum;
}

void native_tell(const struct session *s, FILE *out)
{
    const struct native *n = s->native;
    const struct sum sum = sum_of(s);

    if (n->runner[0] == 0) {
        fprintf(out, "tsan: skipped: %s\n", n->reason);
        return;
    }
    fprintf(out,
            "tsan: %llu execution%s of %u workload%s on real threads, up to %u goroutines and "
            "threads\n",
            (unsigned long long)sum.executions, command_s(sum.executions), sum.workloads,
            command_s(sum.workloads), sum.largest);
    if (sum.workloads < s->params.nworkloads)
        fprintf(out, "  %u workload%s had no turn\n", s->params.nworkloads - sum.workloads,
                command_s(s->params.nworkloads - sum.workloads));
    for (uint32_t i = 0; i < s->params.nworkloads && i < NATIVE_WORKLOADS; i++)
        if (n->row[i].crash_only)
            fprintf(out,
                    "  %s: %u goroutines and threads, more than %d: no evidence about races, of "
                    "crashes alone\n",
                    s->params.workloads[i]->name, n->row[i].goroutines + n->row[i].threads,
                    REPORT_ACTORS_MAX);
    if (n->reason[0] != 0)
        fprintf(out, "  %s\n", n->reason);
}

static cJSON *row_json(const struct session *s, uint32_t i)
{
    const struct native_row *row = &s->native->row[i];
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "workload", s->params.workloads[i]->name);
    cJSON_AddNumberToObject(o, "executions", (double)row->executions);
    cJSON_AddNumberToObject(o, "goroutines", row->goroutines);
    cJSON_AddNumberToObject(o, "threads", row->threads);
    cJSON_AddBoolToObject(o, "counts_for_races", !row->crash_only);
    return o;
}

cJSON *native_json(const struct session *s)
{
    const struct native *n = s->native;
    cJSON *o = cJSON_CreateObject(), *rows;

    cJSON_AddStringToObject(o, "engine", "tsan");
    cJSON_AddNumberToObject(o, "executions", (double)sum_of(s).executions);
    rows = cJSON_AddArrayToObject(o, "workloads");
    for (uint32_t i = 0; i < s->params.nworkloads && i < NATIVE_WORKLOADS; i++)
        if (n->row[i].executions > 0)
            cJSON_AddItemToArray(rows, row_json(s, i));
    if (n->reason[0] != 0)
        cJSON_AddStringToObject(o, "reason", n->reason);
    else
        cJSON_AddNullToObject(o, "reason");
    return o;
}
