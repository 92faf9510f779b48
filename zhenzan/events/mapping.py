"""Turns a foreign log into the interaction contract, as a mapping file says.

A mapping file is YAML. Under ``columns`` each contract column is given by one of

- the name of a column of the log: ``item_id: repo``
- a constant: ``kind: {constant: like}``
- a template over columns: ``event_id: {template: "{repo}:{actor}:{ts}"}``
- the place of the row: ``event_id: {row: file}``, unique as long as the file stays as it is
- a column with its reading: ``ts: {column: when, unit: s}`` or
  ``ts: {column: when, format: "%d.%m.%Y %H:%M", timezone: Europe/Berlin}``
- a column with other words: ``kind: {column: action, values: {heart: like}, default: view}``

Under ``where`` stand the rows to read: ``where: {platform: tw, url: {not_null: true}}``.
``about`` says in words what the log is and what the mapping makes of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import yaml

from zhenzan.errors import MappingError, nearest
from zhenzan.events.schema import INTERACTION

TIME_UNITS = ("s", "ms", "us", "ns")
_RULE_WORDS = (
    "column", "constant", "template", "row", "unit", "format", "timezone", "values", "default",
)  # fmt: skip
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Rule:
    """How one contract column is made; exactly one of the first four is set."""

    column: str | None = None
    constant: str | None = None
    template: str | None = None
    is_row: bool = False
    unit: str | None = None
    format: str | None = None
    timezone: str | None = None
    values: dict[str, str] | None = None
    default: str | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """Name the columns of the log that this rule needs."""
        if self.template is not None:
            return tuple(_PLACEHOLDER.findall(self.template))
        return () if self.column is None else (self.column,)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows are read: those whose column equals one of the words, or is not null."""

    column: str
    words: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping file that has been read and checked against the contract."""

    name: str
    rules: dict[str, Rule]
    where: tuple[Filter, ...] = ()
    about: str = field(default="", compare=False)

    @property
    def reads(self) -> tuple[str, ...]:
        """Name the columns of the log that this mapping needs."""
        names = [name for rule in self.rules.values() for name in rule.reads]
        names += [row_filter.column for row_filter in self.where]
        return tuple(dict.fromkeys(names))


def shipped_mappings() -> tuple[str, ...]:
    """Name the mappings that come with the product."""
    folder = resources.files("zhenzan.events") / "mappings"
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def load_mapping(name: str | Path) -> Mapping:
    """Read a mapping from a file, or a shipped one by its bare name.

    Raises
    ------
    MappingError
        There is no such mapping, or it contradicts the contract.
    """
    text, title = _read(name)
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        place = str(error).replace("\n", " ")
        raise MappingError(f"mapping `{title}` is not YAML: {place}") from error
    if not isinstance(content, dict) or not isinstance(content.get("columns"), dict):
        raise MappingError(f"mapping `{title}` has no `columns`", hint="see `docs` for the form")
    _check_words(content, ("about", "columns", "where"), f"mapping `{title}`")
    rules: dict[str, Rule] = {}
    for column, entry in content["columns"].items():
        if column not in INTERACTION.names:
            raise MappingError(
                f"mapping `{title}` fills `{column}`, which is no contract column",
                hint=nearest(str(column), INTERACTION.names),
            )
        rules[column] = _rule(entry, column, title)
    rules.setdefault("kind", Rule(constant="like"))
    where = content.get("where") or {}
    if not isinstance(where, dict):
        raise MappingError(f"mapping `{title}`: `where` must hold `column: word` lines")
    filters = tuple(_filter(str(key), entry, title) for key, entry in where.items())
    return Mapping(title, rules, filters, str(content.get("about", "")))


def _read(name: str | Path) -> tuple[str, str]:
    path = Path(name)
    is_bare = isinstance(name, str) and "/" not in name and not path.suffix
    if is_bare and not path.exists():
        names = shipped_mappings()
        if name not in names:
            raise MappingError(f"no mapping is named `{name}`", hint=nearest(str(name), names))
        file = resources.files("zhenzan.events") / "mappings" / f"{name}.yaml"
        return file.read_text(encoding="utf-8"), name
    try:
        return path.read_text(encoding="utf-8"), str(name)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise MappingError(f"mapping `{name}` cannot be read: {reason.lower()}") from error


def _check_words(content: dict[object, object], words: tuple[str, ...], place: str) -> None:
    for key in content:
        if key not in words:
            raise MappingError(
                f"{place} has the unknown word `{key}`", hint=nearest(str(key), words)
            )


def _rule(entry: object, column: str, title: str) -> Rule:
    place = f"mapping `{title}`, column `{column}`"
    if isinstance(entry, str):
        return Rule(column=entry)
    if not isinstance(entry, dict):
        raise MappingError(
            f"{place}: `{entry}` is neither a column nor a rule",
            hint="write `{constant: VALUE}` for a constant",
        )
    _check_words(entry, _RULE_WORDS, place)
    ways = [word for word in ("column", "constant", "template", "row") if word in entry]
    if len(ways) != 1:
        raise MappingError(f"{place} needs exactly one of `column`, `constant`, `template`, `row`")
    unit = entry.get("unit")
    if unit is not None and unit not in TIME_UNITS:
        raise MappingError(
            f"{place}: no time unit is `{unit}`", hint=nearest(str(unit), TIME_UNITS)
        )
    if "row" in entry and entry["row"] != "file":
        raise MappingError(f"{place}: `row` must be `file`")
    values = entry.get("values")
    if values is not None and not isinstance(values, dict):
        raise MappingError(f"{place}: `values` must hold `word: word` lines")

    def text(word: str) -> str | None:
        return None if entry.get(word) is None else str(entry[word])

    return Rule(
        column=text("column"),
        constant=text("constant"),
        template=text("template"),
        is_row="row" in entry,
        unit=text("unit"),
        format=text("format"),
        timezone=text("timezone"),
        values={str(key): str(value) for key, value in values.items()} if values else None,
        default=text("default"),
    )


def _filter(column: str, entry: object, title: str) -> Filter:
    if isinstance(entry, dict):
        if entry == {"not_null": True}:
            return Filter(column, None)
        raise MappingError(
            f"mapping `{title}`: the filter on `{column}` must be a word, a list of words"
            " or `{not_null: true}`"
        )
    words = entry if isinstance(entry, list) else [entry]
    return Filter(column, tuple(_word(word) for word in words))


def _word(value: object) -> str:
    """Spell a YAML value as a log spells it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
