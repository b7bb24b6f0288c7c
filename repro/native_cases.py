#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tries to confirm saved cases on real threads; prints a row for each, and the figure.

native_cases.py [--gauntlet PATH] [--times N] [--oracle LIST] [--memory MODEL] [CASE...]
Without CASE: all saved cases with these oracles (race, lost-wake) and this memory model (sc).
"""
import argparse
import collections
import glob
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def header(path):
    """The first lines of a case, by their first word."""
    words = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            key, _, value = line.strip().partition(" ")
            if key == "program":
                break
            words[key] = value
    return words


def chosen(args):
    for path in sorted(glob.glob(os.path.join(ROOT, "repro/cases/*/case"))):
        case = header(path)
        slug = path.split("/")[-2]
        if args.case and slug not in args.case:
            continue
        if args.case or (case["oracle"] in args.oracle.split(",") and case["memory"] == args.memory):
            yield slug, case["oracle"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--gauntlet", default=os.path.join(ROOT, "gauntlet"))
    parser.add_argument("--times", default="20")
    parser.add_argument("--oracle", default="race,lost-wake")
    parser.add_argument("--memory", default="sc")
    parser.add_argument("case", nargs="*")
    args = parser.parse_args()
    count, total = collections.Counter(), 0
    print("| case | oracle | on real threads | tries | seconds | seen |")
    print("| --- | --- | --- | --- | --- | --- |")
    for slug, oracle in chosen(args):
        command = [args.gauntlet, "replay", "--native", "--json", "--times", args.times,
                   "--search", "0", slug]
        run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if not run.stdout:
            sys.exit(run.stderr.decode() or "%s: no answer" % " ".join(command))
        o = json.loads(run.stdout)
        seen = o["saw"] if o["verdict"] != "not reached" else o["gate"]
        print("| `%s` | %s | %s | %d | %.1f | %s |" %
              (slug, oracle, o["verdict"], o["tries"], o["seconds"], seen.replace("|", "\\|")), flush=True)
        count[o["verdict"]] += 1
        total += 1
    shown = count["confirmed"] + count["reproduced without report"]
    print("\n%d of %d (%d %%): %s" % (shown, total, 100 * shown // max(total, 1), ", ".join(
        "%d %s" % (n, verdict) for verdict, n in count.most_common())))


if __name__ == "__main__":
    main()
