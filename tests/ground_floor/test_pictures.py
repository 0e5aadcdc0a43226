"""Pictures: the three forms, the same bytes each time, and paper behind a PNG that stands alone."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from auricle.pictures import as_pdf, as_png, as_svg


def figure() -> Figure:
    drawn = Figure(figsize=(2, 1))
    drawn.subplots().plot([0, 1], [1, 0], label="a line")
    return drawn


@pytest.mark.parametrize(("form", "begins"), [(as_svg, b"<?xml"), (as_pdf, b"%PDF-"), (as_png, b"\x89PNG")])
def test_equal_figures_give_equal_bytes(form: Callable[[Figure], bytes], begins: bytes) -> None:
    assert form(figure()) == form(figure())
    assert form(figure()).startswith(begins)


def test_a_png_can_be_seen_on_any_ground_unless_it_is_asked_to_show_it() -> None:
    def alpha(content: bytes) -> int:
        return int(np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))[0, 0, 3])

    assert alpha(as_png(figure())) == 255
    assert alpha(as_png(figure(), transparent=True)) == 0
