#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a tool can hold of the house rules: one a function, each yielding (path, line, message).

    tidy.py [ROOT]    checks the tree; exit status 1 and one line for each violation

Rules look at text, not at meaning: they are cheap, and a reader can tell from the message what to do.
tidy_test.py plants a violation of each.
"""

import ast
import fnmatch
import os
import re
import shutil
import subprocess
import sys

# Columns: clang-format's limit where it formats.
LINE_MAX = {".c": 100, ".h": 100}
LINE_MAX_ELSEWHERE = 110
FUNCTION_MAX = 70

CODE = (".c", ".h", ".S")
TEXT = CODE + (".py", ".bzl", ".sh")

# What runtime code may include besides its own headers; the world is behind host/host.h.
FREESTANDING = {
    "errno.h", "limits.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h",
    "stdint.h", "stdnoreturn.h", "string.h",
}
WORLD = re.compile(r"\b(syscall|pthread_\w+|malloc|calloc|realloc|free|mmap|munmap|printf|abort|exit)\s*\(")


class Tree:
    """The files of the tree, by path relative to its root."""

    def __init__(self, root):
        self.root = root
        self.paths = []
        self._lines = {}
        for folder, folders, files in os.walk(root):
            at = os.path.relpath(folder, root)
            folders[:] = sorted(
                f for f in folders
                if f not in (".git", "node_modules", "__pycache__") and
                not (at == "." and f.startswith("bazel-")))
            for name in sorted(files):
                self.paths.append(os.path.normpath(os.path.join(at, name)))

    def lines(self, path):
        if path not in self._lines:
            with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as f:
                self._lines[path] = f.read().split("\n")
        return self._lines[path]

    def text(self, path):
        return "\n".join(self.lines(path))

    def code(self, prefix=""):
        return [p for p in self.paths if p.startswith(prefix) and p.endswith(CODE)]

    def for_tests(self, path):
        """Tests and examples, and headers that nothing else includes: they live on the other side."""
        if path.startswith("runtime/examples/") or path.endswith("_test.c"):
            return True
        users = [p for p in self.code() if '#include "%s"' % path in self.lines(p)]
        return path.endswith(".h") and bool(users) and all(self.for_tests(p) for p in users)

    def runtime(self):
        """Runtime code proper, without hosts and tests."""
        return [p for p in self.code("runtime/")
                if not p.startswith("runtime/host/") and not self.for_tests(p)]


def without_comment(line):
    """The line without // comment and string contents, as far as one line tells."""
    line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    return re.sub(r"/\*.*?\*/", "", line.split("//")[0])


def numbered(tree, path):
    return enumerate(tree.lines(path), 1)


def long_lines(tree):
    for path in tree.paths:
        if path.endswith(TEXT) or os.path.basename(path) in ("BUILD", "WORKSPACE", "gauntlet"):
            most = LINE_MAX.get(os.path.splitext(path)[1], LINE_MAX_ELSEWHERE)
            for n, line in numbered(tree, path):
                if len(line) > most:
                    yield path, n, "line of %d characters; at most %d" % (len(line), most)


def functions(tree, path):
    """(name, first line, lines) of each function: a body begins and ends with a brace in column 1."""
    start, name = None, None
    for n, line in numbered(tree, path):
        if line == "{" and start is None:
            head = n - 1
            while head > 1 and re.match(r"[ \t]", tree.lines(path)[head - 1]):
                head -= 1
            found = re.search(r"(\w+)\(", tree.lines(path)[head - 1])
            start, name = n, found.group(1) if found else "?"
        elif line == "}" and start is not None:
            yield name, start, n - start - 1
            start = None


def ratchet(tree):
    """{(path, function): lines} of those that may be longer, each with its reason."""
    allowed = {}
    path = "ci/tidy/long_functions.txt"
    if path in tree.paths:
        for line in tree.lines(path):
            words = line.split(None, 3)
            if line and not line.startswith("#") and len(words) == 4:
                allowed[words[0], words[1]] = int(words[2])
    return allowed


