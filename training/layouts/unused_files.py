"""What becomes of each file of a folder whose tables were read: used, or left out, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from resnet_hub.errors import Phrase

from .folders import kind_of_file
from .ledger import Ledger
from .scanning import Scan, quoted, shown


def names_in(scan: Scan) -> Iterator[str]:
    """Every regular file of a folder, from it."""
    for folder in scan.tree.walk():
        others = (name for names in folder.others.values() for name in names)
        yield from map(folder.inside, chain(folder.images, folder.tables, folder.cards, folder.archives, others))


def account_for(scan: Scan, used: Collection[str], tables: Collection[str], ledger: Ledger) -> None:
    """Tells the ledger of every file.

    Args:
        scan: The folder.
        used: The files that rows name.
        tables: The files that rows are from; none where a card names the images.
        ledger: Is told.
    """
    ledger.see("files", scan.files)
    ledger.use_files("table", len(tables))
    ledger.use_files("image", len(used))
    not_named = Phrase("tables.not_named", tables=quoted(sorted(tables))) if tables else Phrase("tables.not_of_config")
    for folder in scan.tree.walk():
        groups: list[tuple[Phrase, Sequence[str]]] = [
            (not_named, folder.images),
            (Phrase("tables.not_read"), folder.tables),
        ]
        groups += [(Phrase("ledger.archive"), folder.archives)]
        groups += [(Phrase("ledger.no_image", found=kind_of_file(kind)), some) for kind, some in folder.others.items()]
        for reason, names in groups:
            rest = [name for name in map(folder.inside, names) if name not in used and name not in tables]
            ledger.leave_out("files", reason, map(shown, rest))
        ledger.use_files("card", len(folder.cards))
    for reason, path in scan.unread:
        ledger.leave_out("files", reason, [shown(path)])
