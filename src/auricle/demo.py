"""The whole pipeline on the embedded collection: what a stranger sees first.

Sounds and captions are made, described, learned from, scored on clips that were never seen, and asked for by
sentences. Two synthetic copies of every clip are made from its captions, and a second model learns from all, in about
as many steps. Everything goes into one folder; a second run finds what is there.
"""

import os
import shutil
import sys
from pathlib import Path

from auricle import progress
from auricle.data import DataConfig, Provenance, Purpose, open_collection, write_manifest
from auricle.encoders.fetch import fetch
from auricle.evaluation import RetrievalResult, table
from auricle.generation import GenerationConfig, generate
from auricle.generation.procedural.collection import write_collection
from auricle.runs import Evaluation, evaluate, retrieve
from auricle.training import RunConfig, SyntheticConfig, TrainingConfig, default_name, train

COPIES = 2
MODELS = ("minilm", "yamnet")
QUESTIONS = ("a dog barks far away", "rain falls and thunder rumbles", "somebody knocks on a door")


def run_demo(folder: Path, *, clips: int = 300, seed: int = 0) -> str:
    """Run every stage in `folder` and return what a person should read.

    Raises:
        AuricleError: As the stages do.
    """
    for name in MODELS:
        fetch(name)
    collection = folder / "collection"
    progress.say(f"1/5  sounds and captions: {collection}")
    made_here = Provenance(origin="auricle, procedural", licence="CC0-1.0")
    written = write_collection(collection, clips=clips, seed=seed)
    write_manifest(collection, {f"{clip.split}/{clip.file_name}": made_here for clip in written})
    data = DataConfig(collection=collection)
    progress.say(f"2/5  {COPIES} synthetic copies of every sound of development, made from its captions")
    making = GenerationConfig(numbers=tuple(range(1, COPIES + 1)), seed=seed, output=folder / "generated")
    sources = tuple(
        made.path for made in generate("procedural", open_collection(data, purpose=Purpose.LEARNING), making)
    )
    progress.say("3/5  training, without the copies and with them, in about as many steps")
    config = RunConfig(seed=seed, data=data)
    run = train(config, folder / "runs" / default_name("embedded", config))
    mixed = RunConfig(seed=seed, data=data, training=_with_copies(config.training, sources))
    mixed_run = train(mixed, folder / "runs" / default_name("embedded-synthetic", mixed))
    progress.say("4/5  scores on the evaluation split")
    evaluation, mixed_evaluation = evaluate(run), evaluate(mixed_run)
    progress.say("5/5  three questions to the sounds the model has not learned from")
    answers = retrieve(run, QUESTIONS, top=3, split="validation")
    where = {
        "sounds and captions": collection,
        "synthetic copies": making.output,
        "learning curve": run.picture,
        "model": run.best,
        "ranks per query, submission": evaluation.folder,
    }
    program = "auricle" if shutil.which("auricle") else os.path.relpath(Path(sys.executable).with_name("auricle"))
    return "\n".join(
        [
            f"Scores on {len(evaluation.results['audio_to_text'].best_rank)} sounds that were not used in training:",
            "",
            table(_rows(evaluation, mixed_evaluation)),
            "",
            *(
                f'"{question}": ' + ", ".join(f"{Path(hit.clip).stem} ({hit.similarity:.2f})" for hit in hits)
                for question, hits in zip(QUESTIONS, answers, strict=True)
            ),
            "",
            *(f"{what:28} {os.path.relpath(path)}" for what, path in where.items()),
            "",
            f'Ask more:        {program} retrieve {run.path} "footsteps, then glass breaks"',
            f'Your own sounds: {program} retrieve {run.path} "a dog barks far away" --collection PATH',
            f"Your captions:   {program} train embedded data.collection=PATH",
        ]
    )


def _with_copies(training: TrainingConfig, sources: tuple[Path, ...]) -> TrainingConfig:
    """Return the same training with synthetic copies mixed in, at about the same number of steps."""
    return training.model_copy(
        update={
            "max_epochs": training.max_epochs // (1 + COPIES),
            "synthetic": SyntheticConfig(sources=sources, copies=COPIES),
        }
    )


def _rows(plain: Evaluation, mixed: Evaluation) -> dict[str, RetrievalResult]:
    """Return the rows of the table: per direction without the copies and with them."""
    rows: dict[str, RetrievalResult] = {}
    for direction, result in plain.results.items():
        title = direction.replace("_to_", " -> ")
        rows |= {title: result, f"{title}, with copies": mixed.results[direction]}
    return rows
