"""The configuration of tracking: the section ``tracking``."""

from pydantic import Field, field_validator

from auricle.config import Section
from auricle.registry import did_you_mean
from auricle.tracking.trackers import TRACKERS


class TrackingConfig(Section):
    """Who reads along while a run is made; its record is its folder in any case.

    Attributes:
        to: Who: ``wandb``, ``trackio``. A run is the same whoever reads along; these settings do not make it another.
        project: What runs are filed under there.
        online: Let wandb send a run to its server; otherwise it writes files for ``wandb sync``. trackio stays on this
            machine.
    """

    to: tuple[str, ...] = ()
    project: str = Field("auricle", pattern=r"^\w[\w.-]{0,63}$")
    online: bool = False

    @field_validator("to", mode="before")
    @classmethod
    def _take_one_name_too(cls, to: object) -> object:
        return (to,) if isinstance(to, str) else to

    @field_validator("to")
    @classmethod
    def _know_them(cls, to: tuple[str, ...]) -> tuple[str, ...]:
        for name in to:
            if name not in TRACKERS:
                known = list(TRACKERS)
                raise ValueError(f"there is no tracker {name!r}.{did_you_mean(name, known)} Known: {', '.join(known)}")
        return tuple(dict.fromkeys(to))
