"""Commands of the room features: computing log-mels ahead of training, and exchanging them as HDF5."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auricle.cli.engines import CpusOption, EngineOption, EnvironmentOption, GpusOption, WorkersOption, engine_config
from auricle.cli.place import place, place_here

if TYPE_CHECKING:
    from auricle.data import Collection
    from auricle.features import LogMelSpectrograms

app = typer.Typer(help="What a network hears or reads before it learns: compute, export, import.", no_args_is_help=True)

CollectionArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="The collection.", parser=place)]
FrontEndOption = Annotated[str, typer.Option("--front-end", help="panns, clotho-baseline, yamnet, clap or clap-fused.")]
EvaluationOption = Annotated[
    bool, typer.Option("--with-evaluation", help="Also the evaluation split, which is for reporting only.")
]
FolderOption = Annotated[
    Path | None, typer.Option("--features", help="The folder of all feature stores.", parser=place)
]


@app.command("log-mel")
def log_mel(
    collection: CollectionArgument,
    front_end: FrontEndOption = "panns",
    features: FolderOption = None,
    with_evaluation: EvaluationOption = False,
    engine: EngineOption = "local",
    workers: WorkersOption = None,
    cpus: CpusOption = 1.0,
    gpus: GpusOption = None,
    runtime_env: EnvironmentOption = None,
) -> None:
    """Compute the log-mels of a collection; training does so too when they are missing.

    Several of these may run at once on one collection, and each may be killed and started again.

    Example: auricle features log-mel ~/Clotho --front-end clotho-baseline
    """
    opened, description, root = _opened(collection, front_end, features, with_evaluation)
    from auricle.engines import open_engine
    from auricle.features import describe_clips
    from auricle.places import shown

    doing = open_engine(engine_config(engine, workers=workers, cpus=cpus, gpus=gpus, runtime_env=runtime_env))
    store, usable = describe_clips(opened, description, root=root, engine=doing)
    typer.echo(f"{len(usable.clips)} clips in {shown(store.folder)}")


@app.command("compute")
def compute(
    config: Annotated[
        Path,
        typer.Argument(metavar="CONFIG", help="A preset of `auricle config list`, or a YAML file.", parser=place),
    ],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY.PATH=VALUE]...", help="As for `auricle train`.")
    ] = None,
    engine: EngineOption = "local",
    workers: WorkersOption = None,
    cpus: CpusOption = 1.0,
    gpus: GpusOption = None,
    runtime_env: EnvironmentOption = None,
) -> None:
    """Compute all that a training reads ahead of it: log-mels, or embeddings of sounds and captions.

    Example: auricle features compute embedded data.collection=~/Clotho --engine ray
    """
    from auricle import config as configuration
    from auricle.presets import find_config
    from auricle.training import RunConfig, describe_ahead

    run = configuration.read(RunConfig, find_config(config), overrides or [])
    if engine != "local":
        doing = engine_config(engine, workers=workers, cpus=cpus, gpus=gpus, runtime_env=runtime_env)
        run = run.model_copy(update={"features": run.features.model_copy(update={"engine": doing})})
    for line in describe_ahead(run):
        typer.echo(line)


@app.command("export")
def export_hdf5(
    collection: CollectionArgument,
    output: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="Where {split}_audio_logmels.hdf5 go.", parser=place_here)
    ],
    front_end: FrontEndOption = "clotho-baseline",
    features: FolderOption = None,
    with_evaluation: EvaluationOption = False,
) -> None:
    """Write the log-mels of a collection as one HDF5 file per split.

    Example: auricle features export ~/Clotho ~/hdf5
    """
    opened, description, root = _opened(collection, front_end, features, with_evaluation)
    from auricle.features import describe_clips, hdf5

    store, usable = describe_clips(opened, description, root=root)
    for name in usable.splits:
        path = output / hdf5.FILE_NAME.format(split=name)
        typer.echo(f"{hdf5.export_log_mels(store, usable.split(name).clips, path)} clips in {path}")


@app.command("import")
def import_hdf5(
    collection: CollectionArgument,
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="Where {split}_audio_logmels.hdf5 are.", parser=place_here)
    ],
    front_end: FrontEndOption = "clotho-baseline",
    features: FolderOption = None,
    with_evaluation: EvaluationOption = False,
) -> None:
    """Take over log-mels that the prior work computed, after checking three of each split against the sounds.

    Example: auricle features import ~/Clotho ~/hdf5
    """
    opened, description, root = _opened(collection, front_end, features, with_evaluation)
    from auricle.errors import DataError
    from auricle.features import hdf5, open_store

    store = open_store(root, description)
    found = {name: path for name in opened.splits if (path := source / hdf5.FILE_NAME.format(split=name)).is_file()}
    if not found:
        wanted = ", ".join(hdf5.FILE_NAME.format(split=name) for name in opened.splits)
        raise DataError(f"{source} has none of {wanted}.")
    for name, path in found.items():
        strangers = hdf5.import_log_mels(path, opened.split(name).clips, store, description)
        typer.echo(f"{path}: taken over; {len(strangers)} datasets belong to no clip{_named(strangers)}")


def _named(names: list[str]) -> str:
    return f" ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})" if names else ""


def _opened(
    collection: Path, front_end: str, features: Path | None, with_evaluation: bool
) -> "tuple[Collection, LogMelSpectrograms, Path]":
    from auricle.data import DataConfig, Purpose, open_collection
    from auricle.features import FRONT_ENDS, FeaturesConfig, LogMelSpectrograms

    config = FeaturesConfig(folder=features)
    description = LogMelSpectrograms(FRONT_ENDS.get(front_end), precision=config.precision, threads=config.workers)
    purpose = Purpose.REPORTING if with_evaluation else Purpose.LEARNING
    return open_collection(DataConfig(collection=collection), purpose=purpose), description, config.root
