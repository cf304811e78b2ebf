#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every JSON answer fits its shipped schema, and the schema names every member of it.

usage: schema_test.py XGOPS FAKE_AGENTS SCHEMA_DIRECTORY GOLDEN_DIRECTORY
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
import unittest

import jsonschema

XGOPS, FAKE_AGENTS, SCHEMAS, GOLDENS = sys.argv[1], sys.argv[2], *map(pathlib.Path, sys.argv[3:5])
DEADLINE_S = 60


def strict(schema):
    """The schema as a writer must meet it: nothing that it does not name."""
    if isinstance(schema, dict):
        schema = {key: strict(value) for key, value in schema.items()}
        if "properties" in schema:
            schema["additionalProperties"] = False
    elif isinstance(schema, list):
        schema = [strict(item) for item in schema]
    return schema


def load_schema(document):
    name = document["schema"].removeprefix("xgops.").removesuffix("/1")
    path = SCHEMAS / f"{name}.schema.json"
    return json.loads((path if path.exists() else SCHEMAS / "text.schema.json").read_text())


def check(document):
    schema = load_schema(document)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)
    jsonschema.Draft202012Validator(strict(schema)).validate(document)


class SchemaTest(unittest.TestCase):
    def test_goldens_fit(self):
        goldens = sorted(GOLDENS.glob("*.json"))
        self.assertGreaterEqual(len(goldens), 5)
        for path in goldens:
            with self.subTest(path=path.name):
                check(json.loads(path.read_text()))

    def test_xml_is_well_formed(self):
        suites = xml.etree.ElementTree.parse(GOLDENS / "test.xml").getroot()
        cases = suites.findall("testsuite/testcase")
        self.assertEqual(len(cases), int(suites.get("tests")))
        for kind, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            self.assertEqual(len(suites.findall(f"testsuite/testcase/{kind}")),
                             int(suites.get(count)))

    def test_every_schema_describes_itself(self):
        for path in sorted(SCHEMAS.glob("*.json")):
            with self.subTest(path=path.name):
                schema = json.loads(path.read_text())
                self.assertEqual(schema["$id"], f"urn:xgops:schema:{path.name.split('.')[0]}:1")
                self.assertTrue(schema["title"])

    def test_the_schema_rejects_what_does_not_fit(self):
        document = json.loads((GOLDENS / "stack.json").read_text())
        document["threads"][0]["tid"] = "7"
        with self.assertRaises(jsonschema.ValidationError):
            check(document)


class CommandTest(unittest.TestCase):
    """Answers of the command itself, from a process like any other."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.agents = subprocess.Popen([FAKE_AGENTS, cls.directory.name, "2"], text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert cls.agents.stdout.readline() == "ready\n"

    @classmethod
    def tearDownClass(cls):
        cls.agents.communicate(timeout=DEADLINE_S)
        cls.directory.cleanup()

    def xgops(self, *arguments):
        environment = dict(os.environ, XGOPS_DIR=self.directory.name)
        return subprocess.run([XGOPS, *arguments], env=environment, text=True, timeout=DEADLINE_S,
                              capture_output=True, check=False)

    def answer(self, *arguments, status=0):
        result = self.xgops("--json", *arguments)
        self.assertEqual(result.returncode, status, result.stderr)
        document = json.loads(result.stdout)
        check(document)
        return document

    def test_commands(self):
        listed = self.answer("list")["processes"]
        self.assertEqual([process["name"] for process in listed if process["status"] == "ok"],
                         [process["name"] for process in listed])
        self.assertEqual({process["name"] for process in listed}, {"fake-0", "fake-1"})
        pid = str(listed[0]["pid"])
        self.assertEqual(self.answer("vitals", pid)["pid"], int(pid))
        self.assertEqual(len(self.answer("threads", pid)["threads"]), 2)
        self.assertEqual(len(self.answer("stack", "-n", listed[1]["name"])["threads"]), 3)
        self.answer("list", "--all")
        self.answer("tasks", pid)
        self.answer("tree", pid)
        self.answer("pending", pid)
        self.answer("locks", "--all", pid)
        self.answer("diagnose", pid, status=1)
        self.answer("leaks", pid, "--look-again", "50ms", status=1)
        before = f"{self.directory.name}/before.xgops"
        self.answer("snapshot", pid, "-o", before)
        self.assertEqual(self.answer("diff", before, before)["new"], 0)
        self.answer("diff", before, "-p", pid)
        for text in (["help"], ["help", "stack"], ["man"], ["completion", "zsh"], ["--version"]):
            self.answer(*text)

    def test_errors(self):
        self.assertEqual(self.answer("stack", status=64)["error"]["kind"], "usage")
        self.assertEqual(self.answer("stack", "2147483647", status=2)["error"]["kind"],
                         "no_process")
        ambiguous = self.answer("vitals", "-n", "fake-*", status=64)["error"]
        self.assertIn("fake-0", ambiguous["hint"])
        self.assertIn("fake-1", ambiguous["hint"])
        self.assertEqual(self.answer("run", "/nonexistent/program", status=2)["error"]["kind"],
                         "program")

    def test_a_reader_that_leaves_early(self):
        pid = str(self.answer("list")["processes"][0]["pid"])
        environment = dict(os.environ, XGOPS_DIR=self.directory.name)
        for restore in (True, False):  # SIGPIPE as a shell has it, and ignored
            with self.subTest(restore_signals=restore):
                reader, writer = os.pipe()
                os.close(reader)
                result = subprocess.run([XGOPS, "stack", pid], env=environment, stdout=writer,
                                        stderr=subprocess.PIPE, timeout=DEADLINE_S, check=False,
                                        restore_signals=restore)
                os.close(writer)
                self.assertNotEqual(result.returncode, 0)
                self.assertEqual(result.stderr, b"")

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([XGOPS, "--version"], stdout=full, stderr=subprocess.PIPE,
                                    text=True, timeout=DEADLINE_S, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stderr,
                         "xgops: cannot write standard output: No space left on device\n")

    def test_closed_standard_streams(self):
        pid = str(self.answer("list")["processes"][0]["pid"])
        environment = dict(os.environ, XGOPS_DIR=self.directory.name)
        result = subprocess.run(["sh", "-c", f'"{XGOPS}" vitals {pid} <&- >&-'], env=environment,
                                stderr=subprocess.PIPE, text=True, timeout=DEADLINE_S, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("cannot write standard output", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
