"""What of Clotho is published where: files, checksums, counts. Nothing here is opened.

Source: K. Drossos, S. Lipping, T. Virtanen, "Clotho: an Audio Captioning Dataset", ICASSP 2020; version 2.1 is
https://zenodo.org/records/4783391, whose page gives the checksums.
"""

from dataclasses import dataclass

from auricle.registry import Registry

CLIP_BYTES = 22.5 * 44_100 * 2
"""An average clip as a wav file: 15 to 30 s, 44.1 kHz, one channel, 16 bits."""


@dataclass(frozen=True)
class PublishedFile:
    """One file of a release.

    Attributes:
        name: As published.
        md5: Its checksum.
    """

    name: str
    md5: str

    @property
    def checksum(self) -> str:
        """The checksum behind its algorithm, ``md5:...``."""
        return f"md5:{self.md5}"


@dataclass(frozen=True)
class PublishedSplit:
    """One split of a release.

    Attributes:
        name: Of the split.
        clips: How many it has.
        audio: The 7z archive of its sounds.
        captions: Its captions.
        metadata: Where its sounds come from.
        unpacked_bytes: About what its sounds take on the disk.
    """

    name: str
    clips: int
    audio: PublishedFile
    captions: PublishedFile
    metadata: PublishedFile
    unpacked_bytes: float


@dataclass(frozen=True)
class Release:
    """One version of the data set.

    Attributes:
        name: ``clotho 2.1``.
        url: Where a file is, with ``{name}`` for its name.
        terms: Who made it, and under which conditions it may be used.
        splits: In the order in which they are listed.
    """

    name: str
    url: str
    terms: str
    splits: tuple[PublishedSplit, ...]


def _clotho_split(name: str, clips: int, audio: str, captions: str, metadata: str) -> PublishedSplit:
    return PublishedSplit(
        name,
        clips,
        audio=PublishedFile(f"clotho_audio_{name}.7z", audio),
        captions=PublishedFile(f"clotho_captions_{name}.csv", captions),
        metadata=PublishedFile(f"clotho_metadata_{name}.csv", metadata),
        unpacked_bytes=clips * CLIP_BYTES,
    )


RELEASES: Registry[Release] = Registry("release")
"""All releases that can be fetched, by name and version."""

RELEASES.add(
    "clotho 2.1",
    Release(
        name="clotho 2.1",
        url="https://zenodo.org/records/4783391/files/{name}?download=1",
        terms=(
            "Clotho 2.1 by Drossos, Lipping and Virtanen: captions for non-commercial use with attribution (Tampere "
            "University's licence); every recording has a licence of its own, see clotho_metadata_*.csv."
        ),
        splits=(
            _clotho_split(
                "development",
                3839,
                audio="c8b05bc7acdb13895bb3c6a29608667e",
                captions="d4090b39ce9f2491908eebf4d5b09bae",
                metadata="170d20935ecfdf161ce1bb154118cda5",
            ),
            _clotho_split(
                "validation",
                1045,
                audio="7dba730be08bada48bd15dc4e668df59",
                captions="5879e023032b22a2c930aaa0528bead4",
                metadata="2e010427c56b1ce6008b0f03f41048ce",
            ),
            _clotho_split(
                "evaluation",
                1045,
                audio="4569624ccadf96223f19cb59fe4f849f",
                captions="1b16b9e57cf7bdb7f13a13802aeb57e2",
                metadata="13946f054d4e1bf48079813aac61bf77",
            ),
        ),
    ),
)
