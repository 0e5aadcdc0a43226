"""The whole pipeline on the embedded collection: what a stranger sees first.

Sounds and captions are made, described, learned from, scored on clips that were never seen, and asked for by sentences.
Everything goes into one folder; a second run finds what is there.
"""

import os
import shutil
import sys
from pathlib import Path

from auricle import progress
from auricle.data import DataConfig, Provenance, write_manifest
from auricle.encoders.fetch import fetch
from auricle.evaluation import table
from auricle.generation.procedural.collection import write_collection
from auricle.runs import evaluate, retrieve
from auricle.training import RunConfig, default_name, train

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
    progress.say(f"1/4  sounds and captions: {collection}")
    made_here = Provenance(origin="auricle, procedural", licence="CC0-1.0")
    written = write_collection(collection, clips=clips, seed=seed)
    write_manifest(collection, {f"{clip.split}/{clip.file_name}": made_here for clip in written})
    config = RunConfig(seed=seed, data=DataConfig(collection=collection))
    progress.say("2/4  training")
    run = train(config, folder / "runs" / default_name("embedded", config))
    progress.say("3/4  scores on the evaluation split")
    evaluation = evaluate(run)
    progress.say("4/4  three questions to the sounds the model has not learned from")
    answers = retrieve(run, QUESTIONS, top=3, split="validation")
    where = {
        "sounds and captions": collection,
        "learning curve": run.picture,
        "model": run.best,
        "ranks per query, submission": evaluation.folder,
    }
    program = "auricle" if shutil.which("auricle") else os.path.relpath(Path(sys.executable).with_name("auricle"))
    return "\n".join(
        [
            f"Scores on {len(evaluation.results['audio_to_text'].best_rank)} sounds that were not used in training:",
            "",
            table({name.replace("_to_", " -> "): result for name, result in evaluation.results.items()}),
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
            f"Your captions:   {program} train configs/embedded.yaml data.collection=PATH",
        ]
    )
