// SPDX-License-Identifier: Apache-2.0
//
// See one_case.h.
#include "ci/gauntlet/one_case.h"

#include "repro/trial.h"

error_t one_case_parse(int key, char *arg, struct argp_state *state, struct one_case *o)
{
    switch (key) {
    case 'c':
        o->clean = true;
        return 0;
    case 'p':
        o->patch = arg;
        return 0;
    case 'r':
        o->search = (uint32_t)command_number("--search", arg, 100000000);
        return 0;
    case 't':
        o->trust = true;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->name != NULL)
            argp_error(state, "one case at a time");
        o->name = arg;
        return 0;
    case ARGP_KEY_END:
        if (o->name == NULL)
            argp_error(state, "CASE expected: a file, a folder, or a name in repro/cases");
        if (o->clean && o->patch != NULL)
            argp_error(state, "--clean and --patch contradict each other");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const char *one_case_patch(const struct one_case *o, const struct repro_case *c, const char *path)
{
    static char own[STORE_PATH_BYTES];

    if (o->patch != NULL || o->clean || !c->fixed)
        return o->patch;
    return command_case_patch(path, own) ? own : NULL;
}

int one_case_begin(const struct one_case *o, char **argv, struct repro_case *c,
                   char path[STORE_PATH_BYTES])
{
    char own[STORE_PATH_BYTES];
    const char *patch = o->patch;

    if (!command_case(o->name, c, path))
        return EXIT_USAGE;
    if (patch == NULL && !o->clean && c->fixed && !command_is_patched()) {
        if (!command_case_patch(path, own))
            return command_fail("%s: the case is fixed, and there is no bug.patch beside it; "
                                "`gauntlet replay --clean` runs it without",
                                path);
        if (!command_may_use_patch(own, o->trust))
            return EXIT_USAGE;
        patch = own;
    }
    int status = command_become(c->program->prod, patch, argv);
    if (status == 0)
        trial_init();
    return status;
}
