"""The catalogue says for every model whose it is, and pins what is downloaded."""

import re
import subprocess
import sys

import pytest

from auricle.encoders.catalogue import CATALOGUE
from auricle.errors import ConfigError


def test_the_five_models_of_the_first_release_are_known() -> None:
    assert list(CATALOGUE) == ["aisfx", "minilm", "mpnet", "panns-cnn14", "yamnet"]


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_a_model_names_its_licence_and_comes_from_exactly_one_place(name: str) -> None:
    model = CATALOGUE.get(name)
    assert model.name == name
    assert model.licence in {"Apache-2.0", "CC-BY-4.0"}
    assert "https://" in model.source
    assert bool(model.packages) != bool(model.url)
    for wheel in model.packages:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+", wheel.requirement)
        assert re.fullmatch(r"[0-9a-f]{64}", wheel.sha256)


def test_an_unknown_model_is_named_with_its_near_miss() -> None:
    with pytest.raises(ConfigError, match=r"No pretrained model named 'yamet'. Did you mean 'yamnet'\?"):
        CATALOGUE.get("yamet")


def test_importing_the_room_loads_no_heavy_library() -> None:
    code = "import auricle.encoders.fetch, sys; print({'torch', 'requests', 'onnx'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
