"""What an index has to do: which of the sounds that are there now it knows already, and which it has to look at."""

from collections.abc import Mapping
from dataclasses import dataclass

from auricle.search.folder import SetAside
from auricle.search.listing import Listing
from auricle.search.records import Said, SoundFile, Stamp
from auricle.search.store import by_path
from auricle.storage import fingerprint


@dataclass(frozen=True)
class Settled:
    """What is to be done.

    Attributes:
        kept: Records that stay as they are.
        todo: Sounds that are new, or may have changed, with their stamps.
        still_aside: Sounds that could not be used and have not changed since.
    """

    kept: frozenset[str]
    todo: dict[str, Stamp]
    still_aside: tuple[SetAside, ...]


def settle(
    listing: Listing, known: Mapping[str, SoundFile], *, aside: Mapping[str, SetAside], said: Mapping[str, Said]
) -> Settled:
    """Compare what is there with what is known.

    A sound is unchanged if size, time of modification and what tables say of it are. A sound that may still be there,
    in a folder that could not be read, stays.

    Args:
        listing: What is there.
        known: What the index knows, by record.
        aside: What could not be used when it was last tried, by path.
        said: What tables say of the sounds, by path.
    """
    kept = {record for record, file in known.items() if listing.cannot_know(file.path)}
    todo: dict[str, Stamp] = {}
    still_aside = []
    records = by_path(known)
    for path, (size, modified) in listing.sounds.items():
        stamp = Stamp(size, modified, stated(said.get(path)))
        same = sorted(record for record in records.get(path, ()) if known[record].stamp == stamp)
        before = aside.get(path)
        if same:
            kept.add(same[0])
        elif before and (before.size_bytes, before.modified_ns) == (size, modified):
            still_aside.append(before)
        else:
            todo[path] = stamp
    return Settled(frozenset(kept), todo, tuple(still_aside))


def stated(said: Said | None) -> str:
    """Return the fingerprint of what tables say of a sound; empty if they say nothing."""
    return fingerprint([said.licence, said.tags, said.caption]) if said else ""
