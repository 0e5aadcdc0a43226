"""Files, overrides and the sentences about what is wrong with them."""

from pathlib import Path

import pytest
from pydantic import Field

from auricle import config
from auricle.errors import ConfigError


class Inner(config.Section):
    """A section inside."""

    width: int = Field(4, ge=1)
    rate: float = 1e-3


class Outer(config.Section):
    """A whole file."""

    seed: int = 0
    inner: Inner = Inner()


def test_a_file_holds_differences_and_overrides_win(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("inner:\n  width: 7\n")
    read = config.read(Outer, path, ["seed=3", "inner.rate=1e-05", "seed=4"])
    assert read == Outer(seed=4, inner=Inner(width=7, rate=1e-5))


def test_what_is_dumped_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(config.dump(Outer(seed=5)))
    assert config.read(Outer, path) == Outer(seed=5)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["inner.widht=3"], r"inner.widht: no such setting. Did you mean 'width'\? Known: rate, width"),
        (["iner.width=3"], r"iner: no such setting. Did you mean 'inner'\?"),
        (["inner.width=0"], r"inner.width: input should be greater than or equal to 1 \(got 0\)"),
        (["seed=x", "inner.width=y"], r"2 unusable setting\(s\).*seed.*inner.width"),
        (["seed"], r"'seed' is not a setting; write key.path=value"),
        (["seed=1", "seed.deep=2"], "'seed' is a value, not a section"),
    ],
)
def test_wrong_settings_are_named(overrides: list[str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        config.read(Outer, None, overrides)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"a: [1", "cannot be read as YAML"), (b"\xe9: 1", "cannot be read as YAML"), (b"- 1", "holds list")],
)
def test_files_that_are_no_configuration(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        config.read(Outer, path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no configuration file"):
        config.read(Outer, tmp_path / "none.yaml")
