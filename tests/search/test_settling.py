"""What an index has to do: each kind of change by hand, and any mixture of them against the rules, one by one."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auricle.search.folder import SetAside
from auricle.search.listing import Listing
from auricle.search.records import Said, SoundFile, Stamp
from auricle.search.settling import Settled, settle, stated

RAIN, ROOF = Said(tags="rain"), Said(tags="rain roof")


def known(path: str, size: int = 1, modified: int = 1, *, said: Said | None = None, content: str = "") -> SoundFile:
    return SoundFile(path, content, Stamp(size, modified, stated(said)), said or Said(), 1.0, 8000, 1)


def settled(
    there: dict[str, tuple[int, int]],
    *files: SoundFile,
    aside: tuple[SetAside, ...] = (),
    said: dict[str, Said] | None = None,
    unreadable: tuple[str, ...] = (),
) -> Settled:
    listing = Listing(there, list(unreadable))
    before = {sound.path: sound for sound in aside}
    return settle(listing, {file.record: file for file in files}, aside=before, said=said or {})


def test_a_new_sound_is_to_be_done() -> None:
    assert settled({"a": (5, 7)}) == Settled(frozenset(), {"a": Stamp(5, 7, "")}, ())


def test_an_unchanged_sound_stays() -> None:
    file = known("a", 5, 7, said=RAIN)
    assert settled({"a": (5, 7)}, file, said={"a": RAIN}) == Settled(frozenset({file.record}), {}, ())


@pytest.mark.parametrize(
    ("there", "said"), [((6, 7), RAIN), ((5, 8), RAIN), ((5, 6), RAIN), ((5, 7), ROOF), ((5, 7), None)]
)
def test_a_sound_of_another_size_time_or_description_is_to_be_done(there: tuple[int, int], said: Said | None) -> None:
    found = settled({"a": there}, known("a", 5, 7, said=RAIN), said={"a": said} if said else {})
    assert found == Settled(frozenset(), {"a": Stamp(*there, stated(said))}, ())


def test_what_is_gone_is_not_kept_and_what_moved_is_to_be_done() -> None:
    gone, moved, stays = known("gone"), known("old"), known("stays")
    found = settled({"new": (1, 1), "stays": (1, 1)}, gone, moved, stays)
    assert found == Settled(frozenset({stays.record}), {"new": Stamp(1, 1, "")}, ())


def test_what_may_still_be_there_stays_as_it_is() -> None:
    below, deeper, beside = known("locked/a"), known("locked/b/c"), known("locked too/a")
    found = settled({}, below, deeper, beside, unreadable=("locked/",))
    assert found.kept == {below.record, deeper.record}


def test_what_could_not_be_used_is_tried_again_when_it_changes() -> None:
    before = SetAside("a", "a is no sound.", 5, 7)
    assert settled({"a": (5, 7)}, aside=(before,)).still_aside == (before,)
    assert settled({"a": (5, 7)}, aside=(before,), said={"a": RAIN}).still_aside == (before,)
    assert settled({}, aside=(before,)) == Settled(frozenset(), {}, ())
    for changed in ((6, 7), (5, 8)):
        assert settled({"a": changed}, aside=(before,)).todo == {"a": Stamp(*changed, "")}


def test_of_two_records_of_one_sound_one_stays() -> None:
    """As an interrupted run leaves them: what is new is added before what it replaces is removed."""
    old, new, same = known("a", 5, 7), known("a", 5, 8), known("a", 5, 8, content="same stamp")
    found = settled({"a": (5, 8)}, old, new, same)
    assert found.kept in ({new.record}, {same.record})
    assert found.todo == {}


def test_what_tables_say_is_told_apart() -> None:
    assert stated(None) == ""
    said = [Said(), Said("x"), Said("", "x"), Said("", "", "x"), Said("x", "x"), Said("xx")]
    assert len({stated(one) for one in said} - {""}) == len(said)


PATHS = st.sampled_from(["a", "b", "d/a", "d/e/a", "da"])
SAID = st.sampled_from([None, RAIN, ROOF])
SMALL = st.integers(1, 2)


@dataclass(frozen=True)
class Case:
    """What is there, what is known, what was set aside, what is said, and what cannot be read."""

    there: dict[str, tuple[int, int]]
    files: list[SoundFile]
    aside: dict[str, SetAside]
    said: dict[str, Said]
    unreadable: tuple[str, ...]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    unreadable = draw(st.sampled_from([(), ("d/",), ("d/e/",)]))
    there = draw(st.dictionaries(PATHS, st.tuples(SMALL, SMALL)))
    there = {path: stamp for path, stamp in there.items() if not path.startswith(unreadable)}
    files = st.builds(
        lambda path, size, modified, said, content: known(path, size, modified, said=said, content=content),
        *(PATHS, SMALL, SMALL, SAID, st.sampled_from(["x", "y"])),
    )
    sounds = st.builds(lambda path, size, modified: SetAside(path, "Not a sound.", size, modified), PATHS, SMALL, SMALL)
    aside = {sound.path: sound for sound in draw(st.lists(sounds))}
    said = {path: one for path, one in draw(st.dictionaries(PATHS, SAID)).items() if one}
    return Case(there, draw(st.lists(files, unique_by=lambda file: file.record)), aside, said, unreadable)


@given(cases())
def test_any_mixture_follows_the_rules(case: Case) -> None:
    found = settled(
        case.there, *case.files, aside=tuple(case.aside.values()), said=case.said, unreadable=case.unreadable
    )
    kept = [file for file in case.files if file.record in found.kept]
    assert len(kept) == len(found.kept)
    for file in case.files:
        hidden = any(file.path.startswith(folder) for folder in case.unreadable)
        assert not hidden or file in kept
    for path, (size, modified) in case.there.items():
        now = Stamp(size, modified, stated(case.said.get(path)))
        same = [file for file in case.files if (file.path, file.stamp) == (path, now)]
        before = case.aside.get(path)
        tried = before is not None and (before.size_bytes, before.modified_ns) == (size, modified)
        of_path = [file for file in kept if file.path == path]
        assert len(of_path) == (1 if same else 0)
        assert set(of_path) <= set(same)
        assert (path in found.todo) == (not same and not tried)
        assert (before in found.still_aside) == (not same and tried)
        assert found.todo.get(path, now) == now
    for file in kept:
        assert file.path in case.there or file.path.startswith(case.unreadable)
    assert found.todo.keys() | {sound.path for sound in found.still_aside} <= case.there.keys()
