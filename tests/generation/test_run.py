"""A generation run: whatever disturbs it, the folder ends as if nothing had; the oracle is an undisturbed run."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from auricle.data import Collection, DataConfig, Purpose, open_collection
from auricle.errors import BackEndError, ConfigError, DataError, GenerationError, StorageError
from auricle.generation import GenerationConfig, Shard, generate, options_from
from auricle.generation.finishing import loudness_of
from auricle.generation.testing import check_text_to_audio

Fake = Any
ContentOf = Callable[[Path], dict[str, bytes]]


def config(output: Path, **settings: Any) -> GenerationConfig:
    return GenerationConfig(output=output, **{"numbers": (1,), **settings})


def rows(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for path in sorted(folder.glob("manifest*.jsonl")) for line in path.read_text().splitlines()
    ]


def test_every_caption_of_development_gets_its_clip(fake: Fake, sounds: Collection, tmp_path: Path) -> None:
    done = generate("fake", sounds, config(tmp_path, numbers=(2, 4)))
    assert [one.path.name for one in done] == ["sounds-fake-caption-2", "sounds-fake-caption-4"]
    development = sounds.split("development")
    for one, number in zip(done, (2, 4), strict=True):
        assert (one.made, one.there, one.set_aside) == (15, 0, ())
        found = {row["file"]: row for row in rows(one.path)}
        assert set(found) == {path.name for path in (one.path / "development").iterdir()}
        for clip in development.clips:
            row = found[f"{Path(clip.file_name).stem}_cap_{number}.wav"]
            caption = next(c for c in development.captions_of(clip.id) if c.number == number)
            assert (row["parent"], row["caption"], row["number"]) == (clip.id, caption.text, number)
            samples, rate = soundfile.read(one.path / "development" / row["file"], dtype="float32")
            assert rate == 44_100
            assert len(samples) / rate == pytest.approx(min(clip.duration_s, fake.max_seconds), abs=1e-3)
            assert loudness_of(samples, rate) == pytest.approx(-14, abs=0.5)
            assert row["loudness_lufs"] == pytest.approx(-14, abs=0.5)
            assert (row["model"], row["licence"], row["native_rate"]) == ("fake", "CC0-1.0", 8000)
    assert (fake.opened, fake.closed) == (1, 1)
    info = soundfile.info(done[0].path / "development" / rows(done[0].path)[0]["file"])
    assert (info.subtype, info.channels) == ("PCM_16", 1)


def test_the_folder_is_a_collection_whose_clips_name_their_parents(
    fake: Fake, sounds: Collection, tmp_path: Path
) -> None:
    (done,) = generate("fake", sounds, config(tmp_path))
    made = open_collection(DataConfig(collection=done.path), purpose=Purpose.LEARNING)
    assert not made.set_aside
    assert {clip.parent for clip in made.clips} == {clip.id for clip in sounds.split("development").clips}
    assert {(clip.origin, clip.licence) for clip in made.clips} == {("fake", "CC0-1.0")}


def test_the_second_run_opens_nothing_and_changes_nothing(
    fake: Fake, sounds: Collection, tmp_path: Path, content_of: ContentOf
) -> None:
    (done,) = generate("fake", sounds, config(tmp_path))
    before = content_of(done.path)
    (again,) = generate("fake", sounds, config(tmp_path))
    assert (again.made, again.there, fake.opened) == (0, 15, 1)
    assert content_of(done.path) == before


def test_a_clip_depends_neither_on_its_batch_nor_on_the_order(
    fake: Fake, sounds: Collection, tmp_path: Path, content_of: ContentOf
) -> None:
    (one,) = generate("fake", sounds, config(tmp_path / "1", batch_size=1))
    (eight,) = generate("fake", sounds, config(tmp_path / "8", batch_size=8))
    assert content_of(one.path) == content_of(eight.path)
    assert max(len(captions) for captions, _ in fake.asked) == 8
    lengths = [len(caption.split()) for captions, _ in fake.asked[:15] for caption in captions]
    assert lengths == sorted(lengths)


def test_seeds_differ_between_clips_captions_and_runs(fake: Fake, sounds: Collection, tmp_path: Path) -> None:
    generate("fake", sounds, config(tmp_path / "a", numbers=(1, 2)))
    generate("fake", sounds, config(tmp_path / "b", numbers=(1, 2), seed=1))
    seeds = [seed for _, seeds in fake.asked for seed in seeds]
    assert len(set(seeds)) == len(seeds) == 60


def test_shards_make_the_same_folder_and_share_nothing(
    fake: Fake, sounds: Collection, tmp_path: Path, content_of: ContentOf
) -> None:
    (whole,) = generate("fake", sounds, config(tmp_path / "whole"))
    for number in (3, 1, 4, 2):
        (part,) = generate("fake", sounds, config(tmp_path / "parts"), shard=Shard(number, 4))
        assert part.made in (3, 4)
    wanted, found = content_of(whole.path), content_of(part.path)
    assert {name: found[name] for name in wanted if "manifest" not in name} == {
        name: content for name, content in wanted.items() if "manifest" not in name
    }
    assert sorted(rows(part.path), key=lambda row: row["file"]) == rows(whole.path)
    assert len(list(part.path.glob("manifest-*-of-4.jsonl"))) == 4
    with pytest.raises(ConfigError, match=r"'5/4' is no shard"):
        Shard.parse("5/4")


def test_a_folder_of_other_parameters_is_refused(fake: Fake, sounds: Collection, tmp_path: Path) -> None:
    (done,) = generate("fake", sounds, config(tmp_path))
    shutil.rmtree(done.path / "development")
    with pytest.raises(GenerationError, match=r"was made with other parameters \(seed: 0 -> 7\)\. Choose another"):
        generate("fake", sounds, config(tmp_path, seed=7))
    with pytest.raises(GenerationError, match=r"about\.parameters\.gain: 0\.1 -> 0\.2"):
        generate("fake", sounds, config(tmp_path), options={"gain": 0.2})
    (done.path / "parameters.json").unlink()
    with pytest.raises(GenerationError, match="nobody knows how they were made"):
        generate("fake", sounds, config(tmp_path))


def test_what_only_changes_the_work_is_no_other_parameter(fake: Fake, sounds: Collection, tmp_path: Path) -> None:
    generate("fake", sounds, config(tmp_path, numbers=(1,), batch_size=2))
    (first, second) = generate("fake", sounds, config(tmp_path, numbers=(1, 2), batch_size=3, attempts=9))
    assert (first.made, second.made) == (0, 15)


def test_out_of_memory_halves_the_batch_and_goes_on(
    fake: Fake, sounds: Collection, tmp_path: Path, content_of: ContentOf, capsys: pytest.CaptureFixture[str]
) -> None:
    (peace,) = generate("fake", sounds, config(tmp_path / "peace"))
    fake.asked.clear()
    fake.fits = 2
    (done,) = generate("fake", sounds, config(tmp_path / "small"))
    assert content_of(done.path) == content_of(peace.path)
    assert [len(captions) for captions, _ in fake.asked] == [8, 4, *[2] * 7, 1]
    assert "Out of memory with 8 clips at once; going on with 4." in capsys.readouterr().err
    fake.fits = 0
    (none,) = generate("fake", sounds, config(tmp_path / "none"))
    assert len(none.set_aside) == 15
    assert none.set_aside[0].reason == "the device has too little memory for one clip"


def test_one_bad_caption_costs_one_clip(fake: Fake, sounds: Collection, tmp_path: Path) -> None:
    bad = sounds.captions_of(sounds.split("development").clips[3].id)[0]
    fake.refused = (bad.text,)
    (done,) = generate("fake", sounds, config(tmp_path))
    assert (done.made, [one.caption for one in done.set_aside]) == (14, [bad.text])
    assert bad.text in (done.path / "set-aside.csv").read_text(encoding="utf-8")
    assert "is refused" in (done.path / "set-aside.csv").read_text(encoding="utf-8")
    fake.refused = ()
    (again,) = generate("fake", sounds, config(tmp_path))
    assert (again.made, again.there) == (1, 14)
    assert not (done.path / "set-aside.csv").exists()


def test_a_back_end_that_is_gone_ends_the_run_and_keeps_what_is_made(
    fake: Fake, sounds: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = fake.generate

    def gone(captions: Any, **asked: Any) -> Any:
        if len(fake.asked) == 3:
            raise BackEndError("The worker cannot start.")
        return make(captions, **asked)

    with monkeypatch.context() as patch:
        patch.setattr(fake, "generate", gone)
        with pytest.raises(BackEndError):
            generate("fake", sounds, config(tmp_path, batch_size=1))
    (done,) = generate("fake", sounds, config(tmp_path))
    assert (done.made, done.there, done.set_aside) == (12, 3, ())


def test_an_unusable_clip_is_tried_with_the_next_seed_and_recorded(
    fake: Fake, sounds: Collection, tmp_path: Path
) -> None:
    captions = [c for c in sounds.captions if c.number == 1 and c.clip_id.startswith("development/")]
    fake.silent = {captions[0].text: 2, captions[1].text: 99}
    (done,) = generate("fake", sounds, config(tmp_path))
    (row,) = (row for row in rows(done.path) if row["faults"])
    assert (row["caption"], row["faults"]) == (captions[0].text, ["silent", "silent"])
    tried = [
        seed for texts, seeds in fake.asked for text, seed in zip(texts, seeds, strict=True) if text == row["caption"]
    ]
    assert len(set(tried)) == 3
    assert row["seed"] == tried[-1]
    assert [(one.caption, one.reason) for one in done.set_aside] == [(captions[1].text, "; ".join(["silent"] * 4))]
    assert 99 - fake.silent[captions[1].text] == 4  # once, and three times again


def test_a_torn_line_and_a_lost_clip_are_made_good(
    fake: Fake, sounds: Collection, tmp_path: Path, content_of: ContentOf
) -> None:
    (done,) = generate("fake", sounds, config(tmp_path))
    before = content_of(done.path)
    manifest = done.path / "manifest.jsonl"
    lines = manifest.read_text(encoding="utf-8").splitlines()
    manifest.write_text("\n".join([*lines[:-1], lines[-1][:40]]), encoding="utf-8")
    (done.path / "development" / rows_of(lines)[0]["file"]).unlink()
    (again,) = generate("fake", sounds, config(tmp_path))
    assert (again.made, again.there) == (2, 13)
    assert content_of(done.path) == before


def rows_of(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("clips", [1, 7, 14])
def test_an_interruption_leaves_a_folder_in_order(
    fake: Fake, sounds: Collection, tmp_path: Path, content_of: ContentOf, monkeypatch: pytest.MonkeyPatch, clips: int
) -> None:
    (peace,) = generate("fake", sounds, config(tmp_path / "peace"))
    make, left = fake.generate, [clips]

    def interrupted(captions: Any, **asked: Any) -> Any:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return make(captions, **asked)

    cut = tmp_path / "cut" / peace.path.name
    with monkeypatch.context() as patch:
        patch.setattr(fake, "generate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            generate("fake", sounds, config(tmp_path / "cut", batch_size=1))
    assert len(rows(cut)) == len(list((cut / "development").iterdir())) == clips
    (done,) = generate("fake", sounds, config(tmp_path / "cut"))
    assert (done.made, done.there) == (15 - clips, clips)
    assert content_of(cut) == content_of(peace.path)


def test_a_full_disk_is_one_sentence_and_the_rest_is_made_later(
    fake: Fake, sounds: Collection, tmp_path: Path, content_of: ContentOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    (peace,) = generate("fake", sounds, config(tmp_path / "peace"))
    left = [5]
    fsync = os.fsync

    def full(number: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="the disk is full"):
            generate("fake", sounds, config(tmp_path / "full"))
    (done,) = generate("fake", sounds, config(tmp_path / "full"))
    assert content_of(done.path) == content_of(peace.path)


def test_a_folder_that_may_not_be_written_or_is_held(fake: Fake, sounds: Collection, tmp_path: Path) -> None:
    (done,) = generate("fake", sounds, config(tmp_path))
    from auricle.storage import lock

    with lock(done.path, purpose="is being filled"):
        with pytest.raises(StorageError, match=rf"is being filled by process {os.getpid()} on"):
            generate("fake", sounds, config(tmp_path))
        generate("fake", sounds, config(tmp_path), shard=Shard(1, 2))  # a shard is held apart
    done.path.chmod(0o555)
    try:
        with pytest.raises(StorageError, match="it may not be written"):
            generate("fake", sounds, config(tmp_path))
    finally:
        done.path.chmod(0o755)


def test_bad_questions(fake: Fake, sounds: Collection, tmp_path: Path, noises: Path) -> None:
    with pytest.raises(ConfigError, match=r"sounds has no caption number 9; it has 1, 2, 3, 4, 5"):
        generate("fake", sounds, config(tmp_path, numbers=(9,)))
    with pytest.raises(ConfigError, match=r"No back end named 'fak'\. Did you mean 'fake'"):
        generate("fak", sounds, config(tmp_path))
    with pytest.raises(ConfigError, match=r"'fake:x' is not how the back end is written; fake is"):
        generate("fake:x", sounds, config(tmp_path))
    with pytest.raises(ConfigError, match=r"'folder' is not how the back end is written; folder:DIR is"):
        generate("folder", sounds, config(tmp_path))
    with pytest.raises(ConfigError, match=r"the back end fake has 1 unusable setting\(s\): gian: no such setting"):
        generate("fake", sounds, config(tmp_path), options={"gian": 1})
    (noises / "captions.csv").unlink()
    without = open_collection(DataConfig(collection=noises), purpose=Purpose.LEARNING)
    with pytest.raises(DataError, match="has no split development"):
        generate("fake", without, config(tmp_path))
    assert options_from(["gain=0.5"]) == {"gain": 0.5}
    with pytest.raises(ConfigError, match="is not a setting"):
        options_from(["gain"])


def test_lengths_are_fixed_or_limited_by_the_back_end(fake: Fake, sounds: Collection, tmp_path: Path) -> None:
    (done,) = generate("fake", sounds, config(tmp_path, seconds=1.0))
    assert {row["seconds"] for row in rows(done.path)} == {1.0}
    (done,) = generate("fake", sounds, config(tmp_path / "long", seconds=10.0))
    assert {row["seconds"] for row in rows(done.path)} == {2.0}


def test_clips_that_are_there_become_part_of_the_collection(
    fake: Fake, sounds: Collection, tmp_path: Path, content_of: ContentOf
) -> None:
    (made,) = generate("fake", sounds, config(tmp_path))
    there = tmp_path / "clips"
    for number, path in enumerate(sorted((made.path / "development").iterdir())):
        place = there / f"{500 * (number // 5)}"  # numbered folders
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    missing = sorted((there / "0").iterdir())[0]
    missing.unlink()
    (done,) = generate(f"folder:{there}", sounds, config(tmp_path), options={"generator": "audiogen", "licence": "CC0"})
    assert (done.made, done.path.name) == (14, "sounds-folder-clips-caption-1")
    assert [one.reason for one in done.set_aside] == [f"{missing.name} is not among the clips."]
    assert {(row["back_end"], row["licence"], row["seed"]) for row in rows(done.path)} == {("audiogen", "CC0", None)}
    for row in rows(done.path):
        ours, _ = soundfile.read(done.path / "development" / row["file"])
        theirs, _ = soundfile.read(made.path / "development" / row["file"])
        assert np.abs(ours - theirs).max() < 0.02  # of the same loudness already


def test_folders_that_are_not_clips(fake: Fake, sounds: Collection, captioned: Path, tmp_path: Path) -> None:
    with pytest.raises(GenerationError, match=r"has no clip called NAME_cap_1\.wav"):
        generate(f"folder:{captioned}", sounds, config(tmp_path))
    with pytest.raises(GenerationError, match="nowhere is not there"):
        generate("folder:nowhere", sounds, config(tmp_path))
    (made,) = generate("fake", sounds, config(tmp_path))
    first, second = sorted((made.path / "development").iterdir())[:2]
    (tmp_path / "clips" / "more").mkdir(parents=True)
    shutil.copy(first, tmp_path / "clips")
    shutil.copy(second, tmp_path / "clips" / "more" / first.name)
    (done,) = generate(f"folder:{tmp_path / 'clips'}", sounds, config(tmp_path))
    assert done.made == 0
    assert any(one.reason.endswith("are different clips of one name.") for one in done.set_aside)


def test_other_packages_bring_back_ends(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    from auricle.generation import all_back_ends, contract
    from auricle.generation.back_ends import BACK_ENDS

    class Entry:
        dist = None

        def __init__(self, name: str, given: object) -> None:
            self.name, self._given = name, given

        def load(self) -> object:
            if isinstance(self._given, Exception):
                raise self._given
            return self._given

    mine = contract.BackEnd("mine", "another", BACK_ENDS.get("fake").options, BACK_ENDS.get("fake").open)
    monkeypatch.setattr(metadata, "entry_points", lambda **_: [Entry("mine", mine)])
    assert all_back_ends().get("mine") is mine
    assert "mine" not in BACK_ENDS
    for given, sentence in (
        (ImportError("no module"), "cannot be loaded: no module"),
        ("a string", "gives str; a BackEnd is needed"),
    ):
        monkeypatch.setattr(metadata, "entry_points", lambda given=given, **_: [Entry("theirs", given)])
        with pytest.raises(ConfigError, match=rf"The entry point 'theirs' of a package {sentence}"):
            all_back_ends()
    monkeypatch.setattr(metadata, "entry_points", lambda **_: [Entry("fake", mine)])
    with pytest.raises(ConfigError, match="has the name of another back end"):
        all_back_ends()


@pytest.mark.slow
def test_procedural_survives_kill_9(survives_kills: Callable[..., None]) -> None:
    survives_kills("procedural")


def test_the_fake_keeps_the_contract_and_one_that_does_not_is_told(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    captions, seconds = ["a dog barks", "rain", "bells"], [1.0, 2.0, 0.5]
    check_text_to_audio(fake, captions, seconds=seconds)
    make = fake.generate
    for fault, complaint in (
        (lambda clips: [clip.astype(np.float64) for clip in clips], "float64, not float32"),
        (lambda clips: clips[:1], "one clip per caption"),
        (lambda clips: [clip[:-2000] for clip in clips], "not as long as asked for"),
        (lambda clips: [clip * (1 + 0.01 * len(clips)) for clip in clips], "depends on its batch"),
        (lambda clips: [np.zeros_like(clip) for clip in clips], "another seed gives the same clip"),
    ):
        monkeypatch.setattr(fake, "generate", lambda *a, fault=fault, **k: fault(make(*a, **k)))
        with pytest.raises(AssertionError, match=complaint):
            check_text_to_audio(fake, captions, seconds=seconds)
