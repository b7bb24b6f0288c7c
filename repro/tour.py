#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the commands that README.md shows, and puts what they print in its place.

What is shown are the fenced blocks in which lines begin with "$ ./gauntlet"; the sentences around
them are for a person to look at again. Usage, from anywhere: repro/tour.py
"""
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROMPT = "$ "


def printed(command):
    """What a reader without a terminal would see; repro/tour is not kept."""
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=600)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command}: exit status {done.returncode}\n{done.stderr}")
    return done.stdout.rstrip("\n")


def block(match):
    lines = match.group(1).splitlines()
    if not lines[0].startswith(PROMPT + "./gauntlet"):
        return match.group(0)
    shown = []
    for line in lines:
        if line.startswith(PROMPT):
            shown += [line, printed(line[len(PROMPT):])]
    return "```\n" + "\n".join(shown) + "\n```"


def main():
    readme = ROOT / "README.md"
    shutil.rmtree(ROOT / "repro/tour", ignore_errors=True)
    printed("./gauntlet cases")  # builds
    text = re.sub(r"```\n(.*?)\n```", block, readme.read_text(), flags=re.S)
    readme.write_text(text)


if __name__ == "__main__":
    main()
