#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Replays cases after harmless edits of the runtime: do they last?

    edits_test.py --gauntlet PROGRAM [--root TREE] [--edit NAME]... [--case NAME]...

For each edit (edits.py) and each case three things are looked at: the tree with the edit and the
case's bug.patch must show the case, and how exactly is the table's cell; the tree with the edit alone
must not show it (an edit that does is not harmless); and what was found must be the case's bug, which a
signature that has changed is printed for.

Exit status 1 when a case is lost, or fewer than 90 of 100 replays are exact or drifted.
"""

import argparse
import collections
import difflib
import json
import os
import string
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import edits  # noqa: E402

GRADES = ("exact", "drifted", "searched", "unreachable", "not reproduced", "broken")
MARKS = dict(zip(GRADES, "EDSUN!"))


def read_tree(root):
    text = {}
    for folder, _, names in os.walk(os.path.join(root, "runtime")):
        for name in names:
            if name.endswith((".c", ".h")) and not name.endswith("_test.c"):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as f:
                    text[os.path.relpath(path, root)] = f.read()
    return text


def apply_patch(text, patch):
    """The sources with a patch applied, as strictly as the command applies it."""
    with tempfile.TemporaryDirectory() as scratch:
        for path, content in text.items():
            os.makedirs(os.path.dirname(os.path.join(scratch, path)), exist_ok=True)
            with open(os.path.join(scratch, path), "w", encoding="utf-8") as f:
                f.write(content)
        subprocess.run(["patch", "-s", "-p1", "--fuzz=0", "-i", os.path.abspath(patch)],
                       cwd=scratch, check=True)
        return read_tree(scratch)


def diff(before, after):
    lines = []
    for path in sorted(before):
        lines += difflib.unified_diff(before[path].splitlines(True), after[path].splitlines(True),
                                      "a/" + path, "b/" + path)
    return "".join(lines)


def replay(gauntlet, case, patch_text, *options):
    """Grade and signature of the case in the runtime with a patch."""
    with tempfile.NamedTemporaryFile("w", suffix=".patch") as patch:
        patch.write(patch_text)
        patch.flush()
        run = subprocess.run([gauntlet, "replay", "--json", "--patch", patch.name, case, *options],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if run.returncode not in (0, 1):
        return {"grade": "broken", "reproduced": 0, "detail": run.stderr.decode().strip(), "signature": ""}
    return json.loads(run.stdout)


def signature_of(case):
    with open(os.path.join(case, "case"), encoding="utf-8") as f:
        return next(line for line in f if line.startswith("signature "))[10:].strip()


def names_of(cases):
    """A letter for each case, and what it stands for."""
    assert len(cases) <= len(string.ascii_letters)
    return dict(zip(cases, string.ascii_letters))


class Table:
    def __init__(self, cases):
        self.names = names_of(cases)
        self.counts = collections.Counter()
        self.wrong = []
        for case, letter in self.names.items():
            print("%s  %s" % (letter, os.path.basename(case)))
        print("\n%-44s %s" % ("edit", "  ".join(self.names.values())))

    def row(self, edit, outcomes):
        print("%-44s %s" % (edit, "  ".join(MARKS[o["grade"]] for o in outcomes.values())), flush=True)
        for case, o in outcomes.items():
            self.counts[o["grade"]] += 1
            if o["reproduced"] == 0:
                self.tell_wrong("%s: %s is lost: %s" %
                                (edit, os.path.basename(case), o["detail"] or o["signature"]))
            elif o["signature"] != signature_of(case):
                print("     %s  %s" % (self.names[case], o["signature"]))

    def tell_wrong(self, line):
        print("WRONG: " + line, flush=True)
        self.wrong.append(line)

    def end(self):
        total = sum(self.counts.values())
        followed = self.counts["exact"] + self.counts["drifted"]
        print("\n%d replays: %s" % (total, ", ".join("%d %s" % (self.counts[g], g) for g in GRADES)))
        print("exact or drifted: %.1f %%" % (100 * followed / total))
        return 0 if not self.wrong and followed * 10 >= total * 9 else 1


def main():
    parser = argparse.ArgumentParser(description="Replays cases after harmless edits of the runtime.")
    parser.add_argument("--gauntlet", required=True)
    parser.add_argument("--root", default=".")
    parser.add_argument("--edit", action="append")
    parser.add_argument("--case", action="append")
    args = parser.parse_args()
    folder = os.path.join(args.root, "repro", "cases")
    cases = [os.path.join(folder, c) for c in sorted(args.case or os.listdir(folder))]
    cases = [c for c in cases if os.path.exists(os.path.join(c, "bug.patch"))]
    clean = read_tree(args.root)
    buggy = {c: apply_patch(clean, os.path.join(c, "bug.patch")) for c in cases}
    for _, change in edits.EDITS:
        change(edits.Sources(clean))  # also of those not asked for: one that is gone is noticed here
    table = Table(cases)
    for name, change in edits.EDITS:
        if args.edit and name not in args.edit:
            continue
        outcomes = {}
        alone = edits.Sources(clean)
        change(alone)
        for case in cases:
            both = edits.Sources(buggy[case])
            change(both)
            outcomes[case] = replay(args.gauntlet, case, diff(clean, both.text))
            without = replay(args.gauntlet, case, diff(clean, alone.text), "--search", "2000")
            if without["reproduced"]:
                table.tell_wrong("%s alone shows %s: it is not harmless, or another bug passes for it" %
                                 (name, os.path.basename(case)))
        table.row(name, outcomes)
    return table.end()


if __name__ == "__main__":
    sys.exit(main())