def long_functions(tree):
    allowed = ratchet(tree)
    seen = set()
    for path in tree.code():
        for name, line, count in functions(tree, path):
            seen.add((path, name))
            most = allowed.get((path, name), FUNCTION_MAX)
            if count > most:
                yield path, line, "%s has %d lines; at most %d" % (name, count, most)
            elif (path, name) in allowed and count <= FUNCTION_MAX:
                yield path, line, "%s is short now: take it off ci/tidy/long_functions.txt" % name
    for path, name in sorted(set(allowed) - seen):
        yield "ci/tidy/long_functions.txt", 1, "there is no %s in %s" % (name, path)


PAIR = re.compile(r"pairs? \[([\w.-]+)\]")


def pairs_of(tree, paths):
    """{tag: [(path, line)]} of the comments `pairs [tag]`."""
    places = {}
    for path in paths:
        for n, line in numbered(tree, path):
            for tag in PAIR.findall(line):
                places.setdefault(tag, []).append((path, n))
    return places


def one_sided_pairs(tree):
    places = pairs_of(tree, tree.code("runtime/") + tree.code("stress/"))
    for tag, where in sorted(places.items()):
        if len(where) == 1:
            yield where[0] + ("pairs [%s] names no other side" % tag,)


PUBLISHES = re.compile(r"\b(store|xchg|cas|add|sub)_(release|acq_rel|seq_cst)\(")
TAKES_OVER = re.compile(r"\b(load|xchg|cas|add|sub)_(acquire|acq_rel|seq_cst)\(")


def pairs_of_one_kind(tree):
    """Of the places that say `pairs [tag]` one publishes and one takes over, in that line or near it."""
    for tag, where in sorted(pairs_of(tree, tree.runtime()).items()):
        near = [without_comment(line) for path, n in where
                for line in tree.lines(path)[max(n - 3, 0):n + 3]]
        for side, order in ("release", PUBLISHES), ("acquire", TAKES_OVER):
            if len(where) > 1 and not any(order.search(line) for line in near):
                yield where[0] + ("pairs [%s]: no side of it is %s or stronger" % (tag, side),)


def orders_without_pair(tree):
    """An order that is meant for somebody says for whom: in its line or the one beside it."""
    order = re.compile(r"\b(load|store|xchg|cas|add|sub)_(acquire|release|acq_rel|seq_cst)\(")
    for path in tree.runtime():
        if path == "runtime/base/atomic.h":
            continue
        lines = tree.lines(path)
        for n, line in numbered(tree, path):
            if order.search(without_comment(line)):
                if not any(PAIR.search(l) for l in lines[max(n - 2, 0):n + 1]):
                    yield path, n, "an acquire or release that names no pair: `// pairs [tag]`"


def rows(tree, path):
    """{first cell of a table row, when it is `code`: (line, other cells)} of a page."""
    found = {}
    if path in tree.paths:
        for n, line in numbered(tree, path):
            row = re.match(r"\| `([^`]+)` \|(.*)\|\s*$", line)
            if row:
                found[row.group(1)] = n, [c.strip() for c in row.group(2).split("|")]
    return found


def memory_order_rows(tree):
    """docs/memory-order.md has a row for each tag of the code, and the other way round."""
    page = "docs/memory-order.md"
    described = rows(tree, page)
    tags = pairs_of(tree, tree.runtime() + [p for p in tree.code("stress/") if not tree.for_tests(p)])
    for tag, where in sorted(tags.items()):
        if tag not in described:
            yield where[0] + ("pairs [%s] has no row in %s" % (tag, page),)
    for tag, (n, _) in sorted(described.items()):
        if tag not in tags:
            yield page, n, "no code says `pairs [%s]`" % tag


