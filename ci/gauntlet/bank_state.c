// SPDX-License-Identifier: Apache-2.0
//
// What `gauntlet bank --resume FILE` has done, so that it is not done again. One JSON object whose
// rows name the commit, the bug, the seed, the budget and the memory models that they are of; those
// of others stay in the file and count for nothing. The file is replaced as a whole after each
// piece of work, by a temporary file, fsync and rename. Edits that are not committed are not
// noticed.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ci/gauntlet/bank.h"

enum { STATE_BYTES = 64 << 20 };

static const char format[] = "gauntlet bank 1";
static const char *const works[] = {"hunt", "confirm", "baseline"};

static const char *text_of(const cJSON *row, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, key));

    return text ? text : "";
}

static double number_of(const cJSON *row, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(row, key);

    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static bool is_true(const cJSON *row, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, key));
}

// The file ----------------------------------------------------------------------------------------

static bool write_all(const struct bank *b, FILE *f)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "format", format);
    cJSON_AddItemReferenceToObject(o, "rows", b->rows);
    char *text = cJSON_Print(o);
    bool ok = text != NULL && fputs(text, f) >= 0 && fputc('\n', f) != EOF && fflush(f) == 0 &&
              fsync(fileno(f)) == 0;
    cJSON_free(text);
    cJSON_Delete(o);
    return ok;
}

static bool replace(const struct bank *b)
{
    char temporary[STORE_PATH_BYTES];

    if (snprintf(temporary, sizeof temporary, "%s.new-%d", b->state, (int)getpid()) >=
        (int)sizeof temporary)
        return command_fail("%s: name too long", b->state) == 0;
    FILE *f = fopen(temporary, "w");
    if (f == NULL)
        return command_fail("%s: %s", temporary, strerror(errno)) == 0;
    bool ok = write_all(b, f);
    ok = fclose(f) == 0 && ok && rename(temporary, b->state) == 0;
    if (!ok) {
        command_fail("%s: %s", b->state, strerror(errno));
        unlink(temporary);
    }
    return ok;
}

// 0, or EXIT_USAGE after one line.
static int read_file(struct bank *b)
{
    char error[STORE_PATH_BYTES + 256];
    size_t n;
    char *text = text_read_file(b->state, STATE_BYTES, &n, error, sizeof error);

    if (text == NULL)
        return command_fail("%s", error);
    cJSON *o = cJSON_Parse(text);
    free(text);
    cJSON *rows = cJSON_DetachItemFromObjectCaseSensitive(o, "rows");
    bool ok = strcmp(text_of(o, "format"), format) == 0 && cJSON_IsArray(rows);
    cJSON_Delete(o);
    b->rows = rows;
    return ok ? 0 : command_fail("%s: is no state of `gauntlet bank` (%s)", b->state, format);
}

int bank_state_load(struct bank *b)
{
    int status = 0;

    if (b->state == NULL)
        return 0;
    if (access(b->state, F_OK) == 0)
        status = read_file(b);
    else
        b->rows = cJSON_CreateArray();
    if (status == 0 && !replace(b)) // sees that it can be written
        status = EXIT_USAGE;
    return status;
}

// Rows --------------------------------------------------------------------------------------------

static cJSON *key_of(const struct bank *b, const struct bank_bug *bug, enum bank_work work,
                     uint32_t seed)
{
    cJSON *row = cJSON_CreateObject();
    char number[32];

    snprintf(number, sizeof number, "%llu", (unsigned long long)(b->seed + seed));
    cJSON_AddStringToObject(row, "work", works[work]);
    cJSON_AddStringToObject(row, "commit", command_commit());
    cJSON_AddStringToObject(row, "slug", bug->slug);
    cJSON_AddStringToObject(row, "seed", number); // a JSON number could not hold all
    cJSON_AddNumberToObject(row, "budget", b->budget);
    if (work == BANK_HUNT)
        cJSON_AddStringToObject(row, "models", bug->memory);
    return row;
}

