"""YAML files that come with the package, found by name, beside the user's own, found by path."""

from dataclasses import dataclass
from pathlib import Path

from auricle.errors import ConfigError
from auricle.registry import did_you_mean


@dataclass(frozen=True)
class ShippedFiles:
    """The YAML files of a folder of the package.

    Attributes:
        folder: Where they are.
        kind: What one is called: ``preset``.
    """

    folder: Path
    kind: str

    def names(self) -> list[str]:
        """Return the names of all, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.yaml"))

    def find(self, name_or_path: str | Path) -> Path:
        """Return the file that is meant; one that exists at a path wins over a shipped one of its name.

        Raises:
            ConfigError: If there is neither; the message names the nearest.
        """
        path, names = Path(name_or_path), self.names()
        try:
            is_there, is_folder = path.exists(), path.is_dir()
        except OSError:  # a name that cannot be; whoever reads it says why
            return path
        if is_there and not is_folder:
            return path
        if str(path) in names:
            return self.folder / f"{path}.yaml"
        if is_folder:
            raise ConfigError(f"{path} is a folder, where a {self.kind} or a YAML file is needed.")
        meant = did_you_mean(path.stem, names)
        if str(path) == path.stem:
            known = ", ".join(names)
            raise ConfigError(
                f"There is no {self.kind} {path.stem!r}, and no file of that name.{meant} Known: {known}."
            )
        raise ConfigError(f"There is no file {path}.{meant}")

    def summaries(self) -> dict[str, str]:
        """Return what each is for, by name."""
        return {name: summary(self.folder / f"{name}.yaml") for name in self.names()}


def summary(path: Path) -> str:
    """Return what a YAML file is for: its first line, if that is a comment; else nothing."""
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("#").strip() if first.startswith("#") else ""
