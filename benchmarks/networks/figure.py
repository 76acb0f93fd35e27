"""The figure of test accuracy against seconds."""

from __future__ import annotations

from pathlib import Path


def accuracies(path, before, curves):
    """Write accuracy against seconds of each method.

    Parameters
    ----------
    path : path-like
        The suffix chooses the format, .svg or .png for instance.
    before : float
        Accuracy at no time.
    curves : dict of str to list of (float, float)
        Points of seconds and accuracy; a single one is drawn as a cross.

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
        drawing = Figure(figsize=(9.0, 4.5), layout="constrained")
        ax = drawing.subplots()
        for name, points in curves.items():
            seconds, accuracy = zip(*points, strict=True)
            if len(points) == 1:
                ax.plot(seconds, accuracy, "x", label=name)
            else:
                style = "s-" if "Levenberg" in name else ".--"
                ax.plot(seconds, accuracy, style, label=name, linewidth=1.0)
        ax.axhline(before, color="gray", linewidth=0.5)
        ax.set(xscale="log", xlabel="seconds of processor time", ylabel="test accuracy")
        ax.grid(alpha=0.3)
        drawing.legend(loc="outside right")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        stamp = {"Date": None} if Path(path).suffix == ".svg" else None
        drawing.savefig(path, metadata=stamp)
