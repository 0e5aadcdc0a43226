"""Pictures as files: PNG for a screen, SVG for a page, PDF for a paper; equal figures give equal bytes."""

import io
import warnings
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def as_svg(figure: "Figure") -> bytes:
    """Return the figure as an SVG file; letters are outlines, which need no font."""
    return _saved(figure, "svg", metadata={"Date": None, "Creator": None}, transparent=True)


def as_pdf(figure: "Figure") -> bytes:
    """Return the figure as a PDF file; letters are TrueType, which can be searched and edited."""
    metadata = {"CreationDate": None, "Creator": None, "Producer": None}
    return _saved(figure, "pdf", metadata=metadata, transparent=True)


def as_png(figure: "Figure", *, transparent: bool = False) -> bytes:
    """Return the figure as a PNG file of 110 dots per inch, on white unless what is behind it is to be seen."""
    return _saved(figure, "png", metadata={"Software": None}, dpi=110, transparent=transparent)


def _saved(figure: "Figure", form: Literal["svg", "pdf", "png"], **options: Any) -> bytes:
    import matplotlib as mpl

    content = io.BytesIO()
    with warnings.catch_warnings(), mpl.rc_context({"svg.hashsalt": "auricle", "pdf.fonttype": 42}):
        # Names in a script that the font lacks become boxes; the tables have them.
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(content, format=form, **options)
    return content.getvalue()
