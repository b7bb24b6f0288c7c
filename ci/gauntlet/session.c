// SPDX-License-Identifier: Apache-2.0
//
// Findings of a hunt: deduplicated against this hunt and the folder of cases, saved at once
// (killing the hunt loses nothing that was told), told with the one command that repeats them.
#include "ci/gauntlet/session.h"

#include <stdlib.h>
#include <string.h>

#include "ci/gauntlet/command.h"
#include "ci/gauntlet/replay_native_hunt.h"

enum { MET = sizeof((struct session *)0)->met / sizeof(char *) };

bool session_first(struct session *s, const char *signature)
{
    for (uint32_t i = 0; i < s->finds && i < MET; i++)
        if (s->met[i] != NULL && strcmp(s->met[i], signature) == 0)
            return false;
    if (s->finds < MET)
        s->met[s->finds] = strdup(signature);
    s->finds++;
    return true;
}

void session_clear_progress(const struct session *s)
{
    if (s->progress)
        fputs("\r\033[K", stderr);
}

void session_progress(struct session *s, const struct hunt_stats *stats)
{
    double rate = stats->seconds > 0 ? (double)stats->executions / stats->seconds : 0;

    if (!s->progress)
        return;
    fprintf(stderr, "\r\033[K%6.1f s  %llu execution%s (%.0f/s)  %llu point%s  %u found",
            stats->seconds, (unsigned long long)stats->executions, command_s(stats->executions),
            rate, (unsigned long long)stats->points, command_s(stats->points), s->finds);
    fflush(stderr);
}

static void case_folder(const char *path, char *folder)
{
    const char *slash = strrchr(path, '/');

    snprintf(folder, STORE_PATH_BYTES, "%.*s", slash ? (int)(slash - path) : 0,
             command_relative(path));
    char *end = strrchr(folder, '/');
    if (end != NULL && strcmp(end, "/case") == 0)
        *end = 0;
}

static void tell_confirmed(const struct confirmed *c)
{
    if (!c->tried)
        return;
    printf("  real threads: %s, %u tr%s, %.1f s\n", c->verdict, c->tries,
           c->tries == 1 ? "y" : "ies", c->seconds);
    if (c->saw[0] != 0 && !c->confirmed)
        printf("         %s\n", c->saw);
}

static void tell(struct session *s, const struct hunt_find *f, const char *path, bool known,
                 const struct confirmed *on_threads)
{
    char folder[STORE_PATH_BYTES];

    case_folder(path, folder);
    session_clear_progress(s);
    printf("\nFOUND  %s\n", f->c.signature);
    if (f->message[0] != 0)
        printf("       %s\n", f->message);
    printf("  %s\n", f->c.found);
    printf("  after  %.2f s; %zu choice%s%s", f->seconds, f->choices_before,
           command_s(f->choices_before), f->replayed && !known ? "" : " (not minimized)");
    if (f->replayed && !known)
        printf(", now %zu in a program of %u operation%s (%llu execution%s)", f->c.choices,
               f->operations, command_s(f->operations), (unsigned long long)f->minimizing,
               command_s(f->minimizing));
    printf("\n");
    if (f->seen.of > 0)
        printf("  real threads met it first: seed %llu, then %u of %u times\n",
               (unsigned long long)f->seen.seed, f->seen.met, f->seen.of);
    tell_confirmed(on_threads);
    if (path[0] == 0) {
        printf("  not saved: %s\n", f->replayed ? "the case is on standard error"
                                                : "it did not replay twice with this signature");
    } else {
        printf("  case   %s%s\n", folder, known ? " (known)" : "");
        printf("  repeat ./gauntlet replay %s\n", folder);
    }
    fflush(stdout);
}

void session_note_seen(cJSON *o, const struct native_seen *seen)
{
    if (seen->of == 0) {
        cJSON_AddNullToObject(o, "native");
        return;
    }
    cJSON *native = cJSON_AddObjectToObject(o, "native");
    char seed[32];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)seen->seed);
    cJSON_AddRawToObject(native, "seed", seed);
    cJSON_AddNumberToObject(native, "met", seen->met);
    cJSON_AddNumberToObject(native, "of", seen->of);
}

