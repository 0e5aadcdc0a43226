"""Importing does nothing, and ``auricle --help`` answers at once."""

import json
import subprocess
import sys
from pathlib import Path

HEAVY = {
    "av",
    "h5py",
    "lightning_fabric",
    "matplotlib",
    "numpy",
    "onnx",
    "pyarrow",
    "scipy",
    "sentence_transformers",
    "soundfile",
    "soxr",
    "torch",
    "trackio",
    "transformers",
    "wandb",
}
HELP = """
import atexit, json, sys
sys.argv = ["auricle", "--help"]
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
from auricle.cli import main
main()
"""


def loaded_by(statement: str) -> set[str]:
    """Return the modules that a fresh interpreter has after a statement, which must not print."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return set(json.loads(done.stderr))


def test_the_package_loads_none_of_its_rooms() -> None:
    loaded = loaded_by("import auricle")
    assert not HEAVY & loaded
    assert {name for name in loaded if name.startswith("auricle")} == {"auricle"}


def test_help_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    assert "Train a dual encoder" in done.stdout
    assert not HEAVY & set(json.loads(done.stderr))


def test_asking_a_run_loads_no_trainer() -> None:
    assert "lightning_fabric" not in loaded_by("import auricle.runs")


def test_the_program_is_installed() -> None:
    program = Path(sys.executable).with_name("auricle")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("auricle ")
