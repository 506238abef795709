"""What came of the tests, for a person: a table by file, what was skipped and why, what failed."""

import shlex
import sys
from collections import Counter
from pathlib import Path

# Skipped tests that are named for each reason.
NAMED_SKIPS = 3


class Summary:
    """A plugin of pytest that hears of every test; `show` prints what it heard.

    `again` are arguments that belong to the command which repeats one test.
    """

    def __init__(self, folder, again=()):
        self.folder, self.again = folder, again
        self.outcomes = {}
        self.seconds = Counter()
        self.skips = {}
        self.failures = []
        self.interrupted = False

    def pytest_keyboard_interrupt(self, excinfo):
        # Errors of collection come here as well, as an exception derived from it.
        self.interrupted = excinfo.type is KeyboardInterrupt

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.outcomes[report.nodeid] = "failed"
            self.failures.append(report)
        elif report.skipped:
            self.outcomes[report.nodeid] = "skipped"
            reason = report.longrepr[2].removeprefix("Skipped: ")
            self.skips.setdefault(reason, []).append(report.nodeid)
        else:
            # A test whose set-up or clean-up goes well may still have failed.
            self.outcomes.setdefault(report.nodeid, "passed")

    def pytest_collectreport(self, report):
        if report.failed:
            self.outcomes[report.nodeid] = "failed"
            self.failures.append(report)

    def show(self):
        self._show_table()
        self._show_skips()
        self._show_failures()

    def _show_table(self):
        files = sorted({file_of(test) for test in self.outcomes})
        width = max(len(name) for name in [*files, "total"])
        print(f"\n{'':<{width}}  {'passed':>7} {'failed':>7} {'skipped':>7} {'seconds':>8}")
        for name in files:
            self._show_row(name, width, [test for test in self.outcomes if file_of(test) == name])
        self._show_row("total", width, self.outcomes)

    def _show_row(self, name, width, tests):
        counts = Counter(self.outcomes[test] for test in tests)
        seconds = sum(self.seconds[test] for test in tests)
        numbers = " ".join(f"{counts[outcome]:>7}" for outcome in ("passed", "failed", "skipped"))
        print(f"{name:<{width}}  {numbers} {seconds:>8.1f}")

    def _show_skips(self):
        for reason, tests in self.skips.items():
            print(f"\n{len(tests)} skipped: {reason}")
            for test in tests[:NAMED_SKIPS]:
                print(f"  {test}")
            if len(tests) > NAMED_SKIPS:
                print(f"  and {len(tests) - NAMED_SKIPS} more")

    def _show_failures(self):
        for number, report in enumerate(self.failures, 1):
            print(f"\n--- failure {number} of {len(self.failures)}: {report.nodeid}")
            print(report.longreprtext)
            for title, text in report.sections:
                print(f"--- {title}\n{text.rstrip()}")
            print(f"--- again: {self._command(report.nodeid)}")
        if self.failures:
            failed = Counter(self.outcomes.values())["failed"]
            print(
                f"\n{failed} of {len(self.outcomes)} tests failed. Begin with the first; `again` "
                "runs one alone. What nodes should do is in docs/protocol.md and replication.md."
            )

    def _command(self, test):
        words = [shown(Path(sys.executable)), "-m", "pytest", shown(self.folder / test)]
        return shlex.join([*words, *self.again])


def shown(path):
    """A path as one would type it here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def file_of(test):
    return Path(test.split("::")[0]).name