def lock_rank_rows(tree):
    """docs/locks.md has a row for each rank, with its number, and the other way round."""
    page, header = "docs/locks.md", "runtime/base/rank.h"
    described = rows(tree, page)
    ranks = {}
    if header in tree.paths:
        for n, line in numbered(tree, header):
            found = re.match(r"\s*(RANK_\w+) = (\d+),", line)
            if found:
                ranks[found.group(1)] = n, found.group(2)
    for rank, (n, number) in sorted(ranks.items()):
        if rank not in described:
            yield header, n, "%s has no row in %s" % (rank, page)
        elif described[rank][1][0] != number:
            yield page, described[rank][0], "%s is %s in %s" % (rank, number, header)
    for rank, (n, _) in sorted(described.items()):
        if rank.startswith("RANK_") and rank not in ranks:
            yield page, n, "there is no %s in %s" % (rank, header)


def memory_order(tree):
    for path in tree.code("runtime/"):
        if path == "runtime/base/atomic.h":
            continue
        for n, line in numbered(tree, path):
            if re.search(r"\bmemory_order|\b__ATOMIC_|\b_Atomic\b|\batomic_thread_fence\b",
                         without_comment(line)):
                yield path, n, "orders and _Atomic stand in runtime/base/atomic.h alone"


def world_outside_host(tree):
    for path in tree.runtime():
        for n, line in numbered(tree, path):
            found = re.match(r"\s*#\s*include\s*<([^>]+)>", line)
            if found and found.group(1) not in FREESTANDING:
                yield path, n, "<%s>: the operating system is reached by host/host.h" % found.group(1)
            found = WORLD.search(without_comment(line))
            if found and not line.startswith("#"):
                yield path, n, "%s(): the operating system is reached by host/host.h" % found.group(1)


def thread_locals(tree):
    for path in tree.runtime():
        if path.startswith("runtime/base/"):
            continue
        for n, line in numbered(tree, path):
            if re.search(r"\b(_Thread_local|__thread|thread_local)\b", without_comment(line)):
                yield path, n, "the one thread-local lives in runtime/base/"


def conditionals(tree):
    folders = tuple("runtime/%s/" % f for f in ("sched", "mem", "gc", "sync", "net"))
    for path in tree.code("runtime/"):
        if path.startswith(folders):
            for n, line in numbered(tree, path):
                if re.match(r"\s*#\s*(if|ifdef|ifndef|elif)\b", line):
                    yield path, n, "#if: choose a file or a dependency instead"


