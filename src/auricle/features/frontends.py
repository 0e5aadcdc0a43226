"""Log-mel front ends: from samples to what a network hears.

A front end is a named, frozen set of numbers. A network is only as good as the front end it was trained with, so each
encoder names its own.

===================  =======  ===========  =====================  ==========================  =======================
front end            rate     window, hop  frames                 mels                        logarithm
===================  =======  ===========  =====================  ==========================  =======================
``panns``            32 kHz   1024, 320    centred, reflected     64 Slaney, 50-14,000 Hz     10 log10 max(m, 1e-10)
``clotho-baseline``  44.1 k   1764, 882    centred, zeros         64 Slaney, 0-22,050 Hz      ln(m + 2.22e-16)
``yamnet``           16 kHz   400, 160     as many as fit         64 HTK, 125-7,500 Hz        ln(m + 1e-3)
``clap``             48 kHz   1024, 480    centred, reflected     64 Slaney, 50-14,000 Hz     10 log10 max(m, 1e-10)
``clap-fused``       48 kHz   1024, 480    centred, reflected     64 HTK in Hz, 50-14,000 Hz  10 log10 max(m, 1e-10)
===================  =======  ===========  =====================  ==========================  =======================

Conventions: samples are float32 (samples,); log-mels are float32 (frames, mels). The spectra are computed in float32 in
blocks of frames, which keeps memory flat and is what makes this faster than the usual whole-matrix form. A sound that
is too short for its networks is padded before the transform: with silence, or for CLAP with itself.

Sources: Q. Kong et al., PANNs, IEEE/ACM TASLP 28, 2020 (``panns``); the DCASE language-based audio retrieval baseline
(``clotho-baseline``); M. Plakal and D. Ellis, YAMNet, TensorFlow Models, 2019 (``yamnet``); Y. Wu et al., Large-Scale
Contrastive Language-Audio Pretraining, ICASSP 2023, as transformers' ``ClapFeatureExtractor`` computes it (``clap``,
and ``clap-fused`` for models that were trained to fuse crops); M. Slaney, Auditory Toolbox, 1998, and S. Young et al.,
The HTK Book, 2006, section 5.4 (mel scales).
"""

from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
import scipy.fft
import scipy.sparse
from numpy.typing import NDArray

from auricle.audio import Samples
from auricle.registry import Registry

_BLOCK_FRAMES = 256  # of 64 to 512 the fastest on two threads, which hand the interpreter to each other between blocks

LogMels = NDArray[np.float32]


