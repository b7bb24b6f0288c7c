#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each rule of tidy.py sees the violation planted for it, and nothing else in an orderly tree."""

import io
import os
import shutil
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import tidy  # noqa: E402

HEAD = "// SPDX-License-Identifier: Apache-2.0\n"
ORDERLY = {
    "BUILD": "# SPDX-License-Identifier: Apache-2.0\n",
    "README.md": "# A title, x\n[docs](docs/a.md) [out](https://example.org) [here](#a-title-x) "
                 "[folder](docs)\n",
    "docs/a.md": "[up](../README.md#a-title-x) `runtime/sched/a.c` `runtime/base/` `runtime/*.c`\n",
    "docs/locks.md": "| rank | is |\n| `RANK_A` | 10 | first |\n",
    "docs/memory-order.md": "| tag | publishes |\n| `a.b` | it |\n",
    "runtime/BUILD": "# SPDX-License-Identifier: Apache-2.0\n\n"
                     "glob([\n    \"**/*.c\",\n    \"**/*.h\",\n])\n",
    "runtime/base/atomic.h": HEAD + "memory_order_acquire\n",
    "runtime/base/rank.h": HEAD + "    RANK_A = 10, // why\n",
    "runtime/base/tls.c": HEAD + "_Thread_local int x;\n",
    "runtime/host/linux/host.c": HEAD + "#include <unistd.h>\n#if X\n#endif\n",
    "runtime/sched/a.c": HEAD + '#include <stdint.h>\nstore_release(&y, 1); // pairs [a.b]\n'
                                'puts("malloc(");\n',
    "runtime/sched/b.c": HEAD + "// pairs [a.b], not malloc()\nload_acquire(\n    &y);\n",
    "runtime/sched/b_test.c": HEAD + "// pairs [b.c]\n// pairs [b.c]\n",
}
PLANTED = {
    "long_lines": ("runtime/sched/a.c", "// " + "x" * 98),
    "long_functions": ("runtime/sched/a.c", "int f(\n    int a)\n{\n" + "    a;\n" * 71 + "}\n"),
    "one_sided_pairs": ("runtime/sched/a.c", "z; // pairs [alone]\n"),
    "pairs_of_one_kind": ("runtime/sched/a.c", "store_release(&z, 1); // pairs [two]\n" * 2),
    "orders_without_pair": ("runtime/sched/a.c", "x;\ny;\nstore_release(&x, 1);\n"),
    "memory_order_rows": ("docs/memory-order.md", "| `gone` | it |\n"),
    "lock_rank_rows": ("docs/locks.md", "| `RANK_GONE` | 7 | it |\n"),
    "memory_order": ("runtime/sched/a.c", "load(&x, memory_order_relaxed);\n"),
    "world_outside_host": ("runtime/sched/a.c", "#include <unistd.h>\n"),
    "thread_locals": ("runtime/sched/a.c", "static _Thread_local int t;\n"),
    "conditionals": ("runtime/sched/a.c", "#ifdef X\n"),
    "files_in_no_build": ("runtime/sched/c.S", HEAD),
    "spdx": ("runtime/sched/c.c", "int x;\n"),
    "broken_links": ("docs/a.md", "[gone](gone.md)\n"),
    "names_of_files": ("docs/a.md", "see `runtime/gone.c`\n"),
}


# Rules that ask a tool, each with a file that it would change; the tool may not be here.
LAYOUT = {
    "layout_of_code": ("clang-format-14", "runtime/sched/a.c", "int  x;\n"),
    "layout_of_builds": ("buildifier", "runtime/BUILD", "x=1\n"),
}


