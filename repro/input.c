// SPDX-License-Identifier: Apache-2.0
//
// The binary form of inputs: see input.h.
#include "repro/input.h"

#include <string.h>

#include "stress/workload/binary.h"

enum { SET_TSO = 1, SET_FROZEN = 2, SET_VOUCHED = 4, SET_FAULTS_SHIFT = 3, SET_ALL = 31 };
enum { EDIT_KIND_SHIFT = 6 };

// FNV-1a, turned by a word that no program holds.
static uint32_t voucher(const uint8_t *program, size_t n)
{
    uint32_t h = 0x67617574;

    for (size_t i = 0; i < n; i++)
        h = (h ^ program[i]) * 0x01000193;
    return h;
}

static void put_u32(struct bytes_out *out, uint32_t value)
{
    for (int shift = 0; shift < 32; shift += 8)
        put_u8(out, (uint8_t)(value >> shift));
}

static uint32_t get_u32(struct bytes_in *in)
{
    uint32_t value = 0;

    for (int shift = 0; shift < 32; shift += 8)
        value |= (uint32_t)get_u8(in) << shift;
    return value;
}

static void put_plan(struct bytes_out *out, const struct sim_plan *plan)
{
    put_u8(out, (uint8_t)plan->legs);
    for (uint32_t i = 0; i < plan->legs; i++) {
        put_u8(out, (uint8_t)plan->leg[i].walk);
        put_u32(out, plan->leg[i].seed);
        put_number(out, plan->leg[i].points);
    }
    put_u8(out, (uint8_t)plan->edits);
    for (uint32_t i = 0; i < plan->edits; i++) {
        const struct sim_edit *e = &plan->edit[i];

        put_number(out, e->gap);
        put_u8(out, (uint8_t)((uint32_t)e->kind << EDIT_KIND_SHIFT | e->value));
        put_number(out, e->quiet);
    }
}

static bool plan_is_sound(const struct sim_plan *plan)
{
    for (uint32_t i = 0; i < plan->legs; i++) {
        const struct sim_leg *l = &plan->leg[i];
        bool last = i + 1 == plan->legs;

        if (l->walk >= SIM_WALKS || l->points > SIM_PLAN_POINTS || last != (l->points == 0) ||
            (l->walk == SIM_WALK_CALM && (l->seed != 0 || last)))
            return false;
    }
    for (uint32_t i = 0; i < plan->edits; i++)
        if (plan->edit[i].gap > SIM_PLAN_POINTS || plan->edit[i].quiet > SIM_PLAN_POINTS)
            return false;
    return true;
}

static const char *get_plan(struct bytes_in *in, struct sim_plan *plan)
{
    plan->legs = get_u8(in);
    if (plan->legs > SIM_LEGS_MAX)
        return "too many walks";
    for (uint32_t i = 0; i < plan->legs; i++) {
        uint8_t walk = get_u8(in);
        uint32_t seed = get_u32(in);
        uint64_t points = get_number(in);

        plan->leg[i] = (struct sim_leg){(enum sim_walk)walk, seed,
                                        points > UINT32_MAX ? UINT32_MAX : (uint32_t)points};
    }
    plan->edits = get_u8(in);
    if (plan->edits > SIM_PLAN_EDITS_MAX)
        return "too many choices";
    for (uint32_t i = 0; i < plan->edits; i++) {
        uint64_t gap = get_number(in);
        uint8_t what = get_u8(in);
        uint64_t quiet = get_number(in);

        plan->edit[i] =
            (struct sim_edit){.gap = gap > UINT32_MAX ? UINT32_MAX : (uint32_t)gap,
                              .kind = (enum sim_edit_kind)(what >> EDIT_KIND_SHIFT),
                              .value = what & (SIM_PLAN_VALUES - 1),
                              .quiet = quiet > UINT32_MAX ? UINT32_MAX : (uint32_t)quiet};
    }
    if (in->error != NULL)
        return in->error;
    return plan_is_sound(plan) ? NULL : "a walk or a choice out of its bounds";
}

size_t input_encode(const struct input *in, uint8_t *to, size_t room)
{
    static uint8_t program[WL_BINARY_BYTES];
    struct bytes_out out = {.at = to, .end = to + room};
    size_t n = workload_encode(&in->program, program, sizeof program);

    if (n == 0)
        return 0;
    put_u8(&out, 'g');
    put_u8(&out, 'i');
    put_u8(&out, INPUT_VERSION);
    put_u8(&out,
           (uint8_t)((in->memory == SIM_TSO ? SET_TSO : 0) | (in->frozen ? SET_FROZEN : 0) |
                     (in->vouched ? SET_VOUCHED : 0) | (uint32_t)in->faults << SET_FAULTS_SHIFT));
    put_u32(&out, in->vouched ? voucher(program, n) : 0);
    put_number(&out, n);
    for (size_t i = 0; i < n; i++)
        put_u8(&out, program[i]);
    put_plan(&out, &in->plan);
    return out.full ? 0 : (size_t)(out.at - to);
}

static bool refuse(struct text_error *err, const char *reason)
{
    *err = (struct text_error){.line = 1, .col = 1};
    snprintf(err->message, sizeof err->message, "%s", reason);
    return false;
}

bool input_is_text(const uint8_t *data, size_t n)
{
    return n >= 2 && data[0] == 'g' && data[1] != 'i';
}

bool input_decode(struct input *in, const uint8_t *data, size_t n, struct text_error *err)
{
    struct bytes_in b = {.at = data, .end = data + n};

    if (input_is_text(data, n))
        return input_parse(in, (const char *)data, n, err);
    if (n > INPUT_BYTES)
        return refuse(err, "too many bytes");
    if (get_u8(&b) != 'g' || get_u8(&b) != 'i' || get_u8(&b) != INPUT_VERSION)
        return refuse(err, "it does not begin as one, or is of another version");
    uint8_t settings = get_u8(&b);
    uint32_t vouched_as = get_u32(&b);
    uint64_t size = get_number(&b);
    in->memory = settings & SET_TSO ? SIM_TSO : SIM_SC;
    in->frozen = (settings & SET_FROZEN) != 0;
    in->vouched = (settings & SET_VOUCHED) != 0;
    in->faults = (enum sim_faults_allowed)(settings >> SET_FAULTS_SHIFT & 3);
    if (settings & ~SET_ALL || in->faults > SIM_FAULTS_ALL || size > (uint64_t)(b.end - b.at))
        return refuse(err, b.error != NULL ? b.error : "unknown settings, or the bytes end early");
    if (in->vouched ? vouched_as != voucher(b.at, size) : vouched_as != 0)
        return refuse(err, "the voucher is of another program");
    if (!workload_decode(&in->program, b.at, size, err))
        return false;
    b.at += size;
    const char *reason = get_plan(&b, &in->plan);
    if (reason == NULL && b.at != b.end)
        reason = "bytes are left over";
    return reason == NULL || refuse(err, reason);
}
