"""Clips that somebody generated already, ``{stem}_cap_{n}.wav`` below one folder: flat, nested, or in numbered folders.

They become part of a collection like those of a back end, with the same rate, loudness and manifest. Their captions
are those of the collection: what a clip was really made from, its name alone says.
"""

from pathlib import Path, PurePosixPath

from auricle.audio import Samples, decode
from auricle.config import Section
from auricle.data.listing import list_sounds
from auricle.errors import AudioError, BackEndError, GenerationError
from auricle.generation.contract import About, BackEnd

SAMPLE_RATE = 44_100


class ExistingOptions(Section):
    """What is known of clips that are there already.

    Attributes:
        generator: Who made them; the folder's name by default.
        licence: Under which they may be used.
    """

    generator: str = ""
    licence: str = ""


class ExistingClips:
    """Reads clips by the name that they would have.

    Args:
        folder: Where they are, in folders or not.
        options: What is known of them.

    Raises:
        BackEndError: If the folder is missing, or has no such clip.
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, folder: Path, options: ExistingOptions) -> None:
        if not folder.is_dir():
            raise BackEndError(f"The folder {folder} is not there; name the one that holds the clips.")
        self._places: dict[str, list[Path]] = {}
        for file in list_sounds(folder):
            name = PurePosixPath(file)
            if "_cap_" in name.stem:
                self._places.setdefault(name.stem, []).append(folder / file)
        if not self._places:
            raise BackEndError(f"{folder} has no clip called NAME_cap_1.wav or the like, here or in folders below.")
        generator = options.generator or folder.resolve().name
        self.about = About(generator, revision="", licence=options.licence, parameters={})

    def read(self, file_name: str) -> Samples:
        """Return the clip of a name, at `sample_rate`; its folder and its suffix make no difference.

        Raises:
            GenerationError: If it is missing, cannot be read, or is there twice with different sounds.
        """
        places = self._places.get(PurePosixPath(file_name).stem, [])
        if not places:
            raise GenerationError(f"{PurePosixPath(file_name).name} is not among the clips.")
        if len(places) > 1 and len({path.read_bytes() for path in places}) > 1:
            raise GenerationError(f"{places[0]} and {places[1]} are different clips of one name.")
        try:
            return decode(places[0], sample_rate=self.sample_rate)
        except AudioError as error:
            raise GenerationError(str(error)) from None

    def close(self) -> None:
        """There is nothing to let go of."""


FOLDER = BackEnd(
    name="folder",
    summary="clips NAME_cap_1.wav that somebody generated already",
    options=ExistingOptions,
    open=lambda argument, options: ExistingClips(Path(argument).expanduser(), options),
    argument="DIR",
)
