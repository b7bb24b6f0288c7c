// SPDX-License-Identifier: Apache-2.0
//
// patchbuild: the patch rule's tool. With --case the kit is the one of the sizes that the case
// names.
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repro/patchbuild.h"
#include "repro/patchtree.h"

struct options {
    struct patchbuild_request request;
    const char *kit_prod, *case_file;
};

static const struct argp_option options[] = {
    {"kit", 'k', "FILE", 0, "manifest of the program to build", 0},
    {"kit-prod", 'K', "FILE", 0, "the manifest for cases of sizes prod", 0},
    {"case", 'c', "FILE", 0, "case whose sizes choose the manifest", 0},
    {"root", 'r', "DIR", 0, "folder that the manifest's paths start from (.)", 0},
    {"patch", 'p', "FILE", 0, "unified diff to apply", 0},
    {"output", 'o', "FILE", 0, "executable to write", 0},
    {"verbose", 'v', NULL, 0, "say what is compiled", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'k':
        o->request.kit = arg;
        break;
    case 'K':
        o->kit_prod = arg;
        break;
    case 'c':
        o->case_file = arg;
        break;
    case 'r':
        o->request.root = arg;
        break;
    case 'p':
        o->request.patch = arg;
        break;
    case 'o':
        o->request.output = arg;
        break;
    case 'v':
        o->request.verbose = true;
        break;
    case ARGP_KEY_END:
        if (!o->request.kit || !o->request.patch || !o->request.output)
            argp_error(state, "--kit, --patch and --output are needed");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct argp argp = {options, parse, NULL, "Builds a program with a patch to the runtime.",
                              NULL,    NULL,  NULL};
    struct options o = {.request = {.root = "."}};
    char err[1024];

    argp_err_exit_status = 2;
    (void)argp_parse(&argp, argc, argv, 0, NULL, &o);
    if (o.case_file != NULL && o.kit_prod != NULL) {
        char *text = tree_read(o.case_file);
        if (strstr(text, "\nsizes prod\n") != NULL)
            o.request.kit = o.kit_prod;
        free(text);
    }
    if (patchbuild(&o.request, err, sizeof err) != 0) {
        (void)fprintf(stderr, "%s\n", err);
        return 2;
    }
    return 0;
}
