"""The trackers by name. A name is also that of the package it needs, and of auricle's extra that brings it."""

from collections.abc import Callable, Iterable
from importlib.util import find_spec

from auricle.errors import ConfigError
from auricle.registry import Registry
from auricle.tracking.contract import Tracker

TRACKERS = Registry[Callable[[], Tracker]]("tracker")


def _wandb() -> Tracker:
    from auricle.tracking.wandb_tracker import WandbTracker

    return WandbTracker()


def _trackio() -> Tracker:
    from auricle.tracking.trackio_tracker import TrackioTracker

    return TrackioTracker()


TRACKERS.add("wandb", _wandb)
TRACKERS.add("trackio", _trackio)


def check_installed(names: Iterable[str]) -> None:
    """Check, without importing them, that the packages of trackers are there.

    Raises:
        ConfigError: If one is not; the message names the command that installs it.
    """
    for name in names:
        spec = find_spec(name)
        if spec is None or spec.origin is None:  # a folder that is called so, such as wandb's own, is no package
            raise ConfigError(
                f"tracking.to asks for {name}, which is not installed. Install it: pip install 'auricle[{name}]'"
            )
