"""Pictures of a comparison, as SVG text: the same comparison gives the same bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .compare import Comparison
from .deployment import Row
from .search import Found

# Okabe and Ito's palette, told apart by readers with any colour vision
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"
_POPULATION_COLOURS = {"z": BLUE, "i": ORANGE, "o": GREEN, "s": PURPLE, "d": BLUE, "h": GREEN}
_WIDTH = 9.0


def accuracy(comparison: Comparison) -> str:
    """Accuracy of every stage with its 95 % interval, and the margin below the rate model."""
    rows = comparison.rows
    figure, axes = _figure(0.34 * len(rows) + 1.0)
    places = np.arange(len(rows))[::-1]
    best = 100 * rows[0].accuracy.value
    axes.axvspan(best - 100 * comparison.margin, best, color=BLUE, alpha=0.12, lw=0)
    axes.axvline(best, color=BLUE, lw=1)
    for place, row in zip(places, rows, strict=True):
        a = row.accuracy
        axes.plot([100 * a.low, 100 * a.high], [place, place], color=GREY, lw=1.5)
        axes.plot(100 * a.value, place, "o", color=BLUE if row is rows[0] else ORANGE, ms=6)
    axes.set_yticks(places, [row.name for row in rows])
    axes.set_xlabel("accuracy, %  (bar: 95 % interval; band: margin below the rate model)")
    axes.grid(axis="x", color="#dddddd", lw=0.6)
    return _svg(figure, "accuracy")


def waterfall(comparison: Comparison) -> str:
    """Points won and lost at every step from a stage to the next."""
    rows = comparison.rows[1:]
    figure, axes = _figure(0.34 * len(rows) + 1.0)
    places = np.arange(len(rows))[::-1]
    steps = [100 * row.to_before.delta.value if row.to_before else 0.0 for row in rows]
    colours = [ORANGE if step < 0 else GREEN for step in steps]
    axes.barh(places, steps, color=colours, height=0.6)
    for place, step in zip(places, steps, strict=True):
        side = 4 if step >= 0 else -4
        axes.annotate(
            f"{step:+.1f}",
            (step, place),
            (side, 0),
            textcoords="offset points",
            ha="left" if step >= 0 else "right",
            va="center",
            fontsize=8,
        )
    axes.axvline(0, color="#333333", lw=0.8)
    axes.set_yticks(places, [row.name for row in rows])
    axes.margins(x=0.15)
    axes.set_xlabel("points of accuracy against the stage it is made from")
    return _svg(figure, "waterfall")


def levels(comparison: Comparison) -> str:
    """Accuracy of the conversion without data, and its spikes, against the levels K."""
    figure, axes = _figure(3.2)
    counts = [point.levels for point in comparison.levels]
    values = np.array([100 * point.accuracy.value for point in comparison.levels])
    low = values - [100 * point.accuracy.low for point in comparison.levels]
    high = np.array([100 * point.accuracy.high for point in comparison.levels]) - values
    axes.errorbar(counts, values, [low, high], fmt="o-", color=ORANGE, capsize=3, lw=1.5)
    known = [(p.levels, 100 * p.expected) for p in comparison.levels if p.expected is not None]
    if known:
        axes.plot(*zip(*known, strict=True), "x:", color=GREY, lw=1.2, label="foretold")
        axes.legend(frameon=False, fontsize=8, loc="lower right")
    axes.axhline(100 * comparison.rows[0].accuracy.value, color=BLUE, lw=1)
    axes.annotate(
        "rate model",
        (counts[0], 100 * comparison.rows[0].accuracy.value),
        (0, 3),
        textcoords="offset points",
        color=BLUE,
        fontsize=8,
    )
    axes.set_xscale("log", base=2)
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.set_xlabel("levels K per value (no data, no tuning)")
    axes.set_ylabel("accuracy, %", color=ORANGE)
    other = axes.twinx()
    other.spines[["top"]].set_visible(False)
    other.plot(counts, [p.spikes for p in comparison.levels], "s--", color=GREEN, lw=1, ms=4)
    other.set_ylabel("spikes per inference", color=GREEN)
    other.set_ylim(bottom=0)
    return _svg(figure, "levels")


def pareto(found: Found) -> str:
    """Every trial of a search: points lost against cost, and the front that none beats."""
    figure, axes = _figure(3.6)
    costs = [each.cost for each in found.trials]
    lost = [100 * each.lost for each in found.trials]
    axes.axhspan(min([0.0, *lost]), 100 * found.margin, color=BLUE, alpha=0.12, lw=0)
    axes.plot(costs, lost, "o", color=GREY, ms=4, mew=0)
    axes.plot([t.cost for t in found.front], [100 * t.lost for t in found.front], "o-", color=GREEN)
    if found.best is not None:
        place = (found.best.cost, 100 * found.best.lost)
        axes.plot(*place, "o", color=ORANGE, ms=8)
        axes.annotate(f"{found.best.code}", place, (6, 6), textcoords="offset points", fontsize=8)
    if costs and min(costs) > 0:
        axes.set_xscale("log")
    axes.set_xlabel(f"{found.metric} per inference")
    axes.set_ylabel("points lost (band: within the margin)")
    return _svg(figure, "pareto")


def deployment(rows: Sequence[Row], *, margin: float) -> str:
    """Every target: points lost, joules and seconds a sample; what does not fit stands there, too.

    margin  points that may be lost
    """
    figure = Figure(figsize=(_WIDTH, 0.32 * len(rows) + 1.0), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    places = np.arange(len(rows))[::-1]
    values: tuple[Callable[[Row], float | None], ...] = (_lost, _joules, _seconds)
    for axes, value, colour in zip(panels, values, (ORANGE, GREEN, BLUE), strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="x", color="#dddddd", lw=0.6)
        for row, at in zip(rows, places, strict=True):
            found = value(row)
            if found is None:
                _remark(axes, at, "unavailable" if row.fits else "")
            else:
                axes.plot(found, at, "o", color=colour, ms=6)
    lost, energy, latency = panels
    lost.axvspan(min(0.0, lost.get_xlim()[0]), margin, color=BLUE, alpha=0.12, lw=0)
    for row, at in zip(rows, places, strict=True):
        _remark(lost, at, "failed" if row.failure else ", ".join(f.rule for f in row.violations))
    lost.set_yticks(places, [row.target for row in rows])
    lost.set_ylim(-0.6, len(rows) - 0.4)
    lost.set_xlabel("points lost (band: margin)")
    for axes, words in ((energy, "J"), (latency, "s")):
        axes.set_xscale("log")
        axes.set_xlabel(f"{words} a sample, as estimated")
    return _svg(figure, "deployment")


def _remark(axes: Axes, place: float, words: str) -> None:
    where = axes.get_yaxis_transform()
    axes.text(0.03, place, words, transform=where, va="center", color=GREY, fontsize=8)


def _lost(row: Row) -> float | None:
    return row.lost


def _joules(row: Row) -> float | None:
    return None if row.joules is None else row.joules.value


def _seconds(row: Row) -> float | None:
    return None if row.latency is None else row.latency.value


def error(comparison: Comparison) -> str:
    """RMSE of every node of the spiking network against the rate model, step by step."""
    figure, axes = _figure(3.2)
    styles = {"c": "-", "h": "-", "z": "--", "i": "--", "o": "--"}
    for name, values in comparison.drift.items():
        if name == "logits":
            continue
        axes.plot(range(1, len(values) + 1), values, styles.get(name[-1], "-"), label=name, lw=1.4)
    axes.set_xlabel("step")
    axes.set_ylabel("RMSE against the rate model")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8, ncols=3)
    return _svg(figure, "error")


def raster(spikes: Mapping[str, NDArray[Any]]) -> str:
    """Spikes of one sample: a dot where a neuron fired; rows are neurons, by population.

    spikes  {"l0.z": (time, neurons) bool, ...}
    """
    figure, axes = _figure(4.2)
    offset, places, names = 0, [], []
    for name, fired in spikes.items():
        times, neurons = np.nonzero(fired)
        colour = _POPULATION_COLOURS.get(name[-1], GREY)
        axes.plot(times + 1, offset + neurons, "s", color=colour, ms=1.6, mew=0)
        places.append(offset + fired.shape[1] / 2)
        names.append(f"{name} ({fired.shape[1]})")
        offset += fired.shape[1]
        axes.axhline(offset, color="#cccccc", lw=0.6)
    axes.set_yticks(places, names)
    axes.set_xlabel("step")
    axes.set_ylim(0, max(offset, 1))
    return _svg(figure, "raster")


def _figure(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    axes: Axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: Figure, salt: str) -> str:
    """SVG text from its root element on; ids are unique to `salt`, text stays text."""
    buffer = io.StringIO()
    with mpl.rc_context(
        {"svg.hashsalt": salt, "svg.fonttype": "none", "font.family": "sans-serif"}
    ):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # several pictures share a page, and matplotlib numbers its groups from 1 in each
    text = re.sub(r'\bid="', f'id="{salt}-', text)
    text = re.sub(r'href="#', f'href="#{salt}-', text)
    return re.sub(r"url\(#", f"url(#{salt}-", text)
