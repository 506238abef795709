"""Measures redis-py on the same load: bench_redis.py HOST PORT."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import redis
from load import VALUE, pipelined, single


def main() -> None:
    """Runs the four loads. Replies are decoded to text, as those of the other library are."""
    with redis.Redis(sys.argv[1], int(sys.argv[2]), decode_responses=True) as client:

        def set_all(keys: Sequence[str]) -> None:
            pipeline = client.pipeline(transaction=False)
            for key in keys:
                pipeline.set(key, VALUE)
            pipeline.execute()

        def get_all(keys: Sequence[str]) -> None:
            pipeline = client.pipeline(transaction=False)
            for key in keys:
                pipeline.get(key)
            pipeline.execute()

        single("set", lambda key: client.set(key, VALUE))
        single("get", client.get)
        pipelined("set", set_all)
        pipelined("get", get_all)


if __name__ == "__main__":
    main()
