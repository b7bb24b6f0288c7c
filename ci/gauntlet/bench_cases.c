// SPDX-License-Identifier: Apache-2.0
//
// Figures of whole processes: replaying each saved case from nothing, and how surely the known bugs
// are found. Both start this very program again, so that what is timed is what a person types;
// the build of a patched program, done once and kept, is not part of it.
#include "ci/gauntlet/bench.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "ci/gauntlet/command.h"
#include "stress/bench/child.h"

// Starts this program. The JSON object that it prints, or NULL when it ends with EXIT_USAGE or
// prints none; then what it said on standard error is passed on.
static cJSON *run_self(char **argv)
{
    int status = EXIT_USAGE;
    char self[] = "/proc/self/exe";
    FILE *errors = tmpfile();

    argv[0] = self;
    char *text = child_output(argv, &status, errors);
    cJSON *object = text && status <= EXIT_FINDINGS ? cJSON_Parse(text) : NULL;
    if (object == NULL && errors != NULL)
        child_tell(errors);
    if (errors != NULL)
        fclose(errors);
    free(text);
    return object;
}

static double number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static void name_row(struct figure *f, const char *group, const char *slug, const char *what)
{
    snprintf(f->samples.name, sizeof f->samples.name, "%s.%.64s%s", group, slug, what);
}

// Replay ------------------------------------------------------------------------------------------

struct replays {
    struct bench *b;
    uint32_t cases;
    bool ran; // every replay so far, whatever came out
};

// *ran is cleared when the replay could not be run at all.
static bool replayed_exactly(const char *file, bool *ran)
{
    char path[STORE_PATH_BYTES];
    char *argv[] = {NULL, (char[]){"replay"}, (char[]){"--json"}, path, NULL};

    snprintf(path, sizeof path, "%s", file);
    cJSON *object = run_self(argv);
    const cJSON *grade = cJSON_GetObjectItemCaseSensitive(object, "grade");
    bool exact = cJSON_IsString(grade) && strcmp(grade->valuestring, "exact") == 0;
    *ran &= object != NULL;
    cJSON_Delete(object);
    return exact;
}

static bool measure_case(const char *file, void *arg)
{
    static struct figure time, exact;
    struct replays *r = arg;
    char folder[STORE_PATH_BYTES];
    uint32_t good = 0, n;

    snprintf(folder, sizeof folder, "%s", file);
    *strrchr(folder, '/') = 0;
    const char *slug = strrchr(folder, '/') ? strrchr(folder, '/') + 1 : folder;
    r->b->progress(r->b, slug);
    r->cases++;
    time = (struct figure){.samples.unit = "ms", .most = 50};
    name_row(&time, "replay", slug, "");
    replayed_exactly(file, &r->ran); // builds the case's program, if need be
    for (n = 0; n < r->b->replays && !command_stopped; n++) {
        double begin = slices_now();

        good += replayed_exactly(file, &r->ran);
        samples_add(&time.samples, (slices_now() - begin) * 1e3);
    }
    exact = (struct figure){.least = r->b->replays};
    snprintf(exact.samples.unit, sizeof exact.samples.unit, "of %u", r->b->replays);
    name_row(&exact, "replay", slug, ".exact");
    samples_add(&exact.samples, good);
    r->b->add(r->b, &time);
    r->b->add(r->b, &exact);
    return !command_stopped;
}

bool bench_replay(struct bench *b)
{
    struct replays r = {.b = b, .ran = true};

    store_each(b->cases, measure_case, &r);
    if (r.cases == 0)
        fprintf(stderr, "gauntlet: %s holds no case to replay\n", command_relative(b->cases));
    return r.ran;
}

// Known bugs --------------------------------------------------------------------------------------

enum { BUGS_MAX = 256 };

struct bug {
    char slug[256];
    uint32_t found;
    struct samples seconds, choices;
};

struct bugs {
    struct bug *v;
    uint32_t n;
};

static struct bug *bug_of(struct bugs *bugs, const char *slug)
{
    for (uint32_t i = 0; i < bugs->n; i++)
        if (strcmp(bugs->v[i].slug, slug) == 0)
            return &bugs->v[i];
    if (bugs->n == BUGS_MAX)
        return NULL;
    struct bug *bug = &bugs->v[bugs->n++];
    snprintf(bug->slug, sizeof bug->slug, "%s", slug);
    return bug;
}

// One seed over the whole bank, as `gauntlet bank` does it.
static bool hunt_bank(struct bugs *bugs, uint32_t seed)
{
    char number[16];
    char *argv[] = {NULL,
                    (char[]){"bank"},
                    (char[]){"--json"},
                    (char[]){"--for"},
                    (char[]){"20s"},
                    (char[]){"--seeds"},
                    (char[]){"1"},
                    (char[]){"--jobs"},
                    (char[]){"1"},
                    (char[]){"--no-confirm"},
                    (char[]){"--seed"},
                    number,
                    NULL};
    const cJSON *row;

    snprintf(number, sizeof number, "%u", seed);
    cJSON *object = run_self(argv);
    const cJSON *bank = cJSON_GetObjectItemCaseSensitive(object, "bugs");
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "stopped")))
        bank = NULL; // a part of the bank is no sample
    cJSON_ArrayForEach(row, bank)
    {
        const cJSON *slug = cJSON_GetObjectItemCaseSensitive(row, "slug");
        struct bug *bug = cJSON_IsString(slug) ? bug_of(bugs, slug->valuestring) : NULL;

        if (bug == NULL || !cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, "found")))
            continue;
        bug->found++;
        samples_add(&bug->seconds, number_of(row, "seconds"));
        samples_add(&bug->choices, number_of(row, "choices"));
    }
    bool ok = object != NULL;
    cJSON_Delete(object);
    return ok;
}

static void bug_rows(struct bench *b, const struct bug *bug, uint32_t seeds)
{
    static struct figure f;

    f = (struct figure){.least = seeds};
    snprintf(f.samples.unit, sizeof f.samples.unit, "of %u", seeds);
    name_row(&f, "bank", bug->slug, ".found");
    samples_add(&f.samples, bug->found);
    b->add(b, &f);
    f = (struct figure){.samples = bug->seconds, .most = 20, .every = true};
    snprintf(f.samples.unit, sizeof f.samples.unit, "s");
    name_row(&f, "bank", bug->slug, ".time");
    b->add(b, &f);
    f = (struct figure){.samples = bug->choices, .most = 6, .every = true};
    snprintf(f.samples.unit, sizeof f.samples.unit, "choices");
    name_row(&f, "bank", bug->slug, ".minimized");
    b->add(b, &f);
}

bool bench_bank(struct bench *b)
{
    struct bugs bugs = {.v = calloc(BUGS_MAX, sizeof(struct bug))};
    uint32_t seeds = 0;
    bool ok = bugs.v != NULL;

    while (ok && seeds < b->seeds && !command_stopped) {
        char what[48];

        snprintf(what, sizeof what, "bank, seed %u of %u", seeds + 1, b->seeds);
        b->progress(b, what);
        ok = hunt_bank(&bugs, seeds + 1);
        seeds += ok && !command_stopped;
    }
    for (uint32_t i = 0; ok && i < bugs.n; i++)
        bug_rows(b, &bugs.v[i], seeds);
    free(bugs.v);
    return ok;
}
