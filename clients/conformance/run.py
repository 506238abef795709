#!/usr/bin/env python3
"""Runs the conformance suite against one client library, through its adapter.

    run.py --node target/release/merkle-kv -- python3 clients/python/conformance/adapter.py

Prints what fails and one line at the end. The exit status is 0 if every case passed.
What happens to a node within a case:

    @ flush                 every key is deleted
    @ kill, @ start         the own node is killed; is started again on its port, without data
    @ kill_after 100000     the own node is killed after so many bytes of replies
    @ fill 2500 "page:"     so many keys are written whose names begin so
    @ wait 1.2              so many seconds pass
    @ redis "SET" "a b" "v" a command over RESP, which takes keys that are not text
"""

import argparse
import json
import pathlib
import socket
import sys
import tempfile
import time

import cases
import transcripts
from adapter import Adapter, AdapterFailed
from expectations import mismatch
from nodes import CutOff, Nodes, converse, free_port
from scripted import ScriptedNode

HERE = pathlib.Path(__file__).resolve().parent
TRANSCRIPTS = HERE.parent.parent / "tests" / "transcripts"


class Failed(Exception):
    """A case did not go as it says."""


class Run:
    """One case with its node, or nodes that misbehave."""

    def __init__(self, case, adapter, nodes):
        self.case, self.adapter, self.nodes = case, adapter, nodes
        self.node = self.proxy = self.scripted = None
        self.result = self.refusal = None
        self.batch, self.results = [], None

    def play(self):
        """Plays all steps; raises what went wrong."""
        cuts = [step for step in self.case.script if step.text.startswith("cut ")]
        if not cuts:
            return self._play_once(None)
        for cut in range(1, len(cases.value_of(cuts[0].text[4:]).encode())):
            try:
                self._play_once(cut)
            except Failed as failed:
                raise Failed(f"{failed} (cut at byte {cut})") from None
        return None

    def _play_once(self, cut):
        try:
            port = self._start_node(cut)
            self.address = f"127.0.0.1:{port}"
            if not self.case.steps[0].text.startswith("connect"):
                self._connect([])
            for step in self.case.steps:
                self._step(step)
            self._finish_call()
        finally:
            problem = self._stop_node()
        if problem:
            raise Failed(problem)

    def _start_node(self, cut):
        kind = self.case.node
        if self.case.script:
            self.scripted = ScriptedNode(self.case.script, cut)
            return self.scripted.port
        if kind not in ("own", "cut_off"):
            self.node = self.nodes.get(kind)
            return self.node.port
        self.node = self.nodes.own()
        if kind == "own":
            return self.node.port
        self.proxy = CutOff(self.node)
        return self.proxy.port

    def _stop_node(self):
        if self.proxy:
            self.proxy.stop()
        if self.case.node in ("own", "cut_off"):
            self.node.stop()
        return self.scripted.stop() if self.scripted else None

    def _connect(self, options):
        host, port = self.address.split(":")
        for option in options:
            name, _, value = option.partition("=")
            if name == "host":
                host = value
                self.address = f"{host}:{port}"
            if name == "port":
                port = str(free_port())
                self.address = f"{host}:{port}"
        options = [option for option in options if not option.startswith(("host=", "port="))]
        result = self.adapter.call("connect", host, port, *options)
        # What is wrong with the options may be said by the call that makes the client, or the next.
        self.refusal = result if result[0] == "error" else None

    def _step(self, step):
        try:
            if step.kind == "<<":
                self._compare_batch(step.text)
            elif step.kind == "<":
                self._compare(step.text)
            elif step.kind == ">>":
                self._add_to_batch(step.text)
            else:
                self._finish_call()
                if step.kind == ">":
                    self._call(step.text)
                else:
                    self._act(step.text)
        except Failed as failed:
            raise Failed(f"line {step.line}: {failed}") from None

    def _call(self, text):
        name, *arguments = (self._filled(word) for word in cases.call_of(text))
        if name == "connect":
            return self._connect(arguments)
        self.result = self.refusal or self.adapter.call(name, *arguments)
        return None

    def _compare(self, expectation):
        if self.batch:
            self.result, self.batch = self.adapter.pipeline(self.batch), []
        result, self.result = self.result, None
        problem = mismatch(self._filled(expectation), result)
        if problem:
            raise Failed(problem)

    def _add_to_batch(self, text):
        self.results = None
        words = cases.tokens(text)
        times = 1
        if words[0] == "times":
            times, text = int(words[1]), " ".join(words[2:])
        self.batch += [tuple(self._filled(word) for word in cases.call_of(text))] * times

    def _compare_batch(self, expectation):
        if self.results is None:
            outcome, self.batch = self.adapter.pipeline(self.batch), []
            if outcome[0] != "results":
                raise Failed(f"the pipeline failed: {outcome}")
            self.results = outcome[1:]
        words = cases.tokens(expectation)
        if words[0] == "count":
            expected = range(int(words[1]), int(words[2]) + 1)
            if self.results != [["int", str(number)] for number in expected]:
                raise Failed(f"{self.results[:3]}… are not the numbers from {words[1]} on")
            self.results = []
            return
        if words[0] == "times":
            expectations = [" ".join(words[2:])] * int(words[1])
        else:
            expectations = [expectation]
        for each in expectations:
            problem = mismatch(self._filled(each), self.results.pop(0))
            if problem:
                raise Failed(problem)

    def _finish_call(self):
        if self.results:
            raise Failed(f"{len(self.results)} results of the pipeline are left over")
        self.results = None
        result, self.result = self.result, None
        if result:
            self._must_be_ok(result)

    def _must_be_ok(self, result):
        if result[0] == "error":
            raise Failed(f"an unexpected error: {result[1:]}")

    def _act(self, text):
        word, *rest = cases.tokens(text)
        if word == "flush":
            self.node.empty()
        elif word == "kill":
            self.node.kill()
        elif word == "start":
            self.node.start()
        elif word == "kill_after":
            self.proxy.left = int(rest[0])
        elif word == "wait":
            time.sleep(float(rest[0]))
        elif word == "fill":
            prefix = json.loads(rest[1])
            converse(self.node.port, [f"SET {prefix}{i} v".encode() for i in range(int(rest[0]))])
        elif word == "redis":
            self._redis([json.loads(part) for part in rest])
        else:
            raise cases.BadCase(f"@ {text}")

    def _redis(self, parts):
        words = [part.encode() for part in parts]
        command = b"*%d\r\n" % len(words)
        command += b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
        with socket.create_connection(("127.0.0.1", self.node.port), 30) as connection:
            connection.sendall(command)
            reply = connection.recv(1000)
        if reply.startswith(b"-"):
            raise Failed(f"over RESP: {reply}")

    def _filled(self, text):
        if not isinstance(text, str) or "{" not in text:
            return text
        for name, path in self.nodes.certificates().items():
            text = text.replace(f"{{{name}}}", path)
        return text.replace("{address}", self.address)


