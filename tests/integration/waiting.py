"""Waiting for a condition, with a deadline, instead of sleeping for a time that is guessed."""

import time

# Long, so that no test fails because a machine is busy; a test that passes does not use it up.
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.02


def wait_until(look, is_right, what, seconds=PATIENCE_SECONDS):
    """Looks again and again until what is seen is right, and returns that.

    `look` takes nothing; `is_right` takes what it returned. Fails with `what` and what was seen
    last when the time is over.
    """
    deadline = time.monotonic() + seconds
    while not is_right(seen := look()):
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {seconds:.0f} s for this: {what}; last seen: {seen!r}")
        time.sleep(PAUSE_SECONDS)
    return seen


def wait_for(look, expected, what, seconds=PATIENCE_SECONDS):
    """Looks until what is seen equals what is expected."""
    return wait_until(look, lambda seen: seen == expected, f"{what} ({expected!r})", seconds)
