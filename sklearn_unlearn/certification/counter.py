"""Publications counted outside of the model, so that no backup forgets how many."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeAlias

from sklearn_unlearn.exceptions import PublicationClaimedError

#: Called with the name of a lineage, the number of a publication and a digest of it;
#: gives the digest that this number belongs to, now and for ever.
Counter: TypeAlias = Callable[[str, int, str], str]

_REHEARSED: ContextVar[bool] = ContextVar("rehearsed", default=False)


class FolderCounter:
    """A counter of publications that is a folder with a file for each.

    For ``GaussianCertification(counter=...)``. A file is created where there is none,
    by one of all who try, and is on the disk before anything is published. Keep the
    folder where all copies of a model reach it, and out of what is restored with them.

    Parameters
    ----------
    folder : str or path-like
        Exists. It takes hard links, which file systems of Unix and NTFS do.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_unlearn.certification import FolderCounter
    >>> with TemporaryDirectory() as folder:
    ...     counter = FolderCounter(folder)
    ...     first, second = counter("5eed", 1, "aa"), counter("5eed", 1, "bb")
    >>> first, second
    ('aa', 'aa')
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = os.fspath(folder)

    def __call__(self, name: str, publication: int, digest: str) -> str:
        """Claim a number, unless it is claimed.

        Parameters
        ----------
        name : str
            Of a lineage.
        publication : int
        digest : str

        Returns
        -------
        str
            The digest under which the number is claimed.

        Raises
        ------
        OSError
            If the folder cannot be written to. Then nothing is published.
        """
        place = self._place(name, publication)
        # whole before it has its name: no reader finds half of it
        draft = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
        try:
            with draft.open("x", encoding="ascii") as file:
                file.write(digest)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, place)
            except FileExistsError:
                return place.read_text(encoding="ascii")
        finally:
            draft.unlink(missing_ok=True)
        _write_names(place.parent)
        return digest

    def claimed(self, name: str, publication: int) -> str | None:
        """The digest under which a number is claimed; None if it is not."""
        place = self._place(name, publication)
        return place.read_text(encoding="ascii") if place.exists() else None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.folder!r})"

    def _place(self, name: str, publication: int) -> Path:
        if re.fullmatch(r"[\w-]+", name, re.ASCII) is None:
            raise ValueError(f"name must be that of a lineage; got {name!r}.")
        return Path(self.folder) / f"{name}.{int(publication)}"


def claim(counter: Counter | None, name: str, publication: int, digest: str) -> str:
    """Have a publication counted before it is drawn.

    Returns
    -------
    str
        The digest; empty without a counter.

    Raises
    ------
    PublicationClaimedError
        If the number belongs to another publication.
    TypeError
        If the counter says nothing.
    """
    if counter is None or _REHEARSED.get():
        return ""
    found = counter(name, publication, digest)
    if not isinstance(found, str):
        raise TypeError(
            "counter must return the digest, a str, that the number is claimed under; "
            f"got {type(found).__name__}."
        )
    if found != digest:
        raise PublicationClaimedError(
            f"Publication {publication} of this fit has been claimed for another one: "
            "by a copy of the model, by the model of which this is an older backup, or "
            "by a request that was interrupted and has to be repeated as it was. "
            "Continue with that model, or fit again."
        )
    return digest


@contextmanager
def rehearsal() -> Iterator[None]:
    """While inside, publications are not counted: of copies that nobody is shown."""
    token = _REHEARSED.set(True)
    try:
        yield
    finally:
        _REHEARSED.reset(token)


def _write_names(folder: Path) -> None:
    """Have the names in a folder on the disk, where a folder can be opened for it."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
