"""Several nodes that replicate, at the broker that the first of them hosts."""

import secrets

from node import Node, free_port
from waiting import wait_for, wait_until

# Short, so that tests need not wait long for what only a session repairs.
ANTI_ENTROPY = {"interval_seconds": 1, "peer_discovery_interval": 1}


class Cluster:
    """Nodes n1, n2 and so on; n1 hosts the broker.

    `ports` are those of the nodes, any free ones if not given. `persistent` keeps data on disk, so
    that a node which is killed comes back with what it had.
    """

    def __init__(
        self, program, folder, size, ports=None, persistent=False, anti_entropy=ANTI_ENTROPY
    ):
        broker_port = free_port()
        mqtt = {
            "broker_address": f"tcp://127.0.0.1:{broker_port}",
            "topic_prefix": f"integration-{secrets.token_hex(4)}",
        }
        settings = {
            "mqtt": mqtt,
            "anti_entropy": anti_entropy,
            "storage": {"persistence_enabled": persistent},
        }
        broker = {"broker": {"enabled": True, "bind_port": broker_port}}
        self.nodes = [
            Node(program, folder, f"n{at + 1}", settings | (broker if at == 0 else {}), port)
            for at, port in enumerate(ports or [0] * size)
        ]

    def __enter__(self):
        try:
            for node in self.nodes:
                node.start()
            for node in self.nodes:
                self.wait_joined(node)
            others = [len(self.nodes) - 1] * len(self.nodes)
            wait_for(lambda: list(map(peers, self.nodes)), others, "all nodes know each other")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # The first last: the others say goodbye at its broker.
        for node in reversed(self.nodes):
            node.stop()

    def wait_joined(self, node):
        """Waits until a node is connected to the broker."""
        wait_until(
            lambda: node.ask("REPLICATE STATUS"),
            lambda reply: reply.startswith("REPLICATION enabled connected"),
            f"{node.node_id} has joined the broker",
        )

    def wait_equal(self):
        """Waits until all nodes that run hold the same, and returns their root hash."""
        running = [node for node in self.nodes if node.process]
        what = "the nodes hold the same"
        roots = wait_until(
            lambda: [n.ask("HASH") for n in running], lambda r: len(set(r)) == 1, what
        )
        return roots[0]


def peers(node):
    """How many other nodes a node knows to be online."""
    with node.client() as client:
        return int(client.ask_facts("INFO")["peers"])
