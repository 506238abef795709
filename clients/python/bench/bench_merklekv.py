"""Measures this library: bench_merklekv.py HOST PORT."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Sequence

from load import VALUE, pipelined, single

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "src"))

from merklekv import MerkleKVClient


def main() -> None:
    """Runs the four loads."""
    with MerkleKVClient(sys.argv[1], int(sys.argv[2])) as client:

        def set_all(keys: Sequence[str]) -> None:
            pipeline = client.pipeline()
            for key in keys:
                pipeline.set(key, VALUE)
            pipeline.execute()

        def get_all(keys: Sequence[str]) -> None:
            pipeline = client.pipeline()
            for key in keys:
                pipeline.get(key)
            pipeline.execute()

        single("set", lambda key: client.set(key, VALUE))
        single("get", client.get)
        pipelined("set", set_all)
        pipelined("get", get_all)


if __name__ == "__main__":
    main()
