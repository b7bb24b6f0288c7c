// SPDX-License-Identifier: Apache-2.0
//
// What the checks share: see doctor.h.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ci/gauntlet/doctor.h"

const char *const doctor_verdict_names[DOCTOR_VERDICTS] = {"ok", "worse", "broken"};

void doctor_say(struct doctor *d, const char *name, enum verdict verdict, const char *mend,
                const char *format, ...)
{
    struct remark r = {.name = name, .verdict = verdict, .mend = mend};
    va_list args;

    va_start(args, format);
    vsnprintf(r.text, sizeof r.text, format, args);
    va_end(args);
    d->tell(d, &r);
}

bool doctor_line(const struct doctor *d, const char *path, char *line, int bytes)
{
    char whole[512], read[256];

    snprintf(whole, sizeof whole, "%s%s", d->root, path);
    FILE *f = fopen(whole, "r");
    bool ok = f != NULL && fgets(read, sizeof read, f) != NULL;
    if (f != NULL)
        fclose(f);
    if (ok) {
        read[strcspn(read, "\n")] = 0;
        snprintf(line, (size_t)bytes, "%s", read);
    }
    return ok && line[0] != 0;
}

long doctor_number(const struct doctor *d, const char *path, long otherwise)
{
    char line[64], *end = line;
    long n = doctor_line(d, path, line, sizeof line) ? strtol(line, &end, 10) : 0;

    return end != line ? n : otherwise;
}
