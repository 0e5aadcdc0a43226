"""Commands of the room features: computing log-mels ahead of training, and exchanging them as HDF5."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from auricle.data import Collection
    from auricle.features import LogMelSpectrograms

app = typer.Typer(help="Log-mel spectrograms: compute, export, import.", no_args_is_help=True)

CollectionArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="The collection.")]
FrontEndOption = Annotated[str, typer.Option("--front-end", help="panns, clotho-baseline, yamnet, clap or clap-fused.")]
EvaluationOption = Annotated[
    bool, typer.Option("--with-evaluation", help="Also the evaluation split, which is for reporting only.")
]
FolderOption = Annotated[Path | None, typer.Option("--features", help="The folder of all feature stores.")]


@app.command("log-mel")
def log_mel(
    collection: CollectionArgument,
    front_end: FrontEndOption = "panns",
    features: FolderOption = None,
    with_evaluation: EvaluationOption = False,
) -> None:
    """Compute the log-mels of a collection; training does so too when they are missing.

    Several of these may run at once on one collection, and each may be killed and started again.

    Example: auricle features log-mel ~/Clotho --front-end clotho-baseline
    """
    opened, description, root = _opened(collection, front_end, features, with_evaluation)
    from auricle.features import describe_clips

    store, usable = describe_clips(opened, description, root=root)
    typer.echo(f"{len(usable.clips)} clips in {store.folder}")


@app.command("export")
def export_hdf5(
    collection: CollectionArgument,
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="Where {split}_audio_logmels.hdf5 go.")],
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
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Where {split}_audio_logmels.hdf5 are.")],
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
