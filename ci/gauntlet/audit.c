// SPDX-License-Identifier: Apache-2.0
//
// gauntlet audit: is an execution the same however often, and wherever, it is run? Runs slices of
// the plan in two ways each (audit.h), compares their digests, and shows the first operation in
// which the first different pair of each way differs.
#include "ci/gauntlet/audit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"

enum { EXECUTIONS = 40000, SIDES = 2, LINE = 2048 };

struct options {
    const char *patch;
    char *workload[COMMAND_LIST];
    uint32_t nworkloads;
    uint64_t seed, executions;
    uint64_t first, last; // slices
    bool way[AUDIT_WAYS], ways_given;
    bool seed_given, slices_given, json;
};

static const struct argp_option options[] = {
    {"executions", 'e', "N", 0,
     "Run N, each half of a pair counted (default 40000, less than a minute)", 0},
    {"seed", 's', "S", 0, "Same seed, same audit (default: from the clock)", 0},
    {"workload", 'w', "LIST", 0,
     "Names in stress/workload/files, or files (default: all of that folder that have tiny sizes)",
     0},
    {"way", 'W', "LIST", 0,
     "Only these: again, trace, replay, case, process, fixed, padded, O0 (default: all)", 0},
    {"slice", 'i', "N[-M]", 0,
     "Only this slice of the plan, or these: repeats a difference, with what ran before", 0},
    {"patch", 'p', "FILE", 0, "Of a runtime with this diff applied", 0},
    {"json", 'j', 0, 0, "One JSON object on standard output", 0},
    {0},
};

static void add_ways(struct options *o, char *list)
{
    for (char *name = strsep(&list, ","); name != NULL; name = strsep(&list, ",")) {
        uint32_t way = 0;

        while (way < AUDIT_WAYS && strcmp(audit_ways[way].name, name) != 0)
            way++;
        if (way == AUDIT_WAYS)
            exit(
                command_fail("--way: '%s' is not known; there are: again trace replay case process "
                             "fixed padded O0",
                             name));
        o->way[way] = o->ways_given = true;
    }
}

