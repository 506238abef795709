"""Readings of sensors: the latest of each, how many there were, and a session that ends by itself.

sensors.py [HOST [PORT]]
"""

from __future__ import annotations

import sys

from merklekv import MerkleKVClient, MerkleKVError, ServerError

READINGS = [("kitchen", "21.5"), ("cellar", "12.0"), ("kitchen", "21.9"), ("attic", "27.3")]


def record(client: MerkleKVClient, room: str, celsius: str) -> int:
    """Stores a reading and gives how many the room has had."""
    pipe = client.pipeline()
    pipe.set(f"reading:{room}", celsius).incr(f"readings:{room}").append(
        f"log:{room}", f"{celsius}\n"
    )
    stored, count, log = pipe.execute()
    for result in (stored, count, log):
        if isinstance(result, ServerError):
            raise result
    return count


def main() -> int:
    """Records, reads back and cleans up. The exit status is 1 if the node does not do its part."""
    host = sys.argv[1] if len(sys.argv) > 1 else "localhost"
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 7379
    try:
        with MerkleKVClient(host, port) as client:
            for room, celsius in READINGS:
                print(f"{room}: {celsius} °C, reading {record(client, room, celsius)}")

            rooms = list(client.scan("reading:"))
            for key, celsius in zip(rooms, client.mget(*rooms)):
                print(f"latest in the {key.removeprefix('reading:')}: {celsius} °C")

            client.set("session:reader", "kitchen, cellar")
            client.expire("session:reader", 60)
            print(f"the session ends in {client.ttl('session:reader')} s")

            for prefix in ("reading:", "readings:", "log:", "session:"):
                for key in client.scan(prefix):
                    client.delete(key)
    except MerkleKVError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
