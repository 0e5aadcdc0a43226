"""The section of the configuration, and that importing the room stays light."""

import subprocess
import sys

import pytest

from auricle.config import validate
from auricle.errors import ConfigError
from auricle.evaluation import EvaluationConfig


def test_the_defaults_are_dcases() -> None:
    config = EvaluationConfig()
    assert (config.ap_denominator, config.recall, config.labels, config.relevance) == ("all", "hit", None, None)


def test_labels_and_relevance_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match="relevance and labels exclude each other: leave one of the two files out"):
        validate(EvaluationConfig, {"labels": "classes.csv", "relevance": "pairs.csv"}, source="run.yaml")


def test_an_unknown_denominator_is_refused() -> None:
    with pytest.raises(ConfigError, match="ap_denominator: input should be 'all' or 'capped'"):
        validate(EvaluationConfig, {"ap_denominator": "found"}, source="run.yaml")


def test_the_room_knows_no_torch() -> None:
    code = "import sys, auricle.evaluation; print(sorted({'torch', 'pyarrow', 'soundfile'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