class TidyTest(unittest.TestCase):
    def make(self, files):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for path, text in files.items():
            path = os.path.join(folder.name, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        return folder.name

    def test_orderly_tree_is_silent(self):
        self.assertEqual(tidy.check(self.make(ORDERLY)), [])

    def test_each_rule_has_a_planted_violation(self):
        self.assertEqual(set(PLANTED) | set(LAYOUT), {rule.__name__ for rule in tidy.RULES})

    def test_layout_is_what_the_tool_says(self):
        for name, (program, path, text) in LAYOUT.items():
            with self.subTest(rule=name):
                rule = getattr(tidy, name)
                for planted, want in ((text, [path]), (text.replace("  ", " ").replace("=", " = "), [])):
                    root = self.make({".clang-format": "BasedOnStyle: LLVM\n", path: planted})
                    if shutil.which(program):
                        self.assertEqual([v[0] for v in rule(tidy.Tree(root))], want)

    def test_a_tool_that_is_not_here_is_said_in_one_line(self):
        root = self.make({".clang-format": "", "a.c": "int  x;", "BUILD": "x=1"})
        for name in LAYOUT:
            with self.subTest(rule=name), mock.patch.dict(os.environ, PATH=root), \
                    mock.patch("sys.stderr", io.StringIO()) as said:
                self.assertEqual(list(getattr(tidy, name)(tidy.Tree(root))), [])
                self.assertRegex(said.getvalue(), r"\Atidy: no .* here: .* is not checked\n\Z")

    def test_anchor_that_is_no_heading_is_seen(self):
        files = dict(ORDERLY)
        files["docs/a.md"] += "[up](../README.md#a-title)\n"
        self.assertEqual([v[0] for v in tidy.check(self.make(files))], ["docs/a.md"])

    def test_seq_cst_names_its_pair_too(self):
        files = dict(ORDERLY)
        files["runtime/sched/a.c"] += "x;\ny;\nload_seq_cst(&x);\n"
        self.assertEqual([v[0] for v in tidy.check(self.make(files))], ["runtime/sched/a.c"])

    def test_planted_violations_are_seen(self):
        for rule in tidy.RULES:
            if rule.__name__ in LAYOUT:
                continue
            with self.subTest(rule=rule.__name__):
                path, text = PLANTED[rule.__name__]
                files = dict(ORDERLY)
                files[path] = files.get(path, "") + text
                root = self.make(files)
                self.assertEqual([v[0] for v in rule(tidy.Tree(root))], [path])
                self.assertNotEqual(tidy.check(root), [])

    def test_code_is_held_to_fewer_columns_than_scripts(self):
        for path, columns, seen in (("runtime/sched/a.c", 100, 0), ("runtime/sched/a.c", 101, 1),
                                    ("ci/a.py", 110, 0), ("ci/a.py", 111, 1)):
            with self.subTest(path=path, columns=columns):
                files = {path: "# SPDX-License-Identifier: Apache-2.0\n" + "#" * columns + "\n"}
                self.assertEqual(len(list(tidy.long_lines(tidy.Tree(self.make(files))))), seen)

    def test_call_of_the_world_is_seen(self):
        files = dict(ORDERLY)
        files["runtime/sched/a.c"] += "p = malloc(3);\n"
        self.assertEqual(len(tidy.check(self.make(files))), 1)

    def test_tables_agree_with_the_code_both_ways(self):
        for path, text, where in (
                ("runtime/sched/b.c", "cas_acq_rel(&x); // pairs [new]\ny; // pairs [new]\n",
                 "runtime/sched/b.c"),
                ("runtime/base/rank.h", "    RANK_B = 20,\n", "runtime/base/rank.h"),
                ("runtime/base/rank.h", "    RANK_A = 11, // moved\n", "docs/locks.md")):
            with self.subTest(path=path, text=text):
                files = dict(ORDERLY)
                files[path] += text
                self.assertEqual([v[0] for v in tidy.check(self.make(files))], [where])

    def test_header_is_for_tests_when_tests_alone_include_it(self):
        files = dict(ORDERLY)
        files["runtime/sched/fork.h"] = HEAD + "#include <unistd.h>\n"
        files["runtime/sched/a_test.c"] = HEAD + '#include "runtime/sched/fork.h"\n'
        self.assertEqual(tidy.check(self.make(files)), [])
        files["runtime/sched/b.c"] += '#include "runtime/sched/fork.h"\n'
        self.assertEqual(len(tidy.check(self.make(files))), 1)

    def test_ratchet_allows_only_what_it_lists_and_must_be_needed(self):
        files = dict(ORDERLY)
        files["runtime/sched/a.c"] += PLANTED["long_functions"][1]
        files["ci/tidy/long_functions.txt"] = "runtime/sched/a.c f 71 one state machine\n"
        self.assertEqual(tidy.check(self.make(files)), [])
        files["ci/tidy/long_functions.txt"] = "runtime/sched/a.c f 70 one state machine\n"
        self.assertEqual(len(tidy.check(self.make(files))), 1)
        files["runtime/sched/a.c"] = ORDERLY["runtime/sched/a.c"]
        self.assertEqual(len(tidy.check(self.make(files))), 1)


if __name__ == "__main__":
    unittest.main()