static const cJSON *find(const struct bank *b, const struct bank_bug *bug, enum bank_work work,
                         uint32_t seed)
{
    cJSON *key = key_of(b, bug, work, seed);
    const cJSON *row, *found = NULL, *item;

    cJSON_ArrayForEach(row, b->rows)
    {
        bool same = true;

        cJSON_ArrayForEach(item, key)
        {
            same = same &&
                   cJSON_Compare(item, cJSON_GetObjectItemCaseSensitive(row, item->string), true);
        }
        if (same)
            found = row;
    }
    cJSON_Delete(key);
    return found;
}

static void take_run(struct bank_run *run, const cJSON *row)
{
    const char *text = text_of(row, "case");

    *run = (struct bank_run){.how = BANK_DONE,
                             .found = is_true(row, "found"),
                             .executions = number_of(row, "executions"),
                             .seconds = number_of(row, "seconds"),
                             .choices = number_of(row, "choices"),
                             .operations = number_of(row, "operations"),
                             .text = text[0] ? strdup(text) : NULL};
    snprintf(run->strategy, sizeof run->strategy, "%s", text_of(row, "strategy"));
    snprintf(run->memory, sizeof run->memory, "%s", text_of(row, "memory"));
    snprintf(run->signature, sizeof run->signature, "%s", text_of(row, "signature"));
}

static void take_baseline(struct bank_baseline *t, const cJSON *row)
{
    *t = (struct bank_baseline){.how = BANK_DONE,
                                .found = is_true(row, "found"),
                                .executions = number_of(row, "executions"),
                                .seconds = number_of(row, "seconds")};
    snprintf(t->signature, sizeof t->signature, "%s", text_of(row, "signature"));
}

void bank_state_take(struct bank *b, uint32_t index)
{
    struct bank_bug *bug = &b->bug[index];
    const cJSON *row;

    for (uint32_t i = 0; i < b->seeds; i++) {
        struct bank_run *run = &bug->run[i];

        row = find(b, bug, BANK_HUNT, i);
        if (row == NULL)
            continue;
        take_run(run, row);
        row = find(b, bug, BANK_CONFIRM, i);
        if (row == NULL)
            continue;
        run->confirm = (struct bank_confirm){.how = BANK_DONE, .shown = is_true(row, "shown")};
        snprintf(run->confirm.verdict, sizeof run->confirm.verdict, "%s", text_of(row, "verdict"));
    }
    row = find(b, bug, BANK_BASELINE, 0);
    if (row != NULL)
        take_baseline(&bug->baseline, row);
}

static void add_hunt(cJSON *row, const struct bank_run *run)
{
    cJSON_AddBoolToObject(row, "found", run->found);
    cJSON_AddNumberToObject(row, "executions", run->executions);
    cJSON_AddNumberToObject(row, "seconds", run->seconds);
    cJSON_AddNumberToObject(row, "choices", run->choices);
    cJSON_AddNumberToObject(row, "operations", run->operations);
    cJSON_AddStringToObject(row, "strategy", run->strategy);
    cJSON_AddStringToObject(row, "memory", run->memory);
    cJSON_AddStringToObject(row, "signature", run->signature);
    if (run->text != NULL)
        cJSON_AddStringToObject(row, "case", run->text);
}

bool bank_state_keep(struct bank *b, const struct bank_bug *bug, enum bank_work work, uint32_t seed)
{
    if (b->state == NULL)
        return true;
    cJSON *row = key_of(b, bug, work, seed);
    if (work == BANK_HUNT) {
        add_hunt(row, &bug->run[seed]);
    } else if (work == BANK_CONFIRM) {
        cJSON_AddBoolToObject(row, "shown", bug->run[seed].confirm.shown);
        cJSON_AddStringToObject(row, "verdict", bug->run[seed].confirm.verdict);
    } else {
        cJSON_AddBoolToObject(row, "found", bug->baseline.found);
        cJSON_AddNumberToObject(row, "executions", bug->baseline.executions);
        cJSON_AddNumberToObject(row, "seconds", bug->baseline.seconds);
        cJSON_AddStringToObject(row, "signature", bug->baseline.signature);
    }
    cJSON_AddItemToArray(b->rows, row);
    return replace(b);
}
