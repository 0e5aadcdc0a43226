"""The back end `ezaudio` as auricle sees it: its settings, the clone, and a worker that imports it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from auricle.audio import Samples
from auricle.config import Section
from auricle.errors import BackEndError, ModelError
from auricle.generation.contract import About, BackEnd, check_request
from auricle.generation.worker.process import Worker
from auricle.progress import say
from auricle.storage import digest_file

HOME = "EZAUDIO_HOME"
REPOSITORY = "https://github.com/haidog-yaqub/EzAudio"
TESTED_COMMIT = "1a5b1e8"


class EzAudioOptions(Section):
    """Where EzAudio is, and how it is asked.

    Attributes:
        home: The clone; the environment variable EZAUDIO_HOME if not given.
        python: The interpreter that has what the clone needs; auricle's own if not given.
        model: Which of EzAudio's.
        checkpoint: Weights instead of the clone's own, which it fetches when it does not have them.
        vae: The same of its autoencoder; its ``config.json`` lies beside it.
        device: Of torch, as in ``cuda:1``; ``auto`` takes cuda, else mps, else cpu.
        steps: Of denoising; more take longer.
        guidance: How strongly a caption leads; 1 is as strongly as it was learned.
        guidance_rescale: How much of the loudness that guidance adds is taken back.
        eta: How much of the noise that a step removes is added anew.
        precision: Of the network that denoises.
        start_timeout_s: How long EzAudio may take to start, weights fetched.
        timeout_s: How long a batch may take.
    """

    home: Path | None = None
    python: Path | None = None
    model: Literal["s3_xl", "s3_l"] = "s3_xl"
    checkpoint: Path | None = None
    vae: Path | None = None
    device: str = "auto"
    steps: int = Field(100, ge=1)
    guidance: float = Field(5.0, ge=1)
    guidance_rescale: float = Field(0.75, ge=0, le=1)
    eta: float = Field(1.0, ge=0, le=1)
    precision: Literal["float32", "bfloat16"] = "float32"
    start_timeout_s: float = Field(7200.0, gt=0)
    timeout_s: float = Field(1800.0, gt=0)


class EzAudio:
    """EzAudio in a worker; see `auricle.generation.contract.TextToAudio`.

    Args:
        worker: Ready.
        about: What its clips are made with.
    """

    max_seconds = 10.0  # what it was trained on

    def __init__(self, worker: Worker, about: About) -> None:
        self._worker = worker
        self.sample_rate = worker.sample_rate
        self.about = about

    @property
    def log(self) -> list[str]:
        """The last lines that the worker has printed."""
        return [*self._worker.log]

    def generate(self, captions: Sequence[str], *, seconds: Sequence[float], seeds: Sequence[int]) -> list[Samples]:
        """Make one clip per caption; see `auricle.generation.contract.TextToAudio`."""
        check_request(captions, seconds, seeds, longest=self.max_seconds)
        return self._worker.generate(captions, seconds=seconds, seeds=seeds)

    def close(self) -> None:
        """End the worker."""
        self._worker.close()


def open_ezaudio(_argument: str, options: EzAudioOptions) -> EzAudio:
    """Start EzAudio.

    Raises:
        BackEndError: If there is no clone, or its worker cannot be started.
        ModelError: If weights that `options` names are not there.
    """
    home = find_clone(options.home)
    commit = commit_of(home)
    if not commit.startswith(TESTED_COMMIT):
        found = f"is at commit {commit[:7]}" if commit else "does not say which commit it is"
        say(f"The clone of EzAudio in {home} {found}; auricle was tested against {TESTED_COMMIT}.")
    sampling = {name: getattr(options, name) for name in ("steps", "guidance", "guidance_rescale", "eta")}
    weights = {name: _weights(getattr(options, name)) for name in ("checkpoint", "vae")}
    if not (weights["checkpoint"] or (home / "ckpts" / "s3" / f"ezaudio_{options.model}.pt").exists()):
        say("EzAudio fetches its weights as it starts, which takes long; nothing is shown meanwhile.")
    worker = Worker(
        "ezaudio",
        python=(options.python or Path(sys.executable)).expanduser(),
        inside=Path(__file__).with_name("inside.py"),
        options={
            "home": str(home),
            "model": options.model,
            "device": options.device,
            "bfloat16": options.precision == "bfloat16",
            **sampling,
            **{name: path and str(path) for name, path in weights.items()},
        },
        start_timeout_s=options.start_timeout_s,
        timeout_s=options.timeout_s,
    )
    if worker.note:
        say(worker.note)
    parameters = {"model": options.model, **sampling, "precision": options.precision}
    parameters |= {name: digest_file(path) for name, path in weights.items() if path}
    return EzAudio(worker, About(f"EzAudio {options.model}", revision=commit, licence="MIT", parameters=parameters))


def find_clone(home: Path | None) -> Path:
    """Return the absolute path of the clone, from `home` or the environment.

    Raises:
        BackEndError: If none is named, or what is named is no clone; the message says how to get one.
    """
    advice = f"Get one with `git clone {REPOSITORY}`, commit {TESTED_COMMIT}, and set {HOME} or `home` to its folder."
    named = home or (Path(os.environ[HOME]) if os.environ.get(HOME) else None)
    if named is None:
        raise BackEndError(f"The back end ezaudio needs a clone of EzAudio, and none is named. {advice}")
    found = named.expanduser().absolute()
    if not (found / "api" / "ezaudio.py").is_file():
        raise BackEndError(f"{named} is no clone of EzAudio: there is no api/ezaudio.py in it. {advice}")
    return found


def commit_of(home: Path) -> str:
    """Return the commit of a clone, 40 hexadecimal digits; empty if it is no git checkout or there is no git."""
    if not (home / ".git").exists():
        return ""  # git would answer for a checkout around it
    try:
        asked = subprocess.run(
            ["git", "-C", str(home), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


def _weights(path: Path | None) -> Path | None:
    if path is None:
        return None
    found = path.expanduser().absolute()
    if not found.is_file():
        raise ModelError(f"There are no weights {path}. Name the file, or leave the setting out for the clone's own.")
    return found


EZAUDIO = BackEnd(
    name="ezaudio",
    summary="EzAudio from a clone of its repository, in a process of its own; up to 10 s at 24 kHz, MIT",
    options=EzAudioOptions,
    open=open_ezaudio,
)
