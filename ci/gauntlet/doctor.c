// SPDX-License-Identifier: Apache-2.0
//
// gauntlet doctor: what of this machine helps or hurts, one line each, with the command that mends
// it. The checks are in doctor_*.c; what only this program can try is here.
#include "ci/gauntlet/doctor.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"
#include "repro/trial.h"

struct visit {
    struct doctor doctor; // first: the checks know this part
    cJSON *checks;        // NULL: text
    uint32_t verdicts[DOCTOR_VERDICTS];
};

static void on_remark(struct doctor *d, const struct remark *r)
{
    struct visit *v = (struct visit *)d;

    v->verdicts[r->verdict]++;
    if (v->checks == NULL) {
        printf("%-6s  %-20s  %s\n", doctor_verdict_names[r->verdict], r->name, r->text);
        if (r->mend != NULL)
            printf("%-6s  %-20s  mend: %s\n", "", "", r->mend);
        fflush(stdout);
        return;
    }
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", r->name);
    cJSON_AddStringToObject(o, "verdict", doctor_verdict_names[r->verdict]);
    cJSON_AddStringToObject(o, "text", r->text);
    if (r->mend != NULL)
        cJSON_AddStringToObject(o, "mend", r->mend);
    else
        cJSON_AddNullToObject(o, "mend");
    cJSON_AddItemToArray(v->checks, o);
}

// The engine lies at fixed addresses. It is started in a process of its own, whose last words are
// its reason when it cannot.
static void engine(struct doctor *d)
{
    char line[120] = "";
    int fds[2], status = -1;

    if (pipe(fds) != 0)
        return;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(fds[1], STDERR_FILENO);
        trial_init();
        _exit(0);
    }
    close(fds[1]);
    ssize_t n = child > 0 ? TEMP_FAILURE_RETRY(read(fds[0], line, sizeof line - 1)) : 0;
    close(fds[0]);
    if (child > 0)
        TEMP_FAILURE_RETRY(waitpid(child, &status, 0));
    line[n > 0 ? n : 0] = 0;
    line[strcspn(line, "\n")] = 0;
    if (status == 0)
        doctor_say(d, "engine's addresses", DOCTOR_OK, NULL, "free");
    else
        doctor_say(d, "engine's addresses", DOCTOR_BROKEN,
                   "ulimit -v unlimited; sysctl -w vm.overcommit_memory=0", "%s",
                   line[0] ? line : "the engine does not start");
}

static int finish(struct visit *v)
{
    const uint32_t *n = v->verdicts;

    if (v->checks != NULL) {
        cJSON *o = cJSON_CreateObject();

        cJSON_AddItemToObject(o, "checks", v->checks);
        for (int i = 0; i < DOCTOR_VERDICTS; i++)
            cJSON_AddNumberToObject(o, doctor_verdict_names[i], n[i]);
        command_print_json(o);
    } else {
        printf("\n%u ok, %u worse, %u broken\n", n[DOCTOR_OK], n[DOCTOR_WORSE], n[DOCTOR_BROKEN]);
    }
    return n[DOCTOR_BROKEN] > 0 ? EXIT_USAGE : n[DOCTOR_WORSE] > 0 ? EXIT_FINDINGS : EXIT_NOTHING;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct visit *v = state->input;

    switch (key) {
    case 'j':
        v->checks = cJSON_CreateArray();
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected '%s'", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int command_doctor(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"json", 'j', 0, 0, "One JSON object on standard output", 0},
        {0},
    };
    static const struct argp argp = {
        options,
        parse,
        "",
        "Says what of this machine helps or hurts: tools, kernel settings, room, limits; ok, worse "
        "or broken, and the command that mends it. Exit status 0 when nothing hurts, 1 when "
        "something does, 2 when something that is needed is broken.",
        0,
        0,
        0};
    const char *home = getenv("HOME"), *xdg = getenv("XDG_CACHE_HOME");
    char cache[STORE_PATH_BYTES];
    struct visit v = {.doctor = {.root = "", .cache = cache, .tell = on_remark}};

    command_parse(&argp, argc, argv, &v);
    if (xdg != NULL && xdg[0] == '/')
        snprintf(cache, sizeof cache, "%s", xdg);
    else
        snprintf(cache, sizeof cache, "%s/.cache", home ? home : "");
    doctor_tools(&v.doctor);
    engine(&v.doctor);
    doctor_kernel(&v.doctor);
    doctor_room(&v.doctor);
    return finish(&v);
}
