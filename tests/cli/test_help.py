"""Every command explains itself, and its example can be typed as it stands."""

import inspect
import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from auricle import __version__
from auricle.cli import app

Command = Callable[..., Any]


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the words and the object of every command that does something."""
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands())
NAMED = pytest.mark.parametrize("words", COMMANDS, ids=" ".join)


@NAMED
def test_help_has_an_example_and_a_word_on_every_option(words: tuple[str, ...], auricle: Command) -> None:
    long, short = auricle(*words, "--help"), auricle(*words, "-h")
    assert (long.status, long.err) == (0, "")
    assert short == long
    assert f"Example: auricle {' '.join(words)}" in long.out
    for parameter in COMMANDS[words].params:
        assert parameter.name == "help" or parameter.help, parameter.name


@NAMED
def test_the_example_fits_the_command(words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    (example,) = re.findall(r"Example: auricle (.*)", inspect.getdoc(command.callback) or "")
    typed = shlex.split(example)
    assert tuple(typed[: len(words)]) == words
    command.make_context("auricle", typed[len(words) :])  # raises a UsageError where it does not


@pytest.mark.parametrize("words", [(), ("models",), ("data",), ("features",)], ids=" ".join)
def test_a_group_alone_lists_its_commands(words: tuple[str, ...], auricle: Command) -> None:
    listed = auricle(*words, "-h")
    assert listed.status == 0
    for below in COMMANDS:
        if below[: len(words)] == words:
            assert re.search(rf"^  {below[len(words)]} ", listed.out, re.MULTILINE)
    alone = auricle(*words)
    assert alone.status == 2
    assert alone.out + alone.err == listed.out


def test_the_version(auricle: Command) -> None:
    assert auricle("--version").out == f"auricle {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["trian"], "No such command 'trian'"),
        (["train"], "Missing argument 'CONFIG'"),
        (["evaluate", "runs/x", "--spilt", "validation"], "No such option: --spilt"),
        (["retrieve", "runs/x", "a dog", "--top", "0"], "greater than or equal to 1"),
        (["demo", "--clips", "19"], "greater than or equal to 20"),
    ],
)
def test_a_wrong_command_line_is_status_2(auricle: Command, arguments: list[str], sentence: str) -> None:
    outcome = auricle(*arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert sentence in outcome.err
