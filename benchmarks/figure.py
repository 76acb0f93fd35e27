"""Figures of the benchmarks, drawn by matplotlib where that is installed."""

from __future__ import annotations

from pathlib import Path

#: Curves that lie on one another are told apart by their dashes.
_STYLES = ("o-", "s-", "D--", "^:")


def curves(path, panels, *, x, y):
    """Write panels beside one another, of curves on logarithmic axes.

    Parameters
    ----------
    path : path-like
        The suffix chooses the format, .svg or .png for instance.
    panels : dict of str to dict of str to list of (float, float)
        Title of each panel to its curves: label to points.
    x, y : str
        Names of the axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed; the message names the extra.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "Figures of the benchmarks need matplotlib: install "
            '"sklearn-unlearn[plot]".'
        ) from error
    # text as text, and the same bytes for the same figures
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "benchmarks"}):
        drawing = Figure(figsize=(9.0, 4.0), layout="constrained")
        axes = drawing.subplots(
            1, len(panels), sharex=True, sharey=True, squeeze=False
        )[0]
        for ax, (title, lines) in zip(axes, panels.items(), strict=True):
            for style, (label, points) in zip(_STYLES, lines.items(), strict=False):
                ax.loglog(*zip(*points, strict=True), style, label=label)
            ax.set(title=title, xlabel=x)
            ax.grid(alpha=0.3)
        axes[0].set_ylabel(y)
        drawing.legend(
            *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4
        )
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        stamp = {"Date": None} if Path(path).suffix == ".svg" else None
        drawing.savefig(path, metadata=stamp)