def patterns_of(tree, build):
    """All string literals of a BUILD file, and those that stand in an exclude list."""
    try:
        syntax = ast.parse(tree.text(build))
    except SyntaxError:
        return [], []
    excluded = []
    for node in ast.walk(syntax):
        if isinstance(node, ast.keyword) and node.arg == "exclude":
            excluded += [n for n in ast.walk(node) if isinstance(n, ast.Constant)]
    literals = [n for n in ast.walk(syntax)
                if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    names = [n.value for n in literals if n not in excluded]
    # "config/%s/*.h" % size, "sizes_%s.c" % size, "model_" + size
    return [re.sub(r"%s|\{\w*\}", "*", name) for name in names if "." in name]


def matches(path, pattern):
    if "**" in pattern:
        pattern = pattern.replace("**/", "*")
        return fnmatch.fnmatch(path, pattern)
    return path.count("/") == pattern.count("/") and fnmatch.fnmatch(path, pattern)


def files_in_no_build(tree):
    patterns = {}
    for path in tree.code():
        folder = os.path.dirname(path)
        if "testdata" in path:
            continue
        while folder and os.path.join(folder, "BUILD") not in tree.paths:
            folder = os.path.dirname(folder)
        build = os.path.join(folder, "BUILD")
        if build not in patterns:
            patterns[build] = patterns_of(tree, build) if build in tree.paths else []
        name = os.path.relpath(path, folder or ".")
        if not any(matches(name, p) for p in patterns[build]):
            yield path, 1, "stands in no BUILD file (%s has no name or glob for it)" % build


def spdx(tree):
    for path in tree.paths:
        if path.endswith(TEXT) or os.path.basename(path) == "BUILD":
            if not any("SPDX-License-Identifier: Apache-2.0" in l for l in tree.lines(path)[:3]):
                yield path, 1, "no line SPDX-License-Identifier: Apache-2.0"


def anchors(tree, page):
    """Headings of a page as links name them."""
    return {re.sub(r"[^\w -]", "", line.lstrip("#").strip().lower()).replace(" ", "-")
            for line in tree.lines(page) if line.startswith("#")}


def broken_links(tree):
    known = set(tree.paths)
    folders = {os.path.dirname(p) for p in known}
    for path in list(folders):
        while path:
            path = os.path.dirname(path)
            folders.add(path)
    for path in tree.paths:
        if path != "README.md" and not (path.startswith("docs/") and path.endswith(".md")):
            continue
        for n, line in numbered(tree, path):
            for link in re.findall(r"\]\(([^)\s]+)\)", line):
                if re.match(r"[a-z]+:", link):
                    continue
                file, _, anchor = link.partition("#")
                target = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
                if target not in known and target not in folders:
                    yield path, n, "link to %s, which is not there" % link
                elif anchor and target.endswith(".md") and anchor not in anchors(tree, target):
                    yield path, n, "link to %s, which has no such heading" % link


def names_of_files(tree):
    """What a page names as a file or folder of the tree is there."""
    name = re.compile(r"`((?:runtime|stress|repro|ci|docs|fuzz)/[\w./-]*\w)/?`")
    for path in tree.paths:
        if path.startswith("docs/") and path.endswith(".md"):
            for n, line in numbered(tree, path):
                for found in name.findall(line):
                    if not os.path.exists(os.path.join(tree.root, found)):
                        yield path, n, "names %s, which is not there" % found


def tool(names, what):
    """Path of the first of the programs that is here; None, after one line, when there is none."""
    for name in names:
        if shutil.which(name):
            return shutil.which(name)
    print("tidy: no %s here: %s is not checked" % (names[0], what), file=sys.stderr)
    return None


def layout_of_code(tree):
    """As clang-format leaves it: version 14, because versions differ."""
    if ".clang-format" not in tree.paths:
        return
    program = tool(["clang-format-14"], "the layout of C")
    files = [p for p in tree.code() if not p.endswith(".S")]
    if program is None or not files:
        return
    run = subprocess.run([program, "--dry-run"] + files, cwd=tree.root, text=True,
                         stderr=subprocess.PIPE, check=False)
    seen = set()
    for path, line in re.findall(r"^(\S+?):(\d+):\d+: warning: code should be clang", run.stderr, re.M):
        if path not in seen:  # one line a file: the tool mends all of it
            seen.add(path)
            yield path, int(line), "clang-format-14 -i %s changes it" % path


def layout_of_builds(tree):
    """As buildifier leaves it."""
    builds = [p for p in tree.paths
              if p.endswith(".bzl") or os.path.basename(p) in ("BUILD", "WORKSPACE")]
    program = tool(["buildifier"], "the layout of BUILD files")
    for path in builds if program else []:
        run = subprocess.run([program, "-mode=check", "-lint=off", path], cwd=tree.root,
                             capture_output=True, check=False)
        if run.returncode != 0:
            yield path, 1, "buildifier %s changes it" % path


RULES = [
    layout_of_code, layout_of_builds, pairs_of_one_kind,
    long_lines, long_functions, one_sided_pairs, orders_without_pair, memory_order_rows,
    lock_rank_rows, memory_order, world_outside_host, thread_locals, conditionals,
    files_in_no_build, spdx, broken_links, names_of_files,
]


def check(root):
    tree = Tree(root)
    return sorted(v for rule in RULES for v in rule(tree))


def main():
    # Under Bazel the tree is where the link to this file leads.
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
        os.path.dirname(os.path.realpath(__file__)), "..", "..")
    violations = check(os.path.normpath(root))
    for path, line, message in violations:
        print("%s:%d: %s" % (path, line, message))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
