#!/usr/bin/env python3
"""Runs the integration tests against a live node and sums up what came of it.

Without --host and --port the suite starts nodes itself, on free ports, with data in a temporary
folder. With them it uses a node that runs already: it writes only keys that begin with
`integration:` and removes them again, and skips what would flush or count the other data.
"""

import argparse
import importlib.util
import re
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
REPOSITORY = FOLDER.parents[1]
RESULTS = REPOSITORY / "target" / "integration" / "results.xml"
JUNIT = f"--junit-xml={RESULTS}"
INSTALL = "pip install -r tests/integration/requirements.txt"

# After so many the rest is not run: against a node that answers nothing, each takes its deadline.
MAX_FAILURES = 25

PASSED, FAILED, CANNOT_RUN, INTERRUPTED = 0, 1, 2, 130

# Options of this program that are options of the suite as well.
PASSED_ON = ("--host=", "--port=", "--node=", "--threshold=")

# Files that a mode leaves out.
LEFT_OUT = {
    "basic": {"test_concurrency.py", "test_benchmark.py", "test_replication.py"},
    "all": set(),
    "ci": {"test_benchmark.py"},
}


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Exit code: 0 all passed, 1 a test failed, 2 the tests could not run.",
    )
    parser.add_argument(
        "--mode", choices=["basic", "all", "benchmark", "ci"], default="basic",
        help="basic: without concurrency, benchmark and replication, and what is run if not said; "
        "all: everything; benchmark: throughput and latencies alone; "
        "ci: everything but the benchmark, and results as JUnit XML",
    )
    parser.add_argument(
        "--host", help="host of a node that runs already; 127.0.0.1 if only --port is given"
    )
    parser.add_argument("--port", type=port, help="port of that node")
    parser.add_argument(
        "--node", metavar="PATH",
        help="program of the nodes that the suite starts; target/release/merkle-kv if not said, "
        "or else target/debug/merkle-kv",
    )
    parser.add_argument(
        "-k", metavar="WORDS", dest="words", help="only tests whose names match, as in pytest -k"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="a line for every test, and failures in full"
    )
    parser.add_argument(
        "--output", choices=["text", "junit"], default="text",
        help=f"junit: also write {RESULTS.relative_to(REPOSITORY)}",
    )
    parser.add_argument(
        "--coverage", action="store_true",
        help="also measure how much of the Python helpers in this folder the tests use; the node "
        "is a separate program in Rust, of which this says nothing",
    )
    parser.add_argument(
        "--threshold", type=threshold, metavar="OPS",
        help="fail if the benchmark measures fewer operations per second, such as 1000ops or 1000; "
        "for a person who knows the machine, so no mode has one by itself",
    )
    options = parser.parse_args(arguments)
    if options.threshold is not None and options.mode not in ("all", "benchmark"):
        parser.error(f"--threshold is about the benchmark, which --mode {options.mode} leaves out")
    if options.host is not None and options.port is None:
        parser.error("--host needs --port, the port of the node there")
    return options


def threshold(text):
    """The number in `1000ops` or `1000`."""
    found = re.fullmatch(r"([0-9]{1,12})(ops)?", text)
    if not found or int(found[1]) == 0:
        raise argparse.ArgumentTypeError(
            f"takes operations per second, such as 1000ops or 1000, not {text!r}"
        )
    return int(found[1])


def port(text):
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"takes a port from 1 to 65535, not {text!r}")
    return int(text)


def files_of(mode):
    if mode == "benchmark":
        return [FOLDER / "test_benchmark.py"]
    return sorted(file for file in FOLDER.glob("test_*.py") if file.name not in LEFT_OUT[mode])


def pytest_arguments(options):
    arguments = [str(file) for file in files_of(options.mode)]
    # Failures are for the summary to tell.
    arguments += ["--no-header", "--tb=auto" if options.verbose else "--tb=short", "-rN"]
    arguments += ["-v"] if options.verbose else []
    for name in ("host", "port", "node", "threshold"):
        if (value := getattr(options, name)) is not None:
            arguments.append(f"--{name}={value}")
    if options.words:
        arguments += ["-k", options.words]
    if options.mode == "ci" or options.output == "junit":
        arguments.append(JUNIT)
    if options.coverage:
        arguments += [
            f"--cov={FOLDER}",
            f"--cov-config={FOLDER / 'coverage.ini'}",
            "--cov-report=term",
        ]
    else:
        # With coverage it is pytest's own summary that prints the figures.
        arguments.append("--no-summary")
    return arguments


def run(arguments, again):
    """Runs pytest with these arguments and prints the summary; an exit code.

    `again` are the arguments with which a single test is to be run once more.
    """
    try:
        import pytest

        from summary import Summary
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed. This installs it: {INSTALL}", file=sys.stderr)
        return CANNOT_RUN
    summary = Summary(FOLDER, again)
    settings = [f"--rootdir={FOLDER}", f"--maxfail={MAX_FAILURES}"]
    code = pytest.main([*settings, *arguments], plugins=[summary])
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        print("no test has such a name, so none was run", file=sys.stderr)
        return CANNOT_RUN
    if code in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR):
        return CANNOT_RUN
    summary.show()
    if len(summary.failures) >= MAX_FAILURES:
        print(f"After {MAX_FAILURES} failures the rest was not run.")
    if summary.interrupted:
        print("interrupted; the rest was not run")
        return INTERRUPTED
    return PASSED if code == pytest.ExitCode.OK else FAILED


def main():
    options = parse_arguments(sys.argv[1:])
    if options.coverage and importlib.util.find_spec("pytest_cov") is None:
        print(f"--coverage needs pytest-cov, which this installs: {INSTALL}", file=sys.stderr)
        return CANNOT_RUN
    arguments = pytest_arguments(options)
    code = run(arguments, [word for word in arguments if word.startswith(PASSED_ON)])
    if JUNIT in arguments and code in (PASSED, FAILED):
        print(f"results as JUnit XML: {RESULTS.relative_to(REPOSITORY)}")
    return code


if __name__ == "__main__":
    sys.exit(main())