static void note(struct session *s, const struct hunt_find *f, const char *path, bool known,
                 const struct confirmed *on_threads)
{
    cJSON *o = cJSON_CreateObject();
    char folder[STORE_PATH_BYTES];

    case_folder(path, folder);
    const char *slash = strrchr(folder, '/');
    if (path[0] != 0)
        cJSON_AddStringToObject(o, "id", slash ? slash + 1 : folder);
    else
        cJSON_AddNullToObject(o, "id");
    cJSON_AddStringToObject(o, "oracle", f->c.oracle);
    cJSON_AddStringToObject(o, "signature", f->c.signature);
    if (path[0] != 0)
        cJSON_AddStringToObject(o, "case", path);
    else
        cJSON_AddNullToObject(o, "case");
    cJSON_AddNumberToObject(o, "executions_to_find", (double)f->executions);
    cJSON_AddNumberToObject(o, "seconds_to_find", f->seconds);
    cJSON_AddNumberToObject(o, "choices", (double)f->c.choices);
    cJSON_AddNumberToObject(o, "operations", f->operations);
    if (f->seen.of > 0)
        cJSON_AddBoolToObject(o, "confirmed", f->seen.met > 0);
    else
        confirm_note(on_threads, o);
    session_note_seen(o, &f->seen);
    cJSON_AddBoolToObject(o, "replayed", f->replayed);
    cJSON_AddBoolToObject(o, "known", known);
    cJSON_AddStringToObject(o, "strategy", f->strategy);
    cJSON_AddStringToObject(o, "memory", sim_memory_names[f->c.memory]);
    cJSON_AddStringToObject(o, "workload", f->c.program->name);
    cJSON_AddItemToArray(s->findings, o);
}

// Tries the new case on real threads, and writes into it what came of that.
static void confirm(struct session *s, struct hunt_find *f, const char *path,
                    struct confirmed *on_threads)
{
    char error[STORE_PATH_BYTES + 256];
    size_t n = strlen(f->c.found);

    session_clear_progress(s);
    confirm_find(path, on_threads);
    if (!on_threads->tried)
        return;
    snprintf(f->c.found + n, sizeof f->c.found - n, "; on real threads: %s", on_threads->verdict);
    if (!store_replace(&f->c, path, error, sizeof error))
        fprintf(stderr, "gauntlet: %s\n", error);
}

void session_find(struct session *s, struct hunt_find *f)
{
    struct confirmed on_threads = {.tried = false};
    char path[STORE_PATH_BYTES] = "", error[STORE_PATH_BYTES + 256];
    bool known;

    if (!session_first(s, f->c.signature))
        return;
    f->c.fixed = s->patch != NULL;
    known = store_find(s->out, f->c.signature, s->patch, path);
    if (!known && f->replayed && !store_new(&f->c, s->out, s->patch, path, error, sizeof error)) {
        path[0] = 0;
        s->unsaved = true;
        session_clear_progress(s);
        fprintf(stderr, "gauntlet: %s; the case follows\n", error);
        case_print(&f->c, stderr);
    }
    if (s->confirm && !known && path[0] != 0 && f->seen.of == 0)
        confirm(s, f, path, &on_threads);
    if (s->json)
        note(s, f, path, known, &on_threads);
    else
        tell(s, f, path, known, &on_threads);
}

static bool on_known(const char *signature, void *arg)
{
    struct session *s = arg;
    char path[STORE_PATH_BYTES];

    return store_find(s->out, signature, s->patch, path);
}

static void on_find(struct hunt_find *f, void *arg)
{
    session_find(arg, f);
}

static void on_progress(const struct hunt_stats *stats, void *arg)
{
    session_progress(arg, stats);
}

void session_run(struct session *s)
{
    s->params.known = on_known;
    s->params.arg = s;
    if (s->jobs > 1 || s->engines != NULL || s->native != NULL) {
        session_jobs(s);
    } else {
        s->params.parts = 1;
        s->params.find = on_find;
        s->params.progress = on_progress;
        trial_init();
        hunt(&s->params, &s->stats);
    }
    session_clear_progress(s);
    for (uint32_t i = 0; i < s->finds && i < MET; i++)
        free(s->met[i]);
}
