"""A sound that a client sends, to find others like it: received, bounded, decoded, and gone afterwards.

Nothing of the client's is used as a path. What arrives is copied as mono samples to a wav file in a folder of its own,
a few seconds at a time, so that neither a header that lies nor hours of silence in a few bytes can fill memory or disk.
"""

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import soundfile
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from auricle.audio import SUFFIXES, windows
from auricle.errors import AudioError
from auricle.serving.contract import Limits

FIELD = "sound"

_BLOCK_S = 10.0
_FIELDS = 100
_FIELD_BYTES = 65_536


@dataclass(frozen=True)
class Upload:
    """What a client sent.

    Attributes:
        form: Its fields.
        name: What it calls its sound; empty if it sent none.
        content: The sound, open; None if it sent none.
    """

    form: FormData
    name: str
    content: BinaryIO | None


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[Upload]:
    """Receive a form with at most one sound.

    Raises:
        HTTPException: 415 if it is no such form; 400 if it is damaged or has more sounds.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(415, f"A form is needed (multipart/form-data) with the sound in its field {FIELD!r}.")
    async with request.form(max_files=1, max_fields=_FIELDS, max_part_size=_FIELD_BYTES) as form:
        sent = form.get(FIELD)
        if isinstance(sent, UploadFile) and sent.filename:
            yield Upload(form, sent.filename, sent.file)
        else:
            yield Upload(form, "", None)


@contextmanager
def decoded(upload: Upload, limits: Limits) -> Iterator[list[Path]]:
    """Yield the file of an upload as an index takes it, or nothing if there is none; it is gone afterwards.

    Raises:
        AudioError: If it is no sound, or longer than `limits` allow.
    """
    if upload.content is None:
        yield []
        return
    suffix = PurePosixPath(upload.name).suffix.lower()
    with tempfile.TemporaryDirectory(prefix="auricle-") as folder:
        sent = Path(folder) / f"sound{suffix if suffix in SUFFIXES else '.wav'}"
        with sent.open("wb") as written:
            shutil.copyfileobj(upload.content, written)
        copy = Path(folder) / "mono.wav"
        try:
            _copy(sent, copy, limits)
        except AudioError as error:
            raise AudioError(str(error).replace(sent.name, upload.name)) from None
        yield [copy]


def _copy(sent: Path, copy: Path, limits: Limits) -> None:
    parts = windows(sent, window_s=_BLOCK_S, hop_s=_BLOCK_S)
    first = next(parts)
    with soundfile.SoundFile(copy, "w", first.sample_rate, 1, subtype="FLOAT") as written:
        for part in itertools.chain([first], parts):
            if part.end_s > limits.upload_s:
                raise AudioError(
                    f"{sent.name} is longer than {limits.upload_s / 60:g} minutes. Cut out what others shall be like."
                )
            written.write(part.samples)