static void set_slices(struct options *o, char *text)
{
    const uint64_t max = UINT64_MAX / (AUDIT_SLICE * SIDES) - 1;
    char *last = strchr(text, '-');

    if (last != NULL)
        *last++ = 0;
    o->first = command_number("--slice", text, max);
    o->last = last != NULL ? command_number("--slice", last, max) : o->first;
    o->slices_given = true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'e':
        o->executions = command_number("--executions", arg, UINT64_MAX);
        if (o->executions < SIDES)
            argp_error(state, "--executions: at least 2, a pair");
        return 0;
    case 's':
        o->seed = command_number("--seed", arg, UINT64_MAX);
        o->seed_given = true;
        return 0;
    case 'i':
        set_slices(o, arg);
        return 0;
    case 'w':
        command_list(state, o->workload, &o->nworkloads, arg);
        return 0;
    case 'W':
        add_ways(o, arg);
        return 0;
    case 'p':
        o->patch = arg;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected '%s'", arg);
        return 0;
    case ARGP_KEY_END:
        if (o->last < o->first)
            argp_error(state, "--slice: the last comes before the first");
        if (o->executions == 0)
            o->executions =
                o->slices_given ? (o->last - o->first + 1) * AUDIT_SLICE * SIDES : EXECUTIONS;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

// The audit --------------------------------------------------------------------------------

struct line {
    char what[LINE], stack[LINE];
};

// The first pair of a way that differs.
struct difference {
    struct audit_turn turn;
    uint32_t execution; // of the slice
    uint64_t pairs;     // that differ this way
    const char *in;     // what of the digests differs
    bool again;         // it differed again when it was logged
    size_t event;       // first line of the logs that differs; both sides below
    struct line side[SIDES];
};

struct audit {
    const struct options *o;
    struct audit_plan plan;
    uint64_t executions, skipped; // skipped: cannot be written as a case
    uint64_t pairs[AUDIT_WAYS];
    struct difference difference[AUDIT_WAYS];
    double begin, seconds;
    bool broken;
};

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static bool run_other(const struct audit_turn *t, const struct audit_run *planned,
                      struct audit_run *other)
{
    if (audit_ways[t->way].child)
        return audit_run_child(t, planned, other);
    other->trace = t->way == AUDIT_TRACE;
    if (t->way == AUDIT_REPLAY)
        audit_run_replayed(t, planned, other);
    else
        audit_run_planned(t, other);
    return true;
}

// Takes the next line off a log; the last ones are missing where one log is shorter.
static bool next_line(const char **at, struct line *l)
{
    const char *end = *at ? strchr(*at, '\n') : NULL;

    *l = (struct line){"(has ended)", ""};
    if (end == NULL)
        return false;
    size_t what = strcspn(*at, "\t\n"), stack = (size_t)(end - *at) - what;
    snprintf(l->what, LINE, "%.*s", (int)what, *at);
    snprintf(l->stack, LINE, "%.*s", stack > 0 ? (int)stack - 1 : 0, *at + what + (stack > 0));
    *at = end + 1;
    return true;
}

static void compare_logs(struct difference *d, const char *a, const char *b)
{
    bool more = true;

    for (d->event = 0; more; d->event++) {
        bool there[SIDES] = {next_line(&a, &d->side[0]), next_line(&b, &d->side[1])};
        more = there[0] && there[1];
        d->again = there[0] != there[1] || strcmp(d->side[0].what, d->side[1].what) != 0 ||
                   strcmp(d->side[0].stack, d->side[1].stack) != 0;
        if (d->again)
            return;
    }
}

// Runs both sides up to that execution again, with its log.
static void look_closer(struct audit *a, struct difference *d)
{
    struct audit_run planned = {.log = true, .last = d->execution};
    struct audit_run other = {.log = true, .last = d->execution};

    audit_run_planned(&d->turn, &planned);
    if (!run_other(&d->turn, &planned, &other))
        a->broken |= !command_stopped;
    else if (planned.text != NULL && other.text != NULL)
        compare_logs(d, planned.text, other.text);
    audit_run_free(&planned);
    audit_run_free(&other);
}

static void compare(struct audit *a, const struct audit_turn *t, const struct audit_run *planned,
                    const struct audit_run *other)
{
    struct difference *d = &a->difference[t->way];
    bool first = false;

    for (uint32_t i = 0; i <= planned->last; i++) {
        a->executions += SIDES;
        if (!other->digest[i].there) {
            a->executions--;
            a->skipped++;
            continue;
        }
        a->pairs[t->way]++;
        const char *in = audit_compare(&planned->digest[i], &other->digest[i], t->way);
        if (in == NULL)
            continue;
        if (d->pairs++ == 0) {
            d->turn = *t;
            d->in = in;
            d->execution = i;
            first = true;
        }
    }
    if (first)
        look_closer(a, d);
}

static void run_slice(struct audit *a, uint64_t slice)
{
    struct audit_turn t = audit_turn(&a->plan, slice);
    uint64_t pairs = (a->o->executions - a->executions + 1) / SIDES; // of an odd rest one more
    uint32_t last = (uint32_t)(pairs < AUDIT_SLICE ? pairs : AUDIT_SLICE) - 1;
    struct audit_run planned = {.last = last}, other = {.last = last};

    audit_run_planned(&t, &planned);
    if (run_other(&t, &planned, &other))
        compare(a, &t, &planned, &other);
    else
        a->broken |= !command_stopped;
    audit_run_free(&planned);
    audit_run_free(&other);
}

static uint64_t differing(const struct audit *a)
{
    uint64_t n = 0;

    for (int way = 0; way < AUDIT_WAYS; way++)
        n += a->difference[way].pairs;
    return n;
}

static void show_progress(const struct audit *a)
{
    fprintf(stderr, "\r\033[K%6.1f s  %" PRIu64 " of %" PRIu64 " executions  %" PRIu64 " differ",
            a->seconds, a->executions, a->o->executions, differing(a));
    fflush(stderr);
}

static void run_audit(struct audit *a)
{
    bool progress = isatty(2);
    double shown = a->begin = now();

    for (uint64_t slice = a->o->first; a->executions < a->o->executions; slice++) {
        if (command_stopped || a->broken || (a->o->slices_given && slice > a->o->last))
            break;
        run_slice(a, slice);
        a->seconds = now() - a->begin;
        if (progress && a->begin + a->seconds - shown > 0.2) {
            shown = a->begin + a->seconds;
            show_progress(a);
        }
    }
    a->seconds = now() - a->begin;
    if (progress)
        fputs("\r\033[K", stderr);
}

// What cannot be had is said, and is no failure unless nothing is left.
static int leave_out(struct audit *a)
{
    char why[STORE_PATH_BYTES + 64];
    int left = 0;

    for (enum audit_way way = 0; way < AUDIT_WAYS; way++) {
        bool wanted = a->o->way[way] || !a->o->ways_given;
        bool possible = !wanted || audit_way_possible(way, why, sizeof why);
        if (!possible)
            fprintf(stderr, "gauntlet: %s (%s) is left out: %s\n", audit_ways[way].name,
                    audit_ways[way].summary, why);
        a->plan.left_out[way] = !wanted || !possible;
        left += wanted && possible;
    }
    return left > 0 ? 0 : command_fail("audit: no way is left");
}

// Result -----------------------------------------------------------------------------------

// The options that make the same plan. What does not differ again may need what ran before.
static void print_repeat(const struct options *o, const struct difference *d, FILE *out)
{
    fprintf(out, "./gauntlet audit --seed %" PRIu64 " --slice ", o->seed);
    if (!d->again && d->turn.slice != o->first)
        fprintf(out, "%" PRIu64 "-", o->first);
    fprintf(out, "%" PRIu64, d->turn.slice);
    for (uint32_t i = 0; i < o->nworkloads; i++)
        fprintf(out, "%s%s", i ? "," : " --workload ", o->workload[i]);
    for (uint32_t way = 0, told = 0; way < AUDIT_WAYS; way++)
        if (o->way[way])
            fprintf(out, "%s%s", told++ ? "," : " --way ", audit_ways[way].name);
    if (o->patch != NULL)
        fprintf(out, " --patch %s", command_relative(o->patch));
}

static void tell(const struct audit *a, const struct difference *d)
{
    const struct audit_turn *t = &d->turn;
    static const char *const sides[SIDES] = {"as planned", "the other"};

    printf("\nDIFFERS  %s: %s\n", audit_ways[t->way].name, audit_ways[t->way].summary);
    printf("  execution %u of slice %" PRIu64 ": workload %s, strategy %s, memory %s%s%s\n",
           d->execution, t->slice, t->w->name, t->strategy, sim_memory_names[t->memory],
           audit_faults(d->execution) ? ", faults mild" : "", t->frozen ? ", sysmon frozen" : "");
    printf("  in         %s\n", d->in);
    if (!d->again)
        puts("  not when both sides are run again with the event log");
    for (int i = 0; i < SIDES && d->again; i++)
        printf("  %-10s %s\n             %s\n", sides[i], d->side[i].what, d->side[i].stack);
    printf("  %" PRIu64 " of %" PRIu64 " pairs differ\n", d->pairs, a->pairs[t->way]);
    printf("  repeat     ");
    print_repeat(a->o, d, stdout);
    putchar('\n');
}

static void tell_all(const struct audit *a)
{
    uint64_t pairs = 0;

    for (int way = 0; way < AUDIT_WAYS; way++)
        if (a->difference[way].pairs > 0)
            tell(a, &a->difference[way]);
    for (int way = 0; way < AUDIT_WAYS; way++)
        pairs += a->pairs[way];
    printf("%s%" PRIu64 " differ of %" PRIu64 " pairs", differing(a) ? "\n" : "", differing(a),
           pairs);
    for (int way = 0; way < AUDIT_WAYS; way++)
        printf("%s%s %" PRIu64, way ? ", " : " (", audit_ways[way].name, a->pairs[way]);
    printf(") in %" PRIu64 " executions, %.1f s%s\n", a->executions, a->seconds,
           command_stopped ? " (stopped)" : "");
}

static cJSON *note(const struct audit *a, const struct difference *d)
{
    const struct audit_turn *t = &d->turn;
    static const char *const sides[SIDES] = {"planned", "other"};
    cJSON *o = cJSON_CreateObject();
    char *repeat = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&repeat, &n);

    print_repeat(a->o, d, out);
    fclose(out);
    cJSON_AddStringToObject(o, "way", audit_ways[t->way].name);
    cJSON_AddNumberToObject(o, "pairs", (double)d->pairs);
    cJSON_AddNumberToObject(o, "slice", (double)t->slice);
    cJSON_AddNumberToObject(o, "execution", d->execution);
    cJSON_AddStringToObject(o, "workload", t->w->name);
    cJSON_AddStringToObject(o, "strategy", t->strategy);
    cJSON_AddStringToObject(o, "memory", sim_memory_names[t->memory]);
    cJSON_AddBoolToObject(o, "faults", audit_faults(d->execution) != SIM_FAULTS_OFF);
    cJSON_AddBoolToObject(o, "frozen", t->frozen);
    cJSON_AddStringToObject(o, "in", d->in);
    for (int i = 0; i < SIDES; i++) {
        cJSON *side =
            d->again ? cJSON_AddObjectToObject(o, sides[i]) : cJSON_AddNullToObject(o, sides[i]);
        if (!d->again)
            continue;
        cJSON_AddStringToObject(side, "operation", d->side[i].what);
        cJSON_AddStringToObject(side, "stack", d->side[i].stack);
    }
    cJSON_AddStringToObject(o, "repeat", repeat);
    free(repeat);
    return o;
}

