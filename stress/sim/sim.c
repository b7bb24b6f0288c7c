// SPDX-License-Identifier: Apache-2.0
//
// One execution, from restart to result.

#include "stress/sim/buffer.h"
#include "stress/sim/timed.h"

#include <string.h>

void sim_init(void)
{
    static bool done;
    if (done)
        return;
    done = true;
    calls[CALLS_ROOT].parent = CALLS_ROOT;
    sim_sites_load();
    memory_init();
    watchdog_init();
}

static void start_tags(void)
{
    static uint32_t executions;
    if (++executions == SIM_TAGS) {
        memory_wipe_cells();
        executions = 1;
    }
    sim.tag = executions << SIM_INDEX_BITS;
    if (sim.serial > UINT32_MAX / 2) {
        for (uint32_t i = 0; i < SIM_FIBERS_MAX; i++)
            memset(sim_fibers[i].visit, 0, sizeof sim_fibers[i].visit);
        sim.serial = 0;
    }
}

// Programs are told apart by what they are and by `id`, for those that change in place.
static void see_program(const struct sim_program *p)
{
    static struct sim_program last;
    if (memcmp(&last, p, sizeof last) == 0)
        return;
    last = *p;
    sim.programs++;
    memory_close_all();
}

static void start_execution(const struct sim_params *p)
{
    see_program(p->program);
    memory_restart();
    sim_threads_restart();
    start_tags();
    race_restart();
    calls_restart();
    trace_restart(p->trace);
    order_restart(p->order);
    sim.tracing = p->trace;
    sim.timed = p->memory == SIM_TIMED;
    sim.unwatched = p->unwatched;
    timed_restart();
    sim.tso = p->memory == SIM_TSO;
    buffer_restart();
    oracle_restart();
    chans_restart();
    sim.globals = 0;
    sim.heap_lo = sim.heap_span = sim.heap_watched = 0;
    sim.points = sim.progress = 0;
    sim.last_site = SIM_SITE_NONE;
    sim.hash = 0x243f6a8885a308d3u;
    sim.strategy = p->strategy ? p->strategy : sim_strategy_calm();
    sim.strategy->next_point = 0;
    sim.strategy->next_hold = sim.strategy->next_drain = UINT64_MAX;
    sim.faults = sim.strategy->all_faults ? SIM_FAULTS_ALL : p->faults;
    if (sim.timed) // a clock that jumps would leave its thread behind all others
        sim.faults = SIM_FAULTS_OFF;
    sim.struck = 0;
    sim.freeze = p->freeze_helpers;
    sim.pending = 0;
    if (sim.asking)
        memset(sim.ask, 0, sizeof sim.ask);
    sim.asking = false;
    sim.max_points = p->max_points ? p->max_points : SIM_DEFAULT_POINTS;
    sim.cut = p->cut;
    sim.slice_end = SIM_SLICE_POINTS;
    sim.next_stop = 0;
    sim.result.schedule.n = 0;
    sim.result.finding.places = 0;
    sim.result.finding.oracle = NULL;
    if (sim.strategy->begin)
        sim.strategy->begin(sim.strategy, p->seed);
}

const struct sim_result *sim_run(const struct sim_params *p)
{
    start_execution(p);
    for (uint32_t i = 0; i < p->program->threads; i++)
        sim_thread_spawn(p->program->fn[i], p->program->arg, 256 << 10);
    struct thread *first = sim_current = &sim_threads[0];
    sim.ready--;
    memmove(&sim.run[0], &sim.run[1], sim.ready * sizeof sim.run[0]);
    sim.at = first->at;
    sim.moment = 0;
    sim.fiber = first->own;
    sim.node = CALLS_ROOT;
    sim.depth = 0;
    if (sim_model) {
        *sim_model->tls = NULL;
        sim_model->begin();
    }
    sim_set_running(true);
    sim_start();
    sim_set_running(false);
    sim.result.points = sim.points;
    sim.result.state_hash = sim.hash ^ sim.growth;
    return &sim.result;
}
