"""The demo: every stage on the embedded collection, in one folder, once."""

import re
import shutil
from pathlib import Path

import pytest

from auricle.demo import QUESTIONS, run_demo


@pytest.mark.slow
def test_the_demo_shows_scores_answers_and_where_the_files_are(
    pretrained: Path,
    captioned: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AURICLE_CACHE", str(pretrained))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(captioned, tmp_path / "demo" / "collection")  # the same 25 clips, made already
    first = run_demo(Path("demo"), clips=25)
    for copies in ("", ", with copies"):
        assert re.search(rf"^text -> audio{copies} +25 +5( +[\d.]+){{6}}$", first, re.MULTILINE)
        assert re.search(rf"^audio -> text{copies} +5 +25( +[\d.]+){{6}}$", first, re.MULTILINE)
    for question in QUESTIONS:
        assert re.search(rf'^"{question}": (\S+ \(-?\d\.\d\d\)(, )?){{3}}$', first, re.MULTILINE)
    places = [Path(line.split()[-1]) for line in first.splitlines() if re.search(r" {2,}demo/", line)]
    assert len(places) == 5
    assert all(place.exists() for place in places)
    assert "nothing is trained" not in capsys.readouterr().err

    model = places[3].read_bytes()
    assert run_demo(Path("demo"), clips=25) == first
    assert "nothing is trained" in capsys.readouterr().err
    assert places[3].read_bytes() == model
