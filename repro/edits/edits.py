#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Harmless edits of the runtime: what people do to code while its bugs stay.

Each is a small program over the sources, so that it holds while the code around it moves, and fails
loudly when what it edits is gone. edits_test.py replays every case after each.
"""

import re


class Gone(Exception):
    """What an edit is about is not in the tree any more."""


class Sources:
    """Sources by path, edited in memory."""

    def __init__(self, text):
        self.text = dict(text)

    def replace(self, path, old, new):
        if self.text.get(path, "").count(old) != 1:
            raise Gone("%s: not there exactly once: %s" % (path, old.split("\n")[0]))
        self.text[path] = self.text[path].replace(old, new)

    def before_line(self, path, pattern, new):
        found = re.findall(r"(?m)^%s$" % pattern, self.text.get(path, ""))
        if len(found) != 1:
            raise Gone("%s: not one line like %s" % (path, pattern))
        self.replace(path, found[0] + "\n", new + found[0] + "\n")

    def span(self, path, function):
        """Where the function's definition lies, its comment included."""
        found = re.search(
            r"(?:^//[^\n]*\n)*^(?!//)(?:[\w*]+[ *]+)+\*?%s\([^;{}]*\)\n?\{\n.*?^\}\n" % re.escape(function),
            self.text.get(path, ""), re.M | re.S)
        if found is None:
            raise Gone("%s: no function %s" % (path, function))
        return found.span()

    def body(self, path, function):
        begin, end = self.span(path, function)
        return self.text[path][begin:end]

    def in_function(self, path, function, pattern, new):
        """Replaces a regular expression in one function, at least once."""
        begin, end = self.span(path, function)
        body, n = re.subn(pattern, new, self.text[path][begin:end])
        if n == 0:
            raise Gone("%s: %s: nothing like %s" % (path, function, pattern))
        self.text[path] = self.text[path][:begin] + body + self.text[path][end:]

    def rename_local(self, path, function, old, new):
        self.in_function(path, function, r"(?<![\w.>])%s\b" % old, new)

    def rename_function(self, old, new):
        files = [p for p in self.text if re.search(r"\b%s\(" % old, self.text[p])]
        if not files:
            raise Gone("no function %s" % old)
        for path in files:
            self.text[path] = re.sub(r"\b%s\b" % old, new, self.text[path])

    def cut(self, path, function):
        begin, end = self.span(path, function)
        body = self.text[path][begin:end]
        self.text[path] = self.text[path][:begin] + self.text[path][end:].lstrip("\n")
        return body

    def before(self, path, function, text):
        begin, _ = self.span(path, function)
        self.text[path] = self.text[path][:begin] + text + "\n" + self.text[path][begin:]

    def append(self, path, text):
        self.text[path] += "\n" + text


RUNQ, GLOBQ, WAKE, FIND = ["runtime/sched/%s.c" % f for f in ("runq", "globq", "wake", "find")]
PROC, STATUS, GLIST, TIMER = ["runtime/sched/%s.c" % f for f in ("proc", "status", "glist", "timer")]
MARK, FORCEGC, BARRIER = ["runtime/gc/%s.c" % f for f in ("mark", "forcegc", "barrier")]
SCHED, NOTE, MUTEX = "runtime/sched/sched.h", "runtime/sync/note.c", "runtime/sync/mutex.c"

EDITS = []


def edit(f):
    EDITS.append((f.__name__.replace("_", "-"), f))
    return f


def each(rows, do):
    """An edit for each row: its name, then what `do` is given, once or more."""
    for name, *several in rows:
        EDITS.append((name, lambda s, several=several: [do(s, *one) for one in several]))


# Renamed locals ----------------------------------------------------------------------------

