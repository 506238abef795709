"""Cases: what is called and what must come back, as text files that a person can read.

    case the name of the case           begins one
    each "" "a b" "\\""                  run it once for each of these; $ stands for it
    node legacy                         which node: see nodes.py; `standard` unless said
    not_for dotnet: why it cannot       a library that this case is not for
    | expect GET k                      script of a node that misbehaves: see scripted.py
    > set "k" $                         a call; arguments are JSON, strings times a number: "x"*1000
    < ok                                what it must give: see expectations.py
    >> set "k" "v"                      calls of a pipeline, made when the first << comes
    << ok                               what each must give
    @ kill                              something that happens to the node: see run.py

Lines that begin with # and empty ones mean nothing. A call without an expectation must not fail.
"""

import json
import pathlib
from dataclasses import dataclass, field


class BadCase(Exception):
    """A line that is none of the above."""


@dataclass
class Step:
    """One line of a case."""

    kind: str
    text: str
    line: int


@dataclass
class Case:
    """A case, and the value that `$` stands for in it."""

    name: str
    file: str
    line: int
    node: str = "standard"
    not_for: str = ""
    each: str = ""
    value: str = ""
    script: list = field(default_factory=list)
    steps: list = field(default_factory=list)

    def title(self):
        """The name, with the value of this run."""
        return f"{self.name} [{self.value[:40]}]" if self.value else self.name


KINDS = (">>", "<<", ">", "<", "@", "|")


def read_file(path):
    """The cases of a file, those with `each` multiplied."""
    cases = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        line = line.strip(" ")
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "case":
            cases.append(Case(rest, path.stem, number))
        elif not cases:
            raise BadCase(f"{path.name}:{number}: no case has begun")
        elif word == "node":
            cases[-1].node = rest
        elif word == "not_for":
            cases[-1].not_for = rest
        elif word == "each":
            cases[-1].each += " " + rest
        elif word == "|":
            cases[-1].script.append(Step(word, rest, number))
        elif word in KINDS:
            cases[-1].steps.append(Step(word, rest, number))
        else:
            raise BadCase(f"{path.name}:{number}: {word!r} begins no line")
    return [run for case in cases for run in multiplied(case)]


def read_all(directory):
    """The cases of all files in a folder, in the order of their names."""
    return [case for path in sorted(pathlib.Path(directory).glob("*.txt"))
            for case in read_file(path)]


def multiplied(case):
    """The case once for each of its values."""
    if not case.each:
        return [case]
    runs = []
    for value in tokens(case.each):
        def filled(step, value=value):
            return Step(step.kind, step.text.replace("$", value), step.line)
        runs.append(Case(case.name, case.file, case.line, case.node, case.not_for, "", value,
                         [filled(step) for step in case.script],
                         [filled(step) for step in case.steps]))
    return runs


def tokens(text):
    """The words of a line, as they stand: numbers, strings, lists, and bare words."""
    found, position = [], 0
    while True:
        while position < len(text) and text[position] == " ":
            position += 1
        if position == len(text):
            return found
        start, position = position, end_of_word(text, position)
        found.append(text[start:position])


def end_of_word(text, position):
    """Where a word ends: at a space that is neither in a string nor in a list."""
    depth = 0
    while position < len(text) and (depth or text[position] != " "):
        if text[position] == '"':
            _, position = json.JSONDecoder().raw_decode(text, position)
            continue
        depth += {"[": 1, "]": -1}.get(text[position], 0)
        position += 1
    return position


def value_of(token):
    """What a word stands for: a string, perhaps times a number, or another JSON value."""
    if token.startswith("["):
        return [value_of(item.rstrip(",")) for item in tokens(token[1:-1])]
    if token.startswith('"'):
        text, end = json.JSONDecoder().raw_decode(token)
        return text * int(token[end + 1:]) if token[end:end + 1] == "*" else text
    return json.loads(token)


def call_of(text):
    """The name and the arguments of a call, as the adapter takes them."""
    name, *arguments = tokens(text)
    return (name, *(argument_of(argument) for argument in arguments))


def argument_of(token):
    """A string as it is, `hex:…` as those bytes, and all else as it is written."""
    if token.startswith('"'):
        return value_of(token)
    return bytes.fromhex(token[4:]) if token.startswith("hex:") else token
