"""So many at the same time: counted while they are."""

import asyncio
import threading
import time

import pytest

from auricle.serving.gate import BusyError, Gate


def test_no_more_than_the_number_at_the_same_time() -> None:
    inside, most = 0, 0
    lock = threading.Lock()

    def work() -> int:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.02)
        with lock:
            inside -= 1
        return most

    async def everybody() -> None:
        gate = Gate(3, wait_s=10, answer_s=10)
        await asyncio.gather(*(gate.run(work) for _ in range(20)))

    asyncio.run(everybody())
    assert most == 3


def test_a_thread_that_is_given_up_keeps_its_place_until_it_ends() -> None:
    async def everybody() -> None:
        gate = Gate(1, wait_s=0.05, answer_s=0.05)
        going_on = threading.Event()
        with pytest.raises(BusyError, match="takes longer than"):
            await gate.run(going_on.wait)
        with pytest.raises(BusyError, match="The service is busy"):
            await gate.run(lambda: True)
        going_on.set()
        await asyncio.sleep(0.02)
        assert await gate.run(lambda: True)

    asyncio.run(everybody())


def test_what_fails_gives_its_place_back() -> None:
    def fail() -> None:
        raise KeyError("x")

    async def everybody() -> None:
        gate = Gate(1, wait_s=0.05, answer_s=1)
        for _ in range(3):
            with pytest.raises(KeyError):
                await gate.run(fail)
            with pytest.raises(KeyError):
                async with gate.place():
                    fail()

    asyncio.run(everybody())
