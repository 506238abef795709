"""Options and fixtures: which node the tests talk to, connections to it, and names for keys."""

import secrets
import signal
import subprocess

import pytest

from node import Node, NoProgram, environment, find_program
from text_client import TextClient

ALONE = {"mqtt": {"enabled": False}}


def pytest_addoption(parser):
    group = parser.getgroup("merkle-kv")
    group.addoption("--host", help="host of a node that runs already, with --port")
    group.addoption(
        "--port", type=int, help="port of a node that runs already, on 127.0.0.1 or --host"
    )
    group.addoption("--node", metavar="PATH", help="program of the nodes that the suite starts")
    group.addoption(
        "--threshold", type=int, metavar="OPS",
        help="operations per second below which test_benchmark fails; none if not given",
    )


def pytest_configure(config):
    # What ends the tests from outside ends their nodes, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.running_node = None
    if config.option.host is not None and config.option.port is None:
        raise pytest.UsageError("--host needs --port, the port of the node there")


def pytest_sessionstart(session):
    """Says at once, and not in every test, that there is nothing to test."""
    config = session.config
    if config.option.collectonly:
        return
    if config.option.port is None:
        try:
            find_program(config.option.node)
        except NoProgram as error:
            raise pytest.UsageError(str(error)) from None
    else:
        config.running_node = (config.option.host or "127.0.0.1", config.option.port)
        check_running_node(*config.running_node)


def check_running_node(host, port):
    """Whether it is a node that the tests can use as it is."""
    try:
        with TextClient(host, port) as client:
            version, size = client.ask("VERSION"), client.ask("DBSIZE")
    except (OSError, AssertionError) as error:
        raise pytest.UsageError(
            f"no node answers at {host}:{port}: {error}. Start one there, or leave --host and "
            "--port out, and the suite starts one itself"
        ) from None
    if version.startswith("VERSION "):
        raise pytest.UsageError(
            f"the node at {host}:{port} speaks the legacy dialect; the suite needs a node whose "
            'network.dialect is "standard"'
        )
    if not size.startswith("DBSIZE "):
        raise pytest.UsageError(
            f"the node at {host}:{port} answers DBSIZE with {size!r}; the suite needs a MerkleKV "
            "node that asks for no login"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for node in Node.running:
            report.sections.append((f"end of the log of {node.node_id}", node.log_tail()))
    return report


@pytest.fixture(scope="session")
def program(pytestconfig):
    """The program of a node; tests that need it are skipped if there is only a running node."""
    try:
        return find_program(pytestconfig.option.node)
    except NoProgram as error:
        pytest.skip(f"starts nodes itself, and {error}")


@pytest.fixture(scope="session")
def start_session_node(program, tmp_path_factory):
    """Starts nodes that last as long as the session."""
    nodes = []

    def start(node_id, settings):
        nodes.append(Node(program, tmp_path_factory.mktemp(node_id), node_id, settings).start())
        return nodes[-1]

    yield start
    for node in nodes:
        node.stop()


@pytest.fixture(scope="session")
def address(pytestconfig, request):
    """Host and port of the node under test: the one that runs already, or one of our own."""
    if pytestconfig.running_node:
        return pytestconfig.running_node
    node = request.getfixturevalue("start_session_node")("standard", ALONE)
    return "127.0.0.1", node.port


@pytest.fixture
def connect(address):
    """Opens further connections to the node under test; they are closed at the end of the test."""
    clients = []

    def open_connection():
        clients.append(TextClient(*address))
        return clients[-1]

    yield open_connection
    for client in clients:
        client.close()


@pytest.fixture
def client(connect):
    """A connection to the node under test."""
    return connect()


class Keys:
    """Names for the keys of one test, under a prefix that nobody else uses."""

    def __init__(self):
        self.prefix = f"integration:{secrets.token_hex(6)}:"

    def __call__(self, name="key"):
        return self.prefix + name

    def remove(self, client):
        """Deletes all keys that begin with the prefix."""
        while names := client.ask_list(f"SCAN {self.prefix} LIMIT 1000", "KEYS"):
            client.pipeline(f"DEL {name}" for name in names)


@pytest.fixture
def keys(address):
    """Fresh keys: `keys("name")` is a name. They are removed at the end of the test."""
    keys = Keys()
    yield keys
    with TextClient(*address) as client:
        keys.remove(client)


@pytest.fixture
def key(keys):
    """The name of one fresh key."""
    return keys()


@pytest.fixture
def empty_client(pytestconfig, request):
    """A connection to a node that only this suite uses, and that holds nothing."""
    if pytestconfig.running_node:
        pytest.skip("flushes or counts all keys, so it needs a node that the suite started itself")
    client = request.getfixturevalue("client")
    assert client.ask("FLUSH") == "OK"
    return client


@pytest.fixture(scope="session")
def legacy_node(start_session_node):
    """A node that speaks the legacy dialect."""
    return start_session_node("legacy", ALONE | {"network": {"dialect": "legacy"}})


@pytest.fixture
def legacy(legacy_node):
    """A connection to the node that speaks the legacy dialect, which holds nothing."""
    with legacy_node.client() as client:
        assert client.ask("FLUSH") == "OK"
        yield client


@pytest.fixture
def start_node(program, tmp_path):
    """Starts a node with settings of the test's own; it is stopped at the end of the test."""
    nodes = []

    def start(**settings):
        node_id = f"own{len(nodes) + 1}"
        nodes.append(Node(program, tmp_path, node_id, ALONE | settings).start())
        return nodes[-1]

    yield start
    for node in nodes:
        node.stop()


@pytest.fixture
def add_user(program, tmp_path):
    """Adds a user to a file of users, and returns its path."""

    def add(name, password, *options):
        file = tmp_path / "users.toml"
        command = [program, "user", "add", name, "--file", file, *options]
        subprocess.run(command, input=f"{password}\n", text=True, check=True, env=environment())
        return file

    return add
