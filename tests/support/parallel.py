"""Many calls that start at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


def at_once(*calls: Callable[[], Any], times: int = 1) -> list[Any]:
    """Runs every call `times` times, each in a thread of its own, released together by a barrier.

    Answers the results in the order of the calls (all runs of the first, then of the second …). An
    exception of a call is raised here, after all threads have ended.
    """
    work = [call for call in calls for _ in range(times)]
    barrier = threading.Barrier(len(work))
    results: list[Any] = [None] * len(work)
    errors: list[BaseException] = []

    def run(index: int) -> None:
        try:
            barrier.wait()
            results[index] = work[index]()
        except BaseException as error:  # handed to the caller below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
