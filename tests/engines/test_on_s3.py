"""A cluster whose machines share nothing but an object store: each has a cache of its own."""

from pathlib import Path

import pytest
import yaml

from tests.cluster import two_nodes
from tests.conftest import Command
from tests.engines.test_killed import stored
from tests.s3 import s3_server

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of Ray, about itself


def test_features_come_from_and_go_to_the_store(
    auricle: Command, captioned: Path, pretrained: Path, tmp_path: Path
) -> None:
    with s3_server() as server:
        for path in captioned.rglob("*"):
            if path.is_file():
                server.put(f"sounds/{path.relative_to(captioned)}", path.read_bytes())
        environment = tmp_path / "environment.yaml"  # another cache, as on another machine
        environment.write_text(yaml.safe_dump({"env_vars": {"AURICLE_CACHE": str(tmp_path / "theirs")}}))
        with two_nodes():
            told = auricle(
                "features", "compute", "embedded", f"data.collection={server.url('sounds')}",
                f"features.folder={server.url('features')}", "--engine", "ray", "--runtime-env", environment,
                cache=pretrained,
            )  # fmt: skip
        assert told.status == 0, told.err
        assert server.url("features") in told.out
        assert [name for name in server.names("features") if name.endswith(".safetensors")]
        mirrored = pretrained / "remote" / "s3" / server.bucket / "features"
    given = ("features", "compute", "embedded", f"data.collection={captioned}", f"features.folder={tmp_path / 'here'}")
    assert auricle(*given, cache=pretrained).status == 0
    assert stored(mirrored) == stored(tmp_path / "here")
    assert list((tmp_path / "theirs" / "remote" / "s3" / server.bucket / "sounds").rglob("*.wav"))