each([
    ("rename-head-and-tail-in-runqempty", (RUNQ, "runqempty", "h", "head"), (RUNQ, "runqempty", "t", "tail")),
    ("rename-tail-in-runqsteal", (RUNQ, "runqsteal", "t", "own_tail")),
    ("rename-gp-in-execute-and-dropg",
     (PROC, "execute", "gp", "goroutine"), (PROC, "dropg", "gp", "goroutine")),
    ("rename-batch-in-globrunqputbatch", (GLOBQ, "globrunqputbatch_locked", "batch", "list")),
    ("rename-size-in-globrunqget", (GLOBQ, "globrunqget_locked", "size", "queued")),
    ("rename-before-in-wakep-and-pidleput",
     (WAKE, "wakep", "before", "spinners"), (WAKE, "pidleput_locked", "before", "were_idle")),
    ("rename-idle-in-may-spin", (FIND, "may_spin", "idle", "without_work")),
    ("rename-is-in-casgstatus", (STATUS, "casgstatus", "is", "seen")),
    ("rename-pp-in-timers-next", (TIMER, "timers_next", "pp", "owner")),
    ("rename-end-in-scan-object", (MARK, "scan_object", "end", "until")),
    ("rename-was-in-gc-sysmon", (FORCEGC, "gc_sysmon", "was", "found")),
], Sources.rename_local)

# Renamed and moved functions ---------------------------------------------------------------

each([
    ("rename-may-spin", ("may_spin", "spinning_is_worth_it")),
    ("rename-dropg", ("dropg", "m_leave_g")),
    ("rename-globrunqputbatch", ("globrunqputbatch_locked", "globrunqputall_locked")),
    ("rename-timers-next", ("timers_next", "timers_earliest")),
    ("rename-wake-helper", ("wake_helper", "forcegc_wake")),
], Sources.rename_function)


@edit
def move_runqempty_up(s):
    s.before(RUNQ, "runqput_slow", s.cut(RUNQ, "runqempty"))


@edit
def move_runqempty_to_globq(s):
    s.append(GLOBQ, s.cut(RUNQ, "runqempty"))


@edit
def move_globrunqputbatch_to_runq(s):
    s.before(RUNQ, "runqput_slow", s.cut(GLOBQ, "globrunqputbatch_locked"))


@edit
def move_may_spin_to_wake(s):
    moved = s.cut(FIND, "may_spin").replace("static bool", "bool")
    s.append(WAKE, moved)
    s.replace(SCHED, "void wakep(void);\n", "void wakep(void);\nbool may_spin(const struct m *mp);\n")


# Helpers split off, merged, inlined or not --------------------------------------------------


@edit
def split_the_claim_given_back(s):
    line = re.search(r" *int32_t before = sub_acq_rel\(&sched\.nmspinning, 1\);[^\n]*\n"
                     r" *rt_assert\(before > 0\);\n", s.body(WAKE, "wakep"))
    if line is None:
        raise Gone("wakep does not give its claim back")
    s.in_function(WAKE, "wakep", re.escape(line.group()), "        unclaim_spinner();\n")
    body = re.sub(r"(?m)^ +", "    ", line.group())
    s.before(WAKE, "wakep", "static void unclaim_spinner(void)\n{\n%s}\n" % body)


@edit
def split_the_size_of_the_global_queue(s):
    for function, n in (("globrunqput_locked", "1"), ("globrunqputbatch_locked", "n")):
        s.in_function(GLOBQ, function,
                      r"store_relaxed\(&sched\.runqsize, load_relaxed\(&sched\.runqsize\) \+ %s\);" % n,
                      "runqsize_add(%s);" % n)
    s.before(GLOBQ, "globrunqput_locked", "static void runqsize_add(int32_t n)\n{\n"
             "    store_relaxed(&sched.runqsize, load_relaxed(&sched.runqsize) + n);\n}\n")


@edit
def split_the_emptying_of_a_buffer(s):
    s.in_function(BARRIER, "wbbuf_flush", r"    uint32_t n = b->n;\n    b->n = 0;\n",
                  "    uint32_t n = xchg_entries(b, 0);\n")
    s.before(BARRIER, "wbbuf_flush", """static uint32_t xchg_entries(struct wbbuf *b, uint32_t n)
{
    uint32_t was = b->n;
    b->n = n;
    return was;
}
""")


@edit
def split_dropg(s):
    s.in_function(PROC, "dropg", r"gp->m = NULL;", "setm(gp, NULL);")
    s.before(PROC, "dropg", "static void setm(struct g *gp, struct m *mp)\n{\n    gp->m = mp;\n}\n")


@edit
def merge_timers_next_into_timers_check(s):
    s.in_function(TIMER, "timers_check", r"timers_next\(pp\)", "load_acquire(&pp->timers_when)")


@edit
def no_inlining_of_timers_next(s):
    s.replace(TIMER, "int64_t timers_next(", "__attribute__((noinline)) int64_t timers_next(")


