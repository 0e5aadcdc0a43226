"""How a sound looks: its waveform as a small picture.

The picture is scaled to the loudest sample, so that the shape of a quiet sound is seen, too; silence is a flat line.
Its colour is told apart from a white page and from a dark one (contrast above 3 to 1 on both).

Conventions: samples are float32 of shape (samples,); peaks are (bars, 2), the lowest and highest sample of each bar.
"""

import numpy as np
from numpy.typing import NDArray

BARS = 200
HEIGHT = 40
INK = "#4f86c0"

_SILENCE = 1e-4
_THINNEST = 0.5


def peaks(samples: NDArray[np.float32], *, bars: int = BARS) -> NDArray[np.float32]:
    """Return the lowest and the highest sample in each of so many equal parts of a sound.

    Args:
        samples: Of shape (samples,), at least one.
        bars: Parts; fewer where there are fewer samples.

    Returns:
        Of shape (bars, 2).

    Example:
        >>> peaks(np.array([0, 1, -1, 0.5], np.float32), bars=2).tolist()
        [[0.0, 1.0], [-1.0, 0.5]]
    """
    starts = np.linspace(0, len(samples), min(bars, len(samples)), endpoint=False).astype(int)
    return np.stack([np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)], axis=1)


def svg(bars: NDArray[np.float32]) -> str:
    """Return peaks of shape (bars, 2) as a picture that may be drawn at any width.

    Example:
        >>> svg(np.array([[0, 1], [-1, 0.5]], np.float32)).count("M")
        2
    """
    loudest = float(np.abs(bars).max())
    middle = HEIGHT / 2
    scaled = bars * (middle / loudest if loudest > _SILENCE else 0.0)
    strokes = "".join(
        f"M{place + 0.5:g} {middle - max(high, _THINNEST):.1f}V{middle - min(low, -_THINNEST):.1f}"
        for place, (low, high) in enumerate(scaled.tolist())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(bars)} {HEIGHT}" preserveAspectRatio="none">'
        f'<path d="{strokes}" stroke="{INK}" stroke-width="0.8" fill="none"/></svg>\n'
    )
