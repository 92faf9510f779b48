"""One run over everything that is kept: what is over goes, class by class."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from zhenzan.access.audit import AuditLog
from zhenzan.access.identifiers import Hider
from zhenzan.access.retention.classes import CLASSES
from zhenzan.access.retention.cut import cut_audit_log
from zhenzan.access.retention.history import strip_history
from zhenzan.access.retention.hold import read_hold
from zhenzan.access.retention.records import KINDS, Removal, remove_kind
from zhenzan.clock import Clock, system

if TYPE_CHECKING:
    from zhenzan.access.retention.hold import Hold
    from zhenzan.store.engine import Store


class Gone(Protocol):
    """What was done about the records of a journal."""

    @property
    def due(self) -> int:
        """Records whose time is over."""
        ...

    @property
    def held(self) -> int:
        """Those of them that stay because of a legal hold."""
        ...

    @property
    def removed(self) -> int:
        """Those that went."""
        ...


class Journal(Protocol):
    """What a run needs of ``zhenzan.live.retirement.Retirement``."""

    def complete_history(self) -> None:
        """Turn every record into history, where it can be stripped."""
        ...

    def retire(
        self, now_us: int, accounts: frozenset[str], *, rows_over_us: int, dry: bool
    ) -> Gone:
        """Remove the records whose time is over and that history keeps."""
        ...


@dataclass(frozen=True, slots=True)
class What:
    """What a run goes over besides the store.

    Attributes
    ----------
    history
        Folder of interactions; None where there is none.
    hold
        File with names under legal hold, read anew by each run.
    journal
        The journal that history is made of; None where there is none.
    """

    history: Path | None = None
    hold: Path | None = None
    journal: Journal | None = None


class Retention:
    """Runs over a store, and a folder of history beside it.

    Parameters
    ----------
    by
        Who is named in the audit log.
    """

    def __init__(self, store: Store, what: What, *, by: str, clock: Clock = system) -> None:
        self._store, self._what, self._by, self._clock = store, what, by, clock
        self._log = AuditLog(store, clock=clock)

    def run(self, *, dry: bool = False) -> list[Removal]:
        """Remove what is over and take the run down in the audit log; say what went, by class.

        Parameters
        ----------
        dry
            Say what would go, and change nothing.

        Raises
        ------
        AccessError
            The list of legal holds cannot be read; then nothing was removed.
        JournalError
            A segment of the journal is damaged, or history does not hold what it holds.
        """
        hold = read_hold(self._what.hold)
        now_us = int(self._clock() * 1e6)
        done = [
            remove_kind(self._store, self._log, kind, now_us, hold=hold, by=self._by, dry=dry)
            for kind in KINDS
        ]
        done.append(cut_audit_log(self._store, self._log, now_us, hold=hold, by=self._by, dry=dry))
        journal = self._what.journal
        if journal is not None and not dry:
            journal.complete_history()
        done += self._history(now_us, hold, dry=dry)
        if journal is not None:
            done.append(_retired(journal, now_us, hold, dry=dry))
        done.sort(key=lambda removal: (removal.class_name, removal.what))
        if not dry:
            told = [asdict(removal) for removal in done if removal.due]
            self._log.note(self._by, "retention", "every class", over=told, on_hold=len(hold.names))
        return done

    def _history(self, now_us: int, hold: Hold, *, dry: bool) -> list[Removal]:
        folder = self._what.history
        hider = Hider(self._store, clock=self._clock)
        if folder is None or not folder.is_dir():
            secrets = hider.due() if dry else hider.rotate()
            return [_secrets(secrets, dry=dry)]
        done = strip_history(folder, hider, now_us, held_accounts=hold.names, dry=dry)
        hidden, rows = done.identifiers_hidden, done.rows_deleted
        held, kept = done.identifiers_on_hold, done.rows_on_hold
        return [
            Removal("identifiers_raw", "identifiers in history", hidden + held, held,
                    0 if dry else hidden),
            Removal("live_3y", "rows of history", rows + kept, kept, 0 if dry else rows),
            _secrets(done.secrets_destroyed, dry=dry),
        ]  # fmt: skip


def _retired(journal: Journal, now_us: int, hold: Hold, *, dry: bool) -> Removal:
    over_us = CLASSES["live_3y"].before_us(now_us)
    gone = journal.retire(now_us, hold.names, rows_over_us=over_us, dry=dry)
    return Removal("identifiers_raw", "records of the journal", gone.due, gone.held, gone.removed)


def _secrets(number: int, *, dry: bool) -> Removal:
    return Removal("identifiers_raw", "secrets of identifiers", number, 0, 0 if dry else number)
