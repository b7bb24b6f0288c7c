// SPDX-License-Identifier: Apache-2.0
//
// gauntlet completion: prints a bash function that completes commands, their options and what the
// options take. All of it comes from the tables that the commands parse by, and from the engine's
// lists of names; what is a file (workloads, cases, known bugs) is looked up when it is asked for.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ci/gauntlet/command.h"
#include "repro/trial.h"

// What may follow an option, or be an argument: by the option's name, else by the word that its
// help has for it. `bash` prints the words; a list may hold several, with commas between.
static const struct value {
    const char *option, *word, *bash;
    bool list;
} values[] = {
    {"workload", "WORKLOAD",
     "compgen -f -- \"$cur\"; ls \"$root/stress/workload/files\" | "
     "sed -n 's/[.]wl$//p'",
     true},
    {"strategy", NULL, "echo $strategies", true},
    {"memory", NULL, "echo $memories", true},
    {"oracle", NULL, "echo $oracles", true},
    {"faults", NULL, "echo $faults", false},
    {NULL, "CASE", "compgen -f -- \"$cur\"; ls \"$root/repro/cases\"", false},
    {NULL, "SLUG", "ls \"$root/repro/bank\"", false},
    {NULL, "BUG", "ls \"$root/repro/bank\"", false},
    {NULL, "FILE", "compgen -f -- \"$cur\"", false},
    {NULL, "DIR", "compgen -d -- \"$cur\"", false},
    {NULL, "SHELL", "echo bash", false},
};

static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = text; (at = strstr(at, word)) != NULL; at += n)
        if ((at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[n]))
            return true;
    return false;
}

static const struct value *value_of(const char *option, const char *word)
{
    enum { VALUES = sizeof values / sizeof values[0] };

    for (size_t i = 0; i < VALUES; i++)
        if (option != NULL && values[i].option != NULL && strcmp(option, values[i].option) == 0)
            return &values[i];
    for (size_t i = 0; i < VALUES; i++)
        if (values[i].word != NULL && word != NULL && has_word(word, values[i].word))
            return &values[i];
    return NULL;
}

static void print_options(const struct argp *argp)
{
    printf("        options='--help --usage");
    for (const struct argp_option *o = argp->options; o && (o->name || o->key); o++)
        if (o->name != NULL && !(o->flags & OPTION_HIDDEN))
            printf(" --%s%s", o->name, o->arg ? "=" : "");
    printf("'\n");
}

// After such an option a value comes, whether or not it is known which.
static void print_values(const struct argp *argp)
{
    printf("        case $option in\n");
    for (const struct argp_option *o = argp->options; o && (o->name || o->key); o++) {
        const struct value *v = value_of(o->name, o->arg);

        if (o->name == NULL || o->arg == NULL)
            continue;
        printf("        --%s", o->name);
        if (o->key < 128 && isalnum(o->key))
            printf(" | -%c", o->key);
        printf(") takes=1 list=%d words=$(%s) ;;\n", v ? v->list : 0, v ? v->bash : ":");
    }
    printf("        esac\n");
}

static void print_command(const struct command *c)
{
    const struct argp *argp = command_argp(c);
    const struct value *argument = argp && argp->args_doc ? value_of(NULL, argp->args_doc) : NULL;

    if (argp == NULL)
        return;
    printf("    %s)\n", c->name);
    print_options(argp);
    print_values(argp);
    if (argument != NULL)
        printf("        [ $takes = 1 ] || arguments=$(%s)\n", argument->bash);
    printf("        ;;\n");
}

static void print_names(const char *variable, const char *const *names)
{
    printf("    local %s='", variable);
    for (; *names != NULL; names++)
        printf("%s ", *names);
    printf("'\n");
}

// In single quotes, whatever bytes it holds.
static void print_quoted(const char *text)
{
    putchar('\'');
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    putchar('\'');
}

static void print_lists(void)
{
    const char *memories[SIM_MEMORIES + 1] = {0};

    for (int i = 0; i < SIM_MEMORIES; i++)
        memories[i] = sim_memory_names[i];
    printf("    local root=");
    print_quoted(command_root());
    printf("\n    local commands='--help");
    for (const struct command *c = commands; c->name != NULL; c++)
        if (c->summary != NULL)
            printf(" %s", c->name);
    printf("'\n");
    print_names("strategies", sim_strategy_names());
    print_names("memories", memories);
    print_names("oracles", sim_oracle_names());
    print_names("faults", hunt_fault_words);
}

// bash breaks words at `=`: --seed=3 comes as three.
static const char begin[] =
    "    local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    local options= words= arguments= takes=0 list=0 before= word\n"
    "    [ \"$option\" != = ] || option=${COMP_WORDS[COMP_CWORD-2]}\n"
    "    [ \"$cur\" != = ] || cur=\n"
    "    case ${COMP_WORDS[1]} in\n";
// The last name of a list is the one to complete; what stands before it stays. No space comes after
// an option that takes a value, nor after a name in a list. compgen -W would do for the loop, but
// it expands what stands in the words, and these may be names of files.
static const char end[] =
    "    esac\n"
    "    if [ \"$COMP_CWORD\" = 1 ]; then\n"
    "        words=$commands list=0\n"
    "    elif [ $takes = 1 ]; then\n"
    "        case $list$cur in 1*,*) before=${cur%,*}, cur=${cur##*,} ;; esac\n"
    "    else\n"
    "        case $cur in -*) words=$options ;; *) words=$arguments ;; esac\n"
    "    fi\n"
    "    COMPREPLY=()\n"
    "    for word in $words; do\n"
    "        case $word in \"$cur\"*) COMPREPLY+=(\"$before$word\") ;; esac\n"
    "    done\n"
    "    case $list${COMPREPLY[0]} in 1* | *=) compopt -o nospace 2>/dev/null ;; esac\n";

static error_t parse(int key, char *arg, struct argp_state *state)
{
    const char **shell = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        if (strcmp(arg, "bash") != 0)
            argp_error(state, "'%s' is not known; there is: bash", arg);
        *shell = arg;
        return 0;
    case ARGP_KEY_END:
        if (*shell == NULL)
            argp_error(state, "SHELL expected: bash");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int command_completion(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "SHELL",
        "Prints what a shell (bash) needs to complete commands, options, workloads, cases and "
        "known bugs: source <(./gauntlet completion bash)",
        0,
        0,
        0};
    const char *shell = NULL;

    command_parse(&argp, argc, argv, &shell);
    printf("# Completion of gauntlet for %s; made from its tables of options.\n_gauntlet()\n{\n",
           shell);
    print_lists();
    fputs(begin, stdout);
    for (const struct command *c = commands; c->name != NULL; c++)
        if (c->summary != NULL)
            print_command(c);
    fputs(end, stdout);
    printf("}\ncomplete -F _gauntlet gauntlet\n");
    return EXIT_NOTHING;
}