class Report:
    """Counts, and prints what fails as it happens."""

    def __init__(self, name, verbose):
        self.name, self.verbose = name, verbose
        self.passed = self.failed = self.excused = 0
        self.started = time.monotonic()

    def case(self, title, problem):
        """Notes the end of a case."""
        if problem:
            self.failed += 1
            print(f"{self.name}: FAILED {title}: {problem}", flush=True)
        else:
            self.passed += 1
            if self.verbose:
                print(f"{self.name}: passed {title}", flush=True)

    def excuse(self, title, reason):
        """Notes a case that is not for this library."""
        self.excused += 1
        print(f"{self.name}: not run {title}: {reason}", flush=True)

    def end(self):
        """The one line that remains."""
        seconds = time.monotonic() - self.started
        excused = f", {self.excused} not for it" if self.excused else ""
        print(f"{self.name}: {self.passed} passed, {self.failed} failed{excused}, {seconds:.1f} s",
              flush=True)
        return 1 if self.failed or not self.passed else 0


def run_cases(arguments, report, nodes):
    """All cases, then all transcripts. A new adapter takes over from one that failed."""
    adapter = Adapter(arguments.adapter)
    language = report.name.split(" ")[0]
    todo = []
    for case in cases.read_all(HERE / "cases"):
        title = f"{case.file}: {case.title()}"
        if case.not_for.startswith(f"{language}:"):
            report.excuse(title, case.not_for)
            continue
        todo.append((title, lambda adapter, case=case: Run(case, adapter, nodes).play()))
    todo += [(f"transcript {path.stem}",
              lambda adapter, path=path: run_transcript(path, adapter, nodes))
             for path in transcripts.all_in(TRANSCRIPTS)]
    for title, play in todo:
        if arguments.only not in title:
            continue
        problem = None
        try:
            play(adapter)
        except Failed as failed:
            problem = str(failed)
        except AdapterFailed as failed:
            problem = f"the adapter failed: {failed}"
            adapter.stop()
            adapter = Adapter(arguments.adapter)
        report.case(title, problem)
    adapter.stop()


def run_transcript(path, adapter, nodes):
    """One transcript as one case."""
    made, failures = transcripts.play(path, adapter, nodes)
    if failures:
        raise Failed("; ".join(failures))
    if not made and path.stem.split("-")[1] not in ("shutdown", "replication", "errors"):
        raise Failed("no line of it became a call")


def main():
    """Reads the arguments and runs."""
    parser = argparse.ArgumentParser(description="Runs the conformance suite against one library.")
    parser.add_argument("--node", required=True, metavar="PATH", help="the program merkle-kv")
    parser.add_argument("--name", default="adapter", help="what to call the library in the output")
    parser.add_argument("--only", default="", metavar="TEXT", help="only cases whose title has it")
    parser.add_argument("--verbose", action="store_true", help="print the cases that pass too")
    parser.add_argument("adapter", nargs="+", help="the command of the adapter, behind --")
    arguments = parser.parse_args()
    report = Report(arguments.name, arguments.verbose)
    with tempfile.TemporaryDirectory(prefix="merkle-kv-clients-") as folder:
        nodes = Nodes(arguments.node, folder)
        try:
            run_cases(arguments, report, nodes)
        finally:
            nodes.stop()
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
