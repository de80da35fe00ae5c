"""One self-contained HTML page: verdict, table, pictures, and where the numbers are from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from spiking.files import write_whole

from . import pictures
from .compare import Comparison, Row
from .report import COLUMNS, headline

_STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
_WORDS = {
    "PASS": "the whole 95 % interval of the difference lies above minus the margin",
    "WITHIN": "the measured loss keeps the margin, but this many samples cannot prove it",
    "DEGRADED": "the measured loss exceeds the margin, its interval reaches across it",
    "FAIL": "the whole interval lies below minus the margin",
    "step": "points of accuracy against the stage that this one is made from",
    "agree": "share of test samples that are decided as the rate model decides",
    "McNemar": "how likely so uneven a split of won and lost samples is by chance",
    "differing": "spikes that differ from the named stage, bin by bin; 0 means bit for bit equal",
    "synops": "a spike counted once for every neuron that it reaches over a weight that is not 0",
    "resolution": "the smallest difference that this number of test samples can show",
}


def page(comparison: Comparison, *, raster: Mapping[str, NDArray[Any]] | None = None) -> str:
    """The report as HTML text; needs no network and no script.

    raster  spikes of one sample, {"l0.z": (time, neurons), ...}
    """
    who = comparison.identity
    columns = COLUMNS | {"compared with": _against}
    shown = [
        ("Accuracy, stage by stage", pictures.accuracy(comparison)),
        ("Where points were won and lost", pictures.waterfall(comparison)),
    ]
    if comparison.levels:
        shown.append(("More levels, more spikes", pictures.levels(comparison)))
    if comparison.drift:
        shown.append(("Error of every node over time", pictures.error(comparison)))
    if raster:
        shown.append(("Spikes of the first test sample", pictures.raster(raster)))
    facts = {
        "data": f"{who.data}: {who.split}",
        "conversion saw": who.calibration,
        "code": who.code,
        "test samples": str(comparison.samples),
        "resolution": f"{100 * comparison.resolution:.2f} points",
        "margin": f"{100 * comparison.margin:g} points",
        "rate model (sha256)": who.model,
        "seed, device": f"{who.seed}, {who.device}",
        "command": who.command,
        "commit": who.commit,
        "versions": ", ".join(f"{name} {version}" for name, version in who.versions.items()),
    }
    missing = [(gone.name, gone.reason) for gone in comparison.missing]
    parts = [
        f'<p class="verdict {comparison.verdict.lower()}">{escape(headline(comparison))}</p>',
        _table(
            columns,
            [[cell(row) for cell in columns.values()] for row in comparison.rows],
            kind="numbers",
        ),
        _section("Not run", _table(("stage", "reason"), missing)) if missing else "",
        *(_figure(title, svg) for title, svg in shown),
        _section(
            "How each node was converted",
            _table(("node", "fidelity", "reason"), comparison.coverage),
        ),
        _section("Where the numbers are from", _table(("", ""), facts.items())),
        _section("Words", _table(("", ""), _WORDS.items())),
    ]
    title = f"subspike: {who.data}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>Rate model against its spiking network</h1>{''.join(parts)}</main></body></html>\n"
    )


def write_page(
    comparison: Comparison, path: Path, *, raster: Mapping[str, NDArray[Any]] | None = None
) -> None:
    """Write `page`; the file appears whole or not at all."""
    write_whole(path, page(comparison, raster=raster).encode())


def _against(row: Row) -> str:
    return row.against or "-"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]], *, kind: str = "words") -> str:
    top = "".join(f"<th>{escape(word)}</th>" for word in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f'<div class="wide"><table class="{kind}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _figure(title: str, svg: str) -> str:
    labelled = svg.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)
    return f"<figure><figcaption>{escape(title)}</figcaption>{labelled}</figure>"
