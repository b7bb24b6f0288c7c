// SPDX-License-Identifier: Apache-2.0
//
// What of this machine helps or hurts. A check looks at one thing and says one remark. Nothing here
// changes the machine; what is tried (mappings, namespaces) is tried in a process of its own.
#pragma once

#include <stdbool.h>

enum verdict { DOCTOR_OK, DOCTOR_WORSE, DOCTOR_BROKEN, DOCTOR_VERDICTS };
extern const char *const doctor_verdict_names[DOCTOR_VERDICTS];

struct remark {
    const char *name; // of the check: static
    enum verdict verdict;
    char text[160];   // what was seen, and what it means unless all is well
    const char *mend; // a command, or NULL: nothing to mend; static
};

struct doctor {
    const char *root;  // "" or, for tests, the folder that stands for /
    const char *cache; // folder below which builds and patched programs are kept
    void (*tell)(struct doctor *d, const struct remark *r); // the remark is gone afterwards
};

void doctor_say(struct doctor *d, const char *name, enum verdict verdict, const char *mend,
                const char *format, ...) __attribute__((format(printf, 5, 6)));
// First line of a file below d->root; false when it cannot be read or is empty.
bool doctor_line(const struct doctor *d, const char *path, char *line, int bytes);
// Its first number; `otherwise` when there is none.
long doctor_number(const struct doctor *d, const char *path, long otherwise);

void doctor_tools(struct doctor *d);  // programs and their versions
void doctor_kernel(struct doctor *d); // settings, and what is allowed
void doctor_room(struct doctor *d);   // processors, memory, disk, limits
