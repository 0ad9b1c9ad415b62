"""Waiting for something to become true, with a deadline and never with a fixed sleep."""

import time


class TooLate(AssertionError):
    """What was waited for did not happen in time."""


def wait_for(condition, what, seconds=5.0, pause=0.01):
    """The first true value of `condition()`; `what` completes "waited for ..."."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TooLate(f"waited {seconds} s for {what}; the last value was {value!r}")
        time.sleep(pause)


def settled(read, still=0.5, seconds=10.0):
    """The value of `read()` once it has not changed for `still` seconds."""
    end = time.monotonic() + seconds
    value, since = read(), time.monotonic()
    while time.monotonic() < end:
        time.sleep(0.02)
        now = read()
        if now != value:
            value, since = now, time.monotonic()
        elif time.monotonic() - since > still:
            break
    return value