@edit
def no_inlining_of_wakep_and_may_spin(s):
    for path, function in ((WAKE, "void wakep"), (FIND, "static bool may_spin")):
        s.in_function(path, function.split()[-1], r"(?<=\n)%s\(" % function,
                      "__attribute__((noinline)) %s(" % function)


# Fields and atomics added ------------------------------------------------------------------


@edit
def field_added_to_p(s):
    s.before_line(SCHED, r" *struct g \*gfree; *// owner: the m that holds this p; .*",
                  "    uint64_t spare[3]; // owner: the m that holds this p\n")


@edit
def status_changes_counted(s):
    s.replace(SCHED, "    struct mutex gfree_lock;\n",
              "    _Alignas(8) atomic_u64 changes; // relaxed: counts\n    struct mutex gfree_lock;\n")
    s.in_function(STATUS, "casgstatus", r"    for \(;;\) \{\n",
                  "    add_relaxed(&sched.changes, 1);\n    for (;;) {\n")


@edit
def another_look_in_runqput(s):
    s.in_function(RUNQ, "runqput", r"    for \(;;\) \{\n",
                  "    rt_assert(load_relaxed(&pp->status) != P_DEAD);\n    for (;;) {\n")


@edit
def another_look_in_may_spin(s):
    s.in_function(FIND, "may_spin", r"    return 2 \* spinning",
                  "    rt_assert(load_relaxed(&sched.nmspinning) >= 0);\n    return 2 * spinning")


@edit
def another_look_in_gc_grey(s):
    s.in_function(MARK, "gc_grey", r"(?<=\{\n)(?=    struct object)",
                  "    rt_assert(load_relaxed(&gc.phase) <= GC_MARK_TERMINATION);\n")


@edit
def another_look_in_notesleep(s):
    s.in_function(NOTE, "notesleep", r"(?<=\{\n)(?=    while)",
                  "    rt_assert(load_relaxed(&n->key) <= 1);\n")


# Statements in another order or form -------------------------------------------------------


@edit
def reorder_may_spin(s):
    s.in_function(FIND, "may_spin",
                  r"( *int32_t spinning = [^\n]*\n)( *int32_t idle = [^\n]*\n)", r"\2\1")


@edit
def reorder_gc_mark_new(s):
    s.replace(MARK, "    struct mspan *s = span_of(object);\n    struct gcwork *w = &getg()->m->p->gcw;\n",
              "    struct gcwork *w = &getg()->m->p->gcw;\n    struct mspan *s = span_of(object);\n")


@edit
def reorder_execute(s):
    s.in_function(PROC, "execute", r"( *mp->curg = gp;\n)( *gp->m = mp;\n)", r"\2\1")


@edit
def reorder_runqget(s):
    s.in_function(RUNQ, "runqget", r"( *uint32_t h = [^\n]*\n)( *uint32_t t = [^\n]*\n)", r"\2\1")


@edit
def nested_condition_in_gfget(s):
    s.in_function(GLIST, "gfget",
                  r"if \(pp->gfree == NULL && load_relaxed\(&sched\.ngfree\) != 0\) \{",
                  "uint32_t elsewhere = pp->gfree == NULL ? load_relaxed(&sched.ngfree) : 0;\n"
                  "    if (elsewhere != 0) {")


@edit
def head_of_the_global_queue_named(s):
    s.in_function(GLOBQ, "globrunqget_locked",
                  r"( *)rt_assert\(\(size == 0\) == \(sched\.runq\.head == NULL\)\);",
                  r"\1const struct g *first = sched.runq.head;\n"
                  r"\1rt_assert((size == 0) == (first == NULL));")


@edit
def status_swapped_by_a_name(s):
    s.in_function(STATUS, "casgstatus", r"if \(cas_acq_rel\(&gp->status, &is, to\)\)[^\n]*\n",
                  "bool changed = cas_acq_rel(&gp->status, &is, to); // pairs [g.status]\n"
                  "        if (changed)\n")


@edit
def store_of_idle_as_a_cast(s):
    s.in_function(GLIST, "g_new", r"store_relaxed\(&gp->status, G_IDLE\);",
                  "store_relaxed(&gp->status, (uint32_t)G_IDLE);")
