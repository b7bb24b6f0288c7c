// SPDX-License-Identifier: Apache-2.0
//
// gauntlet man: the manual page, as roff, from the same tables as the help texts.
#include <ctype.h>
#include <string.h>

#include "ci/gauntlet/command.h"

enum { WIDTH = 78 };

// Text as roff takes it: lines are short, none begins with a control character, hyphens are the
// keyboard's.
static void print_roff(const char *text)
{
    size_t column = 0;

    for (; *text; text++) {
        if (*text == ' ' && column + 1 + strcspn(text + 1, " ") > WIDTH) {
            putchar('\n');
            column = 0;
            continue;
        }
        if (column == 0 && (*text == '.' || *text == '\''))
            column += (size_t)printf("\\&");
        if (*text == '\\')
            column += (size_t)printf("\\e");
        else if (*text == '-')
            column += (size_t)printf("\\-");
        else
            column += (size_t)printf("%c", *text);
    }
}

static void print_option(const struct argp_option *o)
{
    printf(".TP\n");
    if (o->key < 128 && isalnum(o->key))
        printf("\\fB\\-%c\\fR, ", o->key);
    fputs("\\fB\\-\\-", stdout);
    print_roff(o->name);
    fputs("\\fR", stdout);
    if (o->arg != NULL)
        printf("=\\fI%s\\fR", o->arg);
    putchar('\n');
    print_roff(o->doc ? o->doc : "");
    putchar('\n');
}

static void print_command(const struct command *c)
{
    const struct argp *argp = command_argp(c);

    printf(".SS ");
    print_roff(c->name);
    if (argp != NULL && argp->args_doc != NULL && argp->args_doc[0] != 0) {
        putchar(' ');
        print_roff(argp->args_doc);
    }
    printf("\n");
    print_roff(argp != NULL && argp->doc != NULL ? argp->doc : c->summary);
    printf("\n");
    for (const struct argp_option *o = argp ? argp->options : NULL; o && (o->name || o->key); o++)
        if (o->name != NULL && !(o->flags & OPTION_HIDDEN))
            print_option(o);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    if (key == ARGP_KEY_ARG)
        argp_error(state, "unexpected '%s'", arg);
    return ARGP_ERR_UNKNOWN;
}

int command_man(int argc, char **argv)
{
    static const struct argp argp = {
        NULL, parse, "", "Prints the manual page, as roff: ./gauntlet man | man -l -", 0, 0, 0};

    command_parse(&argp, argc, argv, NULL);
    printf(".TH GAUNTLET 1 \"%s\" \"gauntlet\" \"User Commands\"\n", command_commit_day());
    printf(".SH NAME\n"
           "gauntlet \\- hunts races in a Go\\-style runtime under a deterministic scheduler\n"
           ".SH SYNOPSIS\n"
           ".B gauntlet\n"
           ".I COMMAND\n"
           "[\\fIOPTION\\fR]...\n"
           ".SH DESCRIPTION\n"
           "Runs programs on the runtime under many schedules, each chosen by a strategy and\n"
           "written down; makes each finding a small text file that replays exactly.\n"
           "Options that are common to all commands:\n"
           "\\fB\\-\\-help\\fR, \\fB\\-\\-usage\\fR.\n"
           ".SH COMMANDS\n");
    for (const struct command *c = commands; c->name != NULL; c++)
        if (c->summary != NULL)
            print_command(c);
    printf(".SH EXIT STATUS\n"
           ".TP\n0\nnothing found, or the outcome is what was asked\n"
           ".TP\n1\nfindings, or an outcome that does not match\n"
           ".TP\n2\nwrong usage, bad input or a broken set\\-up\n");
    return EXIT_NOTHING;
}
