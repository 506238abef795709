"""How fast a node answers this one client, which is Python and so often the slower of the two.

`merkle-kv bench` measures the node itself. Each test prints its figures; with --threshold it fails
if a throughput is below that.
"""

import os
import platform
import statistics
import time

import pytest

SECONDS = 2.0
PIPELINE = 100
KEYS = 1000
VALUE = "x" * 64

LOADS = {"SET": lambda key: f"SET {key} {VALUE}", "GET": lambda key: f"GET {key}"}
REPLIES = {"SET": "OK", "GET": f"VALUE {VALUE}"}


@pytest.fixture(scope="module")
def figures(pytestconfig):
    """Lines that are printed behind the last test, past pytest's capture."""
    figures = []
    yield figures
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n" + "\n".join(figures))


@pytest.fixture
def show(figures, record_property):
    """Has a line printed, and puts it into the JUnit file as well."""

    def show_line(name, text):
        record_property(name, text)
        figures.append(f"  {name:<16} {text}")

    return show_line


@pytest.fixture
def lines(client, keys):
    """The lines of SET and of GET for the keys in turn, which all have a value."""
    names = [keys(str(n)) for n in range(KEYS)]
    lines = {word: [line(name) for name in names] for word, line in LOADS.items()}
    assert set(client.pipeline(lines["SET"])) == {"OK"}
    return lines


def test_what_is_measured_where(show, address):
    show("node", f"{address[0]}:{address[1]}, values of {len(VALUE)} bytes, {KEYS} keys")
    show("machine", f"{processor()}, {os.cpu_count()} processors, {platform.system()}")
    show("load before", " ".join(f"{load:.2f}" for load in os.getloadavg()))
    show("client", f"one connection, Python {platform.python_version()}")


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            names = [
                line.split(":", 1)[1].strip() for line in file if line.startswith("model name")
            ]
    except OSError:
        names = []
    return names[0] if names else platform.machine()


@pytest.mark.parametrize("word", LOADS)
def test_one_command_at_a_time(pytestconfig, client, lines, show, word):
    took, at = [], 0
    begun = time.perf_counter()
    while (now := time.perf_counter()) - begun < SECONDS:
        reply = client.ask(lines[word][at % KEYS])
        took.append(time.perf_counter() - now)
        assert reply == REPLIES[word]
        at += 1
    throughput = at / (time.perf_counter() - begun)
    show(f"single {word}", f"{throughput:>9,.0f} operations per second; {latencies(took)}")
    judge(pytestconfig, f"single {word}", throughput)


@pytest.mark.parametrize("word", LOADS)
def test_commands_in_pipelines(pytestconfig, client, lines, show, word):
    batches = [lines[word][at : at + PIPELINE] for at in range(0, KEYS, PIPELINE)]
    took, at = [], 0
    begun = time.perf_counter()
    while (now := time.perf_counter()) - begun < SECONDS:
        replies = client.pipeline(batches[at % len(batches)])
        took.append(time.perf_counter() - now)
        assert set(replies) == {REPLIES[word]}
        at += 1
    throughput = at * PIPELINE / (time.perf_counter() - begun)
    name = f"{PIPELINE} at once {word}"
    show(name, f"{throughput:>9,.0f} operations per second; of {PIPELINE}: {latencies(took)}")
    judge(pytestconfig, name, throughput)


def latencies(took):
    """Percentiles of durations, in milliseconds."""
    cuts = statistics.quantiles(took, n=1000, method="inclusive")
    marks = {"50 %": cuts[499], "99 %": cuts[989], "99.9 %": cuts[998], "slowest": max(took)}
    return ", ".join(f"{name} {seconds * 1000:.3f} ms" for name, seconds in marks.items())


def judge(pytestconfig, name, throughput):
    threshold = pytestconfig.option.threshold
    if threshold is not None and throughput < threshold:
        below = 100 * (1 - throughput / threshold)
        pytest.fail(
            f"{name}: {throughput:,.0f} operations per second are {below:.1f} % below the "
            f"threshold of {threshold:,}",
            pytrace=False,
        )
