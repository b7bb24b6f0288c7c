#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The measurements of docs/fuzzing.md, printed as its tables.

    compare.py finds     each known bug by each engine from the seeds, and whether its case replays
    compare.py feedback  executions to a finding: libFuzzer with and without the feedback of
                         interleavings, and a plain random walk; medians and a rank test
    compare.py speed     executions a second of every target, and AFL++'s stability

--for SECONDS caps a run, --seeds N repeats it, --bugs SLUG,... picks. Runs ./gauntlet hunt in the
checkout, one run at a time; say what else the machine does when a figure is quoted.
"""

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Known bug (repro/bank) and the target whose seeds are to lead to it.
FINDS = [
    ("sched-runqputbatch-unlocked-globq", "sched"),
    ("runqput-tail-before-slot", "sched"),
    ("gstate-ready-before-switch-out", "sched"),
    ("sched-spinning-flag-leak", "sched"),
    ("syscall-uses-retaken-p", "sched"),
    ("wb-deletion-missing", "gc"),
    ("mark-wbbuf-not-flushed-before-idle", "gc"),
    ("sweep-finalizer-freelist-unlocked", "gc"),
    ("netpoll-ready-overwritten-by-wait", "netpoll"),
    ("netpoll-past-deadline-does-not-wake", "netpoll"),
    ("timer-reset-does-not-wake-poller", "timers"),
    ("timer-left-on-destroyed-p", "timers"),
    ("rwlock-woken-reader-treated-as-new", "sync"),
    ("gstate-stack-walk-after-giving-up-ownership", "stack"),
]
FEEDBACK = [
    ("netpoll-ready-overwritten-by-wait", "netpoll"),
    ("wb-deletion-missing", "gc"),
    ("mark-wbbuf-not-flushed-before-idle", "gc"),
    ("sweep-finalizer-freelist-unlocked", "gc"),
    ("timer-reset-does-not-wake-poller", "timers"),
    ("sched-gosched-no-wakep", "sched"),
]
TARGETS = ["sched", "gc", "timers", "netpoll", "stack", "sync", "defer"]


def gauntlet(*args, env=None):
    program = os.path.join(ROOT, "bazel-bin/ci/gauntlet/gauntlet")
    return subprocess.run([program, *args], cwd=ROOT, capture_output=True, text=True,
                          env=dict(os.environ, GAUNTLET_ROOT=ROOT, **(env or {})), check=False)


def hunt(work, bug, args, seconds, seed, env=None):
    """One hunt in a runtime with the bug: its first finding and the case, or None."""
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    run = gauntlet("hunt", "--json", "--stop-at-first", "--for", "%ds" % seconds, "--seed", str(seed),
                   "--patch", "repro/bank/%s/bug.patch" % bug, "--state", work + "/state",
                   "--out", work + "/cases", *args, env=env)
    try:
        result = json.loads(run.stdout)
    except json.JSONDecodeError:
        sys.exit("%s: %s" % (bug, run.stderr))
    return result, (result["findings"] or [None])[0]


def replays(find):
    if not find or not find["case"]:
        return "no case"
    case = os.path.dirname(find["case"])
    run = gauntlet("replay", "--trust-patch", "--times", "3", case)
    return "exact" if "reproduced: 3 of 3 times, exact" in run.stdout else "no"


def finds(options, work):
    print("| bug | target | engine | seconds | executions | signature | replays |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for bug, target in options.bugs or FINDS:
        for engine in ["libfuzzer", "afl"]:
            _, f = hunt(work, bug, ["--engine", engine, "--target", target], options.seconds, 1)
            cells = ["%.1f" % f["seconds_to_find"], "%d" % f["executions_to_find"],
                     f["signature"].split("`")[0].strip(), replays(f)] if f else ["-", "", "", ""]
            print("| %s |" % " | ".join(["`%s`" % bug, target, engine] + cells), flush=True)


def rank_test(a, b):
    """Two-sided p of Mann and Whitney's test, by going through all assignments."""
    values = a + b

    def u(chosen):
        rest = [v for i, v in enumerate(values) if i not in chosen]
        return sum((values[i] < v) + 0.5 * (values[i] == v) for i in chosen for v in rest)

    middle = len(a) * len(b) / 2
    seen = abs(u(set(range(len(a)))) - middle)
    spread = [abs(u(set(c)) - middle) for c in itertools.combinations(range(len(values)), len(a))]
    return sum(s >= seen - 1e-9 for s in spread) / len(spread)


def feedback(options, work):
    ways = [("with", ["--engine", "libfuzzer"], {"GAUNTLET_FEEDBACK": "on"}),
            ("without", ["--engine", "libfuzzer"], {}),
            ("random", ["--strategy", "random"], {})]
    print("| bug | with | without | random walk | p with/without | p with/random |")
    print("| --- | --- | --- | --- | --- | --- |")
    for bug, target in options.bugs or FEEDBACK:
        seeds = ",".join(sorted(os.listdir(os.path.join(ROOT, "fuzz", target, "corpus"))))
        runs = {}
        for name, args, env in ways:
            # The random walk has the same programs: the seeds are those workloads.
            args = args + (["--workload", seeds] if name == "random" else ["--target", target])
            runs[name] = []
            for seed in range(1, options.seeds + 1):
                result, f = hunt(work, bug, args, options.seconds, seed, env)
                # Not found counts as more than any run that found it.
                runs[name].append(f["executions_to_find"] if f else 10 ** 9 + result["executions"])
        cells = ["%s (%d)" % ("-" if statistics.median(r) >= 10 ** 9 else "%d" % statistics.median(r),
                              sum(x < 10 ** 9 for x in r)) for r in runs.values()]
        print("| `%s` | %s | %.2f | %.2f |" % (bug, " | ".join(cells),
                                             rank_test(runs["with"], runs["without"]),
                                             rank_test(runs["with"], runs["random"])), flush=True)


def speed(options, work):
    print("| target | libFuzzer/s | AFL++/s | stability |")
    print("| --- | --- | --- | --- |")
    for target in TARGETS:
        rates = []
        for engine in ["libfuzzer", "afl"]:
            shutil.rmtree(work, ignore_errors=True)
            run = gauntlet("hunt", "--json", "--engine", engine, "--target", target, "--for",
                           "%ds" % options.seconds, "--seed", "1", "--state", work, "--out", work + "/cases")
            rates.append(json.loads(run.stdout)["engines"][0]["executions"] / options.seconds)
        with open(work + "/%s/afl/main/fuzzer_stats" % target, encoding="utf-8") as f:
            stability = [l.split(":")[1].strip() for l in f if l.startswith("stability")][0]
        print("| %s | %.0f | %.0f | %s |" % (target, *rates, stability), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["finds", "feedback", "speed"])
    parser.add_argument("--for", dest="seconds", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--bugs", type=lambda s: [b for b in FINDS + FEEDBACK if b[0] in s.split(",")])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        globals()[options.what](options, folder + "/work")


if __name__ == "__main__":
    main()
