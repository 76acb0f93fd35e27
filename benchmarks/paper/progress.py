"""A progress bar for people who watch."""

from __future__ import annotations

from contextlib import contextmanager

from sklearn_unlearn.utils.optional import import_optional


class Progress:
    """What the study tells of its progress; here to nobody."""

    def begin(self, text, n_requests):
        """A data set with so many requests."""

    def describe(self, text):
        """What is being done."""

    def advance(self):
        """A request has been answered."""


class Bar(Progress):
    """A bar for each data set.

    Parameters
    ----------
    shown : rich.progress.Progress
    """

    def __init__(self, shown):
        self._shown, self._task = shown, None

    def begin(self, text, n_requests):
        self._task = self._shown.add_task(text, total=n_requests)

    def describe(self, text):
        self._shown.update(self._task, description=text)

    def advance(self):
        self._shown.advance(self._task)


@contextmanager
def progress(wanted):
    """A bar while inside, if one is wanted."""
    if not wanted:
        yield Progress()
        return
    rich = import_optional("rich.progress", "The study's progress bar", "study")
    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TimeElapsedColumn(),
    )
    with rich.Progress(*columns) as shown:
        yield Bar(shown)
