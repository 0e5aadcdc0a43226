"""The lines between auricle and a worker: one JSON object each.

Requests are numbered from 1; the start counts as number 0. The waveforms of request 7 lie in the folder that the worker
was started with, as ``7-0.npy``, ``7-1.npy`` and so on: float32 of shape (samples,). `script.py`, which cannot import
this module, writes the same.
"""

import json
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """What a worker says, once per request and once when it has started.

    Attributes:
        request: The number of what is answered.
        sample_rate: Of its clips, in Hz; only with number 0.
        note: A sentence for a person about how it works here; only with number 0.
        refused: Why there are no clips, or why it cannot start; empty otherwise.
        out_of_memory: Whether that was memory.

    Example:
        >>> Answer.model_validate_json('{"request": 7, "refused": "ValueError: no such sound"}').refused
        'ValueError: no such sound'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    request: int
    sample_rate: int = 0
    note: str = ""
    refused: str = ""
    out_of_memory: bool = False


def request_line(number: int, captions: Sequence[str], *, seconds: Sequence[float], seeds: Sequence[int]) -> str:
    r"""Return a request as a worker reads it.

    Example:
        >>> request_line(7, ["Rain.\nThunder."], seconds=[2.5], seeds=[3])
        '{"request": 7, "captions": ["Rain.\\nThunder."], "seconds": [2.5], "seeds": [3]}\n'
    """
    asked = {"request": number, "captions": list(captions), "seconds": list(seconds), "seeds": list(seeds)}
    return json.dumps(asked) + "\n"


def clip_name(number: int, position: int) -> str:
    """Return the file name of the clip at a position, counted from 0, of a request."""
    return f"{number}-{position}.npy"
