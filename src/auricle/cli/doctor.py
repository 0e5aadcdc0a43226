"""``auricle doctor``: what this machine has, and what is missing."""

import json
import os
import platform
import shutil
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

_PACKAGES = ("torch", "lightning-fabric", "sentence-transformers", "soundfile", "soxr", "numpy", "safetensors")
_NEEDED_GB = 3.0


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        what: What was looked at.
        found: What was found.
        advice: What to do about it; empty when all is well.
    """

    what: str
    found: str
    advice: str = ""


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")] = False) -> None:
    """Say what this machine has (versions, device, models, free space) and what is missing.

    Exit status 1 when something is missing that training needs.

    Example: auricle doctor
    """
    findings = [*_software(), _device(), *_models(), *_space()]
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(f"{finding.what:22} {finding.found}")
        for finding in findings:
            if finding.advice:
                typer.echo(f"\n{finding.what}: {finding.advice}")
    raise typer.Exit(1 if any(finding.advice for finding in findings) else 0)


def _software() -> list[Finding]:
    from auricle import __version__

    findings = [
        Finding("auricle", __version__),
        Finding("python", f"{platform.python_version()} on {platform.platform()}"),
    ]
    for name in _PACKAGES:
        try:
            findings.append(Finding(name, version(name)))
        except PackageNotFoundError:
            findings.append(Finding(name, "missing", "pip install -c constraints.txt -e ."))
    return findings


def _device() -> Finding:
    import torch

    from auricle.models import pick_device

    device = pick_device("auto")
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.processor() or platform.machine()
    return Finding("device", f"{device.type} ({name}), {torch.get_num_threads()} of {os.cpu_count()} threads")


def _models() -> list[Finding]:
    from auricle.demo import MODELS
    from auricle.encoders.cache import installed
    from auricle.encoders.catalogue import CATALOGUE

    findings = []
    for name in CATALOGUE:
        folder = installed(name)
        needed = name in MODELS and not folder
        findings.append(
            Finding(
                f"model {name}",
                str(folder) if folder else "not in the cache",
                f"the embedded configuration needs it: auricle models fetch {name}" if needed else "",
            )
        )
    return findings


def _space() -> list[Finding]:
    from auricle.places import cache_folder

    findings = []
    for what, folder in (("cache", cache_folder()), ("here", cache_folder().cwd())):
        existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        free = shutil.disk_usage(existing).free / 1e9
        writable = os.access(existing, os.W_OK)
        advice = "" if free >= _NEEDED_GB else f"less than {_NEEDED_GB:.0f} GB are free; free some space."
        if not writable:
            advice = "cannot be written; " + (
                "set AURICLE_CACHE to another folder." if what == "cache" else "go elsewhere."
            )
        findings.append(Finding(f"space, {what}", f"{free:.1f} GB free in {folder}", advice))
    return findings