static void print_json(const struct audit *a)
{
    cJSON *object = cJSON_CreateObject();
    char seed[32];

    snprintf(seed, sizeof seed, "%" PRIu64, a->o->seed);
    cJSON_AddRawToObject(object, "seed", seed);
    cJSON_AddStringToObject(object, "commit", command_commit());
    cJSON_AddStringToObject(object, "sizes", command_sizes);
    cJSON_AddNumberToObject(object, "executions", (double)a->executions);
    cJSON_AddNumberToObject(object, "seconds", a->seconds);
    cJSON_AddNumberToObject(object, "no_case", (double)a->skipped);
    cJSON_AddBoolToObject(object, "stopped", command_stopped != 0);
    cJSON *pairs = cJSON_AddObjectToObject(object, "pairs");
    cJSON *differences = cJSON_AddArrayToObject(object, "differences");
    for (int way = 0; way < AUDIT_WAYS; way++) {
        if (a->plan.left_out[way])
            cJSON_AddNullToObject(pairs, audit_ways[way].name);
        else
            cJSON_AddNumberToObject(pairs, audit_ways[way].name, (double)a->pairs[way]);
        if (a->difference[way].pairs > 0)
            cJSON_AddItemToArray(differences, note(a, &a->difference[way]));
    }
    command_print_json(object);
}

