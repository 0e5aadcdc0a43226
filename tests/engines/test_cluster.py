"""A real Ray cluster of two nodes on this machine: what it gives equals what this process gives, whoever is killed."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from auricle.engines import EngineConfig, LocalEngine, Share, open_engine
from auricle.engines.cluster import ClusterEngine
from auricle.errors import AuricleError, ConfigError, DataError, StorageError
from tests.cluster import two_nodes

pytestmark = pytest.mark.filterwarnings("ignore")  # of Ray, about itself


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    with two_nodes() as cluster:
        yield cluster


@pytest.fixture
def engine(cluster: object) -> ClusterEngine:
    engine = open_engine(EngineConfig(name="ray"))
    assert isinstance(engine, ClusterEngine)
    return engine


def begin_squaring(folder: Path, share: Share | None) -> Callable[[int], Iterator[tuple[int, int]]]:
    with (folder / "begun").open("a") as log:
        log.write(f"{os.getpid()}\n")
    return partial(square, folder)


def square(folder: Path, number: int) -> Iterator[tuple[int, int]]:
    """Yield a number with its square, saying who does it."""
    (folder / f"{number}.doing").write_text(str(os.getpid()))
    time.sleep(0.05)
    yield number, number**2
    yield -number, number**2


def test_every_shard_is_done_and_every_worker_begins_once(engine: ClusterEngine, tmp_path: Path) -> None:
    with engine.working(partial(begin_squaring, tmp_path), range(20), writes=[tmp_path]) as results:
        found = dict(results)
    assert found == {number: number**2 for number in range(-19, 20)}
    begun = (tmp_path / "begun").read_text().split()
    assert len(begun) == len(set(begun)) == 2
    assert str(os.getpid()) not in begun
    assert not list(tmp_path.glob(".*"))


def test_no_shards_need_no_worker(engine: ClusterEngine, tmp_path: Path) -> None:
    with engine.working(partial(begin_squaring, tmp_path), []) as results:
        assert list(results) == []
    assert not (tmp_path / "begun").exists()


def test_a_killed_worker_is_replaced(engine: ClusterEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    killed = []
    with engine.working(partial(begin_squaring, tmp_path), range(100)) as results:
        found = []
        for result in results:
            found.append(result)
            if len(found) == 10:
                process = int((tmp_path / "begun").read_text().split()[0])
                os.kill(process, signal.SIGKILL)
                killed.append(process)
    assert dict(found) == {number: number**2 for number in range(-99, 100)}
    assert len(found) == 200  # each once
    assert "A worker was killed" in capsys.readouterr().err
    assert len((tmp_path / "begun").read_text().split()) >= 3
    assert not psutil.pid_exists(killed[0])


def begin_dying(share: Share | None) -> Callable[[int], Iterator[int]]:
    return die


def die(number: int) -> Iterator[int]:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    yield number


def test_what_kills_every_worker_ends_the_work(engine: ClusterEngine) -> None:
    with engine.working(begin_dying, range(6)) as results, pytest.raises(AuricleError, match="killed 3 times"):
        list(results)


def begin_refusing(share: Share | None) -> Callable[[int], Iterator[int]]:
    return refuse


def refuse(number: int) -> Iterator[int]:
    if number == 5:
        raise DataError(f"{number} is no shard.")
    yield number


def test_a_fault_comes_back_as_it_was(engine: ClusterEngine) -> None:
    with engine.working(begin_refusing, range(9)) as results, pytest.raises(DataError, match="5 is no shard"):
        list(results)


def begin_wrongly(share: Share | None) -> Callable[[int], Iterator[int]]:
    raise ZeroDivisionError("of the code")


def test_an_error_of_the_code_is_not_hidden(engine: ClusterEngine) -> None:
    with engine.working(begin_wrongly, range(2)) as results, pytest.raises(ZeroDivisionError, match="of the code"):
        list(results)


def begin_telling(share: Share | None) -> Callable[[int], Iterator[Share | None]]:
    return lambda _: iter([share])


def test_a_worker_knows_its_share(cluster: object) -> None:
    engine = ClusterEngine(None, EngineConfig(name="ray", workers=1))
    with engine.working(begin_telling, [0], network=True) as results:
        assert list(results) == [Share(processors=1, device="cpu")]  # a cluster without GPUs


def test_a_folder_that_workers_do_not_see_is_named(engine: ClusterEngine, tmp_path: Path) -> None:
    unseen = tmp_path / "only-here"
    work = engine.working(begin_refusing, range(3), reads=[unseen])
    with work as results, pytest.raises(StorageError, match=r"does not see .*only-here.*s3://"):
        list(results)


def test_a_worker_of_another_environment_says_what_it_lacks(cluster: object, tmp_path: Path) -> None:
    # An interpreter that sees nothing of this environment's auricle.
    (tmp_path / "auricle").mkdir()
    (tmp_path / "auricle" / "__init__.py").write_text("")
    settings = tmp_path / "environment.yaml"
    settings.write_text(f"env_vars:\n  PYTHONPATH: {tmp_path}\n")
    engine = ClusterEngine(None, EngineConfig(name="ray", runtime_env=settings, workers=1))
    work = engine.working(begin_refusing, range(3))
    with work as results, pytest.raises(ConfigError, match=r"cannot import auricle.engines.*--runtime-env"):
        list(results)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("working_dir: /nowhere", "is no environment for Ray: /nowhere is not a valid path"),
        ("env_vars: [1]", "is no environment for Ray"),
        ("conda: no-such-environment", "environment cannot be made: .*conda"),
    ],
)
def test_an_environment_that_cannot_be_made(cluster: object, tmp_path: Path, settings: str, said: str) -> None:
    (tmp_path / "environment.yaml").write_text(settings)
    engine = ClusterEngine(None, EngineConfig(name="ray", runtime_env=tmp_path / "environment.yaml", workers=1))
    with pytest.raises(ConfigError, match=said), engine.working(begin_refusing, range(3)) as results:
        list(results)


def test_this_process_gives_the_same(tmp_path: Path) -> None:
    with LocalEngine().working(partial(begin_squaring, tmp_path), range(5)) as results:
        assert dict(results) == {number: number**2 for number in range(-4, 5)}
    assert (tmp_path / "begun").read_text().split() == [str(os.getpid())]
