// SPDX-License-Identifier: Apache-2.0
//
// Case files: printing. The parser is in case_parse.c, conversion to and from a schedule of this
// binary in case_schedule.c. Print and parse are inverse to each other (case_test, fuzz/case).
#include "repro/case.h"

#include <stdlib.h>

const char *const case_kind_names[SIM_KINDS] = {"run", "next", "random", "fault", "hold", "drain"};

static void print_quoted(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void print_op(uint32_t op, FILE *out)
{
    fprintf(out, ":%u", wl_op_index(op));
    if (wl_op_iteration(op) > 0)
        fprintf(out, ".%u", wl_op_iteration(op) + 1);
}

// Not printed.
static uint32_t usual_turn(const struct case_choice *c)
{
    return c->after[0] != 0;
}

void case_print_choice(const struct case_choice *c, FILE *out)
{
    fputs(c->actor, out);
    if (c->after[0] == 0) {
        print_op(c->op, out);
    } else {
        fprintf(out, " after %s", c->after);
        print_op(c->op, out);
    }
    if (c->turn != usual_turn(c))
        fprintf(out, " turn %u", c->turn);
    fprintf(out, " at %s ", c->function);
    print_quoted(c->text, out);
    fprintf(out, " #%u visit %u: ", c->rank, c->visit);
    fputs(case_kind_names[c->kind], out);
    if (sim_value_is_name(c->kind))
        fprintf(out, " %s", c->name);
    else if (c->kind != SIM_HOLD)
        fprintf(out, " %u", c->number);
}

void case_print(const struct repro_case *c, FILE *out)
{
    fprintf(out, "gauntlet case %d\n", CASE_VERSION);
    fprintf(out, "status %s\noracle %s\nsignature %s\n", c->fixed ? "fixed" : "open", c->oracle,
            c->signature);
    if (c->word[0] != 0)
        fprintf(out, "word %s\n", c->word);
    fprintf(out, "sizes %s\nmemory %s\n%sfound %s\nprogram\n", c->program->prod ? "prod" : "tiny",
            sim_memory_names[c->memory], c->frozen ? "sysmon frozen\n" : "", c->found);
    workload_print(c->program, out, "  ");
    fputs("choices\n", out);
    for (size_t i = 0; i < c->choices; i++) {
        fputs("  ", out);
        case_print_choice(&c->choice[i], out);
        fputc('\n', out);
    }
}

void case_free(struct repro_case *c)
{
    for (size_t i = 0; i < c->choices; i++) {
        free(c->choice[i].function);
        free(c->choice[i].text);
    }
    free(c->choice);
    workload_free(c->program);
    *c = (struct repro_case){0};
}
