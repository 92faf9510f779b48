"""The command line: one verb a file, each a thin door to the parts below.

``main`` is the entry point. A verb's module is imported only when that verb runs, because some
of them load compiled kernels and ``zhenzan --help`` must answer at once. Results go to standard
output, progress and errors to standard error. Exit 0: fine; 1: the answer is "bad"; 2: it could
not run; 130 and 143: it was stopped by SIGINT or SIGTERM, as shells count it.
"""

from __future__ import annotations

import importlib
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command

from zhenzan import __version__
from zhenzan.errors import ZhenzanError

__all__ = ["VERBS", "main"]

VERBS: dict[str, str] = {
    "score": "Score every like of a log: probability, count state, and reasons.",
    "audit": "Find groups over months of history, list unusual growths, revise earlier answers.",
    "rules": "Check, try, publish, stop and undo the rules that analysts write.",
    "access": (
        "Make and revoke keys, print the first token, check the audit log, remove what is over."
    ),
    "alarms": "List what has fallen silent in a running service, and say that it was seen.",
    "train": "Train a model on a history: injected attacks, outcomes and labels.",
    "explain": "Explain the answer to one like, from what scoring has stored.",
    "models": "List, compare, promote and take back models; tell drift, and what exclusions cost.",
    "redteam": "Search the simulator for the cheapest attack that survives a model, and learn.",
    "sim": "Play a simulated platform and write interactions, labels, accounts and items.",
    "evaluate": (
        "Print what was caught, who was harmed and how fast, per attack and per honest twin."
    ),
    "serve": "Serve interactions over HTTP, with answers at once and counts that stay exact.",
    "verify": (
        "Compute every count again from the histories and the journal; exit 1 on any difference."
    ),
    "doctor": "Print versions, limits, extras and data paths, and what is missing.",
    "settings": "Print each setting, its value, and where the value came from.",
}
"""Verb to the first line of its docstring, in the order of the help; a test keeps them equal."""

EXIT_COULD_NOT_RUN = 2


class _Verbs(TyperGroup):
    """Knows every verb by name and sentence, and imports one when it is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if name in VERBS:
            module = importlib.import_module(f"zhenzan.cli.{name}")
            many = getattr(module, "ACTIONS", None)
            one = getattr(module, name)
            self.commands[name] = _as_group(name, one, many) if many else _as_command(name, one)
        return super().resolve_command(ctx, args)


def _as_command(name: str, function: Callable[..., None]) -> Any:
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name)(function)
    command = get_command(single)
    command.name = name
    return command


def _as_group(
    name: str, function: Callable[..., None], actions: dict[str, Callable[..., None]]
) -> Any:
    """Make a verb with actions under it, such as ``zhenzan rules check``."""
    app = typer.Typer(
        add_completion=False, rich_markup_mode=None, no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip
    app.callback()(function)
    for action, what in actions.items():
        app.command(action)(what)
    group = get_command(app)
    group.name = name
    return group


def _placeholder(sentence: str) -> Callable[[], None]:
    def verb() -> None:
        raise AssertionError("the group replaces this by the real verb before it runs")

    verb.__doc__ = sentence
    return verb


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"zhenzan {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Know which likes are real: an engagement log in, counted likes with reasons out."""


def _application() -> Any:
    app = typer.Typer(
        cls=_Verbs,
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name, sentence in VERBS.items():
        app.command(name, short_help=sentence)(_placeholder(sentence))
    return get_command(app)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit status.

    Parameters
    ----------
    arguments
        Words after the program's name; those of the process where nothing is given.
    """
    asked = _stop_when_asked()
    try:
        _application().main(arguments, prog_name="zhenzan")
    except ZhenzanError as error:
        _report(f"{error.message} ({error.code})", hint=error.hint)
    except OSError as error:
        place = f"`{error.filename}`: " if error.filename else ""
        _report(f"{place}{error.strerror or error}")
    except Exception:
        if asked:
            # An engine in the middle of a query turns the request into an error of its own.
            sys.exit(128 + asked[0])
        # A mistake of ours: Python would leave with 1, which means "the answer is bad".
        traceback.print_exc()
    sys.exit(EXIT_COULD_NOT_RUN)


def _stop_when_asked() -> list[int]:
    """Leave by the usual way on SIGINT and SIGTERM, so that what lies on disk is tidied up.

    Returns the list that receives the number of the signal. A signal that the parent had ignored,
    as for a job in the background, stays ignored.
    """
    asked: list[int] = []

    def stop(number: int, _: object) -> None:
        asked.append(number)
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)
    return asked


def _report(message: str, *, hint: str | None = None) -> None:
    typer.echo(f"error: {message}", err=True)
    if hint:
        typer.echo(f"hint: {hint}", err=True)
