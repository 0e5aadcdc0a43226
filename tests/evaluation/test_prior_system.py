"""The prior system's own numbers: both directions, recall as the share of what is relevant, AP divided by all of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle.evaluation import score_both_directions

GOLDEN = Path(__file__).parents[3] / "shared" / "data" / "golden" / "prior_system.json"

pytestmark = pytest.mark.skipif(not GOLDEN.is_file(), reason="../shared/data/golden/prior_system.json is not here")


@pytest.mark.parametrize("name", ["chance12", "signal40"])
def test_the_prior_systems_measures_are_reproduced(name: str) -> None:
    case: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))["metrics"]["cases"][name]
    n_audio = case["N_audio"]
    own = np.arange(5 * n_audio) // 5
    audio_by_text = np.random.default_rng(42).standard_normal((n_audio, 5 * n_audio))
    audio_by_text += case["signal"] * (own == np.arange(n_audio)[:, None])
    results = score_both_directions(audio_by_text.T, own, recall="share")
    for direction, result in zip(("Txt2Audio", "Audio2Txt"), results, strict=True):
        measures = result.measures()
        ours = {name.replace("@", ""): measures[name] for name in ("R@1", "R@5", "R@10", "mAP@10")}
        assert ours == pytest.approx(case[direction], abs=1e-12)