@dataclass(frozen=True)
class FrontEnd:
    """A log-mel transform with all of its numbers.

    Attributes:
        name: As it stands in configurations.
        sample_rate: Rate of the samples it takes, in Hz.
        window: Length of the periodic Hann window, in samples.
        hop: Distance of frames, in samples.
        n_fft: Length of the Fourier transform; the window stands in its middle.
        padding: ``zeros`` or ``reflect`` put the first frame's centre on the first sample; ``none`` takes the frames
            that fit.
        power: 2 for power spectra, 1 for magnitudes.
        mel_scale: ``slaney`` has triangles in Hz of unit area; ``htk`` has triangles in mel of unit height;
            ``htk-hertz`` has triangles in Hz of unit height, with HTK's centres.
        fmin, fmax: Lower and upper edge of the mels, in Hz.
        logarithm: ``decibel`` is 10 log10(max(mel, floor)); ``natural`` is ln(mel + floor).
        floor: What keeps the logarithm finite in silence.
        min_frames: Sounds with fewer frames are padded before the transform by `pad`: the shortest sound that the
            networks of this front end take.
        n_mels: Number of mels.
        short: What they are padded with: ``silence``, or ``repeat``, which is the sound itself as often as it fits
            whole, and silence for the rest.
    """

    name: str
    sample_rate: int
    window: int
    hop: int
    n_fft: int
    padding: Literal["zeros", "reflect", "none"]
    power: Literal[1, 2]
    mel_scale: Literal["slaney", "htk", "htk-hertz"]
    fmin: float
    fmax: float
    logarithm: Literal["decibel", "natural"]
    floor: float
    min_frames: int
    n_mels: int = 64
    short: Literal["silence", "repeat"] = "silence"

    @property
    def hop_s(self) -> float:
        """Distance of frames in seconds."""
        return self.hop / self.sample_rate

    def settings(self) -> dict[str, float | int | str]:
        """Return every number the result depends on, for fingerprints."""
        settings = asdict(self)
        if self.short == "silence":  # what stores and checkpoints mean that were made before there was a choice
            del settings["short"]
        return settings

    def n_frames(self, n_samples: int) -> int:
        """Return how many frames `n_samples` samples make.

        Example:
            >>> FRONT_ENDS.get("clotho-baseline").n_frames(88200)
            101
        """
        if self.padding == "none":
            return max(0, 1 + (n_samples - self.window) // self.hop)
        return 1 + n_samples // self.hop

    def pad(self, samples: Samples) -> Samples:
        """Pad `samples` to `min_frames` frames, as `short` says; longer sounds are returned as they are."""
        wanted = (self.min_frames - 1) * self.hop + (self.window if self.padding == "none" else 0)
        if len(samples) >= wanted:
            return samples
        if self.short == "repeat" and len(samples):
            samples = np.tile(samples, wanted // len(samples))
        return np.pad(samples, (0, wanted - len(samples)))

    def __call__(self, samples: Samples) -> LogMels:
        """Return the log-mel spectrogram of `samples`, (samples,) at `sample_rate`, as (frames, mels).

        Raises:
            ValueError: If `samples` are not one-dimensional or too few for one frame.
        """
        if samples.ndim != 1:
            raise ValueError(f"samples must have shape (samples,), not {samples.shape}")
        frames = self._frames(np.asarray(samples, np.float32))
        window, mel = _window(self.window, self.n_fft), _mel_matrix(self)
        result = np.empty((len(frames), self.n_mels), np.float32)
        for start in range(0, len(frames), _BLOCK_FRAMES):
            spectrum = scipy.fft.rfft(frames[start : start + _BLOCK_FRAMES] * window, axis=1)
            power = spectrum.real**2
            power += spectrum.imag**2
            if self.power == 1:
                np.sqrt(power, out=power)
            self._log((mel @ power.T).T, out=result[start : start + _BLOCK_FRAMES])
        return result

    def _frames(self, samples: Samples) -> NDArray[np.float32]:
        margin = (self.n_fft - self.window) // 2
        if self.padding == "zeros":
            padded = np.pad(samples, self.n_fft // 2)
        elif self.padding == "reflect":
            if len(samples) <= self.n_fft // 2:
                raise ValueError(f"{len(samples)} samples are too few to reflect; more than {self.n_fft // 2} needed")
            padded = np.pad(samples, self.n_fft // 2, mode="reflect")
        else:
            if len(samples) < self.window:
                raise ValueError(f"{len(samples)} samples are fewer than one window of {self.window}")
            padded = np.pad(samples, (margin, self.n_fft - self.window - margin))
        return np.lib.stride_tricks.sliding_window_view(padded, self.n_fft)[:: self.hop]

    def _log(self, mel: LogMels, *, out: LogMels) -> None:
        if self.logarithm == "natural":
            np.log(mel + np.float32(self.floor), out=out)
        else:
            np.log10(np.maximum(mel, np.float32(self.floor)), out=out)
            out *= 10


@lru_cache(maxsize=16)
def _window(length: int, n_fft: int) -> NDArray[np.float32]:
    window = np.zeros(n_fft, np.float32)
    start = (n_fft - length) // 2
    window[start : start + length] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    return window


@lru_cache(maxsize=16)
def _mel_matrix(front_end: FrontEnd) -> scipy.sparse.csr_array:
    """Return the weights from spectrum to mels, (mels, n_fft // 2 + 1).

    A bin belongs to two triangles at most: the sparse product is five times faster than BLAS and needs no threads.
    """
    hertz = np.arange(front_end.n_fft // 2 + 1, dtype=np.float64) * front_end.sample_rate / front_end.n_fft
    if front_end.mel_scale == "htk":
        edges = _between(*_hertz_to_htk(np.array([front_end.fmin, front_end.fmax])), points=front_end.n_mels + 2)
        weights = _triangles(_hertz_to_htk(hertz), edges)
        weights[0] = 0  # the constant part of the signal belongs to no mel
    elif front_end.mel_scale == "htk-hertz":
        mels = _between(*_hertz_to_htk(np.array([front_end.fmin, front_end.fmax])), points=front_end.n_mels + 2)
        weights = _triangles(hertz, _htk_to_hertz(mels))
    else:
        mels = _between(*_hertz_to_slaney(np.array([front_end.fmin, front_end.fmax])), points=front_end.n_mels + 2)
        edges = _slaney_to_hertz(mels)
        weights = _triangles(hertz, edges) * (2 / (edges[2:] - edges[:-2]))
    return scipy.sparse.csr_array(weights.T.astype(np.float32))


def _between(low: float, high: float, *, points: int) -> NDArray[np.float64]:
    return np.linspace(low, high, points, dtype=np.float64)


def _triangles(points: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the height of each triangle (edge, centre, edge) at each point, (points, mels)."""
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    rising = (points[:, None] - lower) / (centre - lower)
    falling = (upper - points[:, None]) / (upper - centre)
    return np.maximum(0, np.minimum(rising, falling))


_SLANEY_LINEAR_HZ = 200 / 3  # Hz per mel below 1 kHz
_SLANEY_LOG_STEP = np.log(6.4) / 27  # natural logarithm per mel above 1 kHz, which is mel 15


def _hertz_to_slaney(
    hertz: NDArray[np.float64],
) -> NDArray[np.float64]:
    above = 15 + np.log(np.maximum(hertz, 1000) / 1000) / _SLANEY_LOG_STEP
    return np.where(hertz < 1000, hertz / _SLANEY_LINEAR_HZ, above)


def _slaney_to_hertz(
    mel: NDArray[np.float64],
) -> NDArray[np.float64]:
    return np.where(mel < 15, mel * _SLANEY_LINEAR_HZ, 1000 * np.exp(_SLANEY_LOG_STEP * (mel - 15)))


def _hertz_to_htk(
    hertz: NDArray[np.float64],
) -> NDArray[np.float64]:
    return 1127 * np.log1p(hertz / 700)


def _htk_to_hertz(
    mel: NDArray[np.float64],
) -> NDArray[np.float64]:
    return 700 * np.expm1(mel / 1127)


_CLAP = FrontEnd(
    "clap", 48000, 1024, 480, 1024, "reflect", 2, "slaney", 50, 14000, "decibel", 1e-10, 1001, 64, "repeat"
)

FRONT_ENDS = Registry[FrontEnd]("front end")
for _front_end in (
    FrontEnd("panns", 32000, 1024, 320, 1024, "reflect", 2, "slaney", 50, 14000, "decibel", 1e-10, 32),
    FrontEnd("clotho-baseline", 44100, 1764, 882, 2048, "zeros", 2, "slaney", 0, 22050, "natural", 2.0**-52, 32),
    FrontEnd("yamnet", 16000, 400, 160, 512, "none", 1, "htk", 125, 7500, "natural", 1e-3, 96),
    _CLAP,
    replace(_CLAP, name="clap-fused", mel_scale="htk-hertz"),
):
    FRONT_ENDS.add(_front_end.name, _front_end)
