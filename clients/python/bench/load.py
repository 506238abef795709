"""The load that both programs run, and how they print its figures."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Callable

VALUE = "x" * 64
KEYS = [f"bench:{number}" for number in range(1000)]
WARM_UP = 2_000
SINGLE = 20_000
PIPELINED = 200_000
BATCH = 100


def single(name: str, call: Callable[[str], object]) -> None:
    """One call after the other."""
    for number in range(WARM_UP):
        call(KEYS[number % len(KEYS)])
    begun = perf_counter()
    for number in range(SINGLE):
        call(KEYS[number % len(KEYS)])
    print(f"single {name} {SINGLE / (perf_counter() - begun):.0f}", flush=True)


def pipelined(name: str, call: Callable[[Sequence[str]], object]) -> None:
    """Batches, each made of the keys that come next."""
    batches = [KEYS[start : start + BATCH] for start in range(0, len(KEYS), BATCH)]
    for number in range(WARM_UP // BATCH):
        call(batches[number % len(batches)])
    begun = perf_counter()
    for number in range(PIPELINED // BATCH):
        call(batches[number % len(batches)])
    print(f"pipelined {name} {PIPELINED / (perf_counter() - begun):.0f}", flush=True)
