"""The learning curve of a run as a picture."""

from collections.abc import Sequence
from pathlib import Path

from auricle.storage import atomic
from auricle.training.run_folder import Row

_MEASURES = {"R@10": "tab:green", "mAP@10": "tab:blue", "R@1": "tab:orange"}


def draw_learning_curve(rows: Sequence[Row], path: Path, *, title: str, best_epoch: int) -> None:
    """Draw the losses and the validation measures of text -> audio over the epochs.

    Args:
        rows: One per epoch, as in ``metrics.jsonl``.
        path: A PNG file.
        title: Above the picture.
        best_epoch: Counted from 1; marked.
    """
    from matplotlib.figure import Figure

    epochs = [row["epoch"] for row in rows]
    marker = "o" if len(rows) < 3 else None  # a line of one point cannot be seen
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(epochs, [row["train/loss"] for row in rows], marker=marker, label="training", color="tab:gray")
    left.plot(epochs, [row["validation/loss"] for row in rows], marker=marker, label="validation", color="tab:red")
    left.set(xlabel="epoch", ylabel="loss")
    for name, color in _MEASURES.items():
        values = [row[f"validation/text_to_audio/{name}"] for row in rows]
        right.plot(epochs, values, marker=marker, label=name, color=color)
    right.set(xlabel="epoch", ylabel="validation, text to audio", ylim=(0, 1))
    for axes in (left, right):
        axes.axvline(best_epoch, color="black", linewidth=0.8, linestyle=":", label=f"best epoch ({best_epoch})")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    figure.suptitle(title)
    with atomic(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