static void first_line(const struct options *o, const struct command_workloads *set)
{
    FILE *out = o->json ? stderr : stdout;

    fprintf(out, "seed %" PRIu64 ", commit %s, sizes %s%s; %u workload%s", o->seed,
            command_commit(), command_sizes, o->patch ? ", patched" : "", set->n,
            command_s(set->n));
    if (set->left_out > 0)
        fprintf(out, " (%u of other sizes left out)", set->left_out);
    fputc('\n', out);
    fflush(out);
}

int command_audit(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "",
        "Runs executions of the workloads in two ways each, and says where they differ: nothing "
        "but the schedule may make a difference. Ways: once more in this process, with the event "
        "log, from the recorded choices, from their text in a fresh process, in fresh processes "
        "with addresses randomised or not and with a larger environment, and with the engine "
        "compiled without optimisation. Exit status 1 when something differs.",
        0,
        0,
        0};
    struct options o = {0};
    struct command_workloads set;
    static struct audit a;

    if (audit_is_child(argc, argv))
        return audit_child(argv);
    command_parse(&argp, argc, argv, &o);
    int status = command_workloads(o.workload, o.nworkloads, false, &set) ? 0 : EXIT_USAGE;
    if (status == 0 && o.patch != NULL)
        status = command_check_patch(set.w[0]->prod, o.patch);
    if (status == 0)
        status = command_become(set.w[0]->prod, o.patch, argv);
    if (status != 0)
        return status;
    if (!o.seed_given)
        o.seed = (uint64_t)time(NULL) % 1000000000;
    a.o = &o;
    a.plan = (struct audit_plan){
        .workloads = set.w, .paths = set.path, .nworkloads = set.n, .seed = o.seed};
    first_line(&o, &set);
    status = leave_out(&a);
    if (status != 0)
        return status;
    trial_init();
    if (!audit_plan_share(&a.plan))
        return command_fail("audit: out of memory");
    run_audit(&a);
    if (o.json)
        print_json(&a);
    else
        tell_all(&a);
    audit_plan_free(&a.plan);
    command_workloads_free(&set);
    return a.broken ? EXIT_USAGE : differing(&a) ? EXIT_FINDINGS : EXIT_NOTHING;
}
