"""Verbs that answer a question about a model: how many levels, which code, why was it lost."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from converter import convert, load_network, predict_levels
from spiking import Compound, Native
from spiking.errors import ConfigError, ShapeError
from spiking.files import write_whole
from spiking.npz import read_npz

from . import pictures
from .answer import DONE, NO, Answer
from .commands import rate_of, task_of
from .cost import cost
from .diagnose import diagnose as examine
from .search import Question, Tried
from .search import search as look_for

_MOST_BYTES = 2**30


def predict(given: Namespace) -> Answer:
    """Levels that a model needs, from one run with noise on training samples."""
    task, rate = task_of(given), rate_of(given.rate)
    x, y = task.train_x[-given.samples :], task.train_y[-given.samples :]
    found = predict_levels(rate, x, y, margin=given.margin / 100.0, seed=given.seed)
    head = (
        f"rate model {found.accuracy:.1%} on {len(y)} training samples; noise of h grows by "
        f"{found.gain:.2f}"
    )
    tail = (
        f"{found.needed} levels keep {given.margin:g} points; a code that rounds every gate needs "
        "about twice as many"
    )
    curve = [
        f"  {levels:>3} levels: {expected:.1%} expected, RMSE of h {rmse:.3f}"
        for levels, expected, rmse in zip(found.levels, found.expected, found.rmse, strict=True)
    ]
    data = asdict(found)
    if given.measure:
        forget = Native() if rate.rnn.forget == "gated" else None
        networks = [convert(rate, code=Compound(k), forget=forget).network for k in found.levels]
        data["measured"] = [cost(net, x, y).accuracy for net in networks]
        curve = [
            f"{line}; {share:.1%} measured"
            for line, share in zip(curve, data["measured"], strict=True)
        ]
    return Answer("\n".join([head, *curve, tail]), data)


def search(given: Namespace) -> Answer:
    """The cheapest code within the margin, its study and its picture."""
    task, rate = task_of(given), rate_of(given.rate)
    question = Question(rate, task, samples=given.samples, target=given.target, metric=given.metric)
    given.out.mkdir(parents=True, exist_ok=True)
    found = look_for(
        question,
        storage=given.storage or given.out / "study.db",
        margin=given.margin / 100.0,
        trials=given.trials,
        seed=given.seed,
        progress=not given.quiet,
    )
    write_whole(given.out / "pareto.svg", pictures.pareto(found).encode())
    head = (
        f"{len(found.trials)} trials on {question.samples} training samples; rate model "
        f"{found.accuracy:.1%}"
    )
    tail = f"nothing keeps {given.margin:g} points; take more trials or a wider margin"
    if found.best:
        tail = f"cheapest within {given.margin:g} points: {_words(found.best, found.metric)}"
    front = [f"  {_words(each, found.metric)}" for each in found.front]
    lines = [head, *front, tail, str(given.out / "pareto.svg")]
    data = {
        "best": _plain(found.best),
        "front": [_plain(each) for each in found.front],
        "trials": len(found.trials),
        "metric": found.metric,
        "accuracy": found.accuracy,
    }
    return Answer("\n".join(lines), data, DONE if found.best else NO)


def diagnose(given: Namespace) -> Answer:
    """Why a network is worse than its rate model, or an engine worse than the network."""
    task, rate, net = task_of(given), rate_of(given.rate), load_network(given.network)
    x, y = task.train_x[-given.samples :], task.train_y[-given.samples :]
    observed = None
    if given.observed is not None:
        arrays = read_npz(given.observed, most_bytes=_MOST_BYTES)
        if "logits" not in arrays:
            raise ConfigError(f"{given.observed}: holds {sorted(arrays)}, no array 'logits'")
        if len(arrays["logits"]) != len(y):
            raise ShapeError(
                f"{given.observed}: logits of {len(arrays['logits'])} samples; run the engine on "
                f"the last {len(y)} of the training part"
            )
        observed = torch.from_numpy(arrays["logits"].astype(np.float32))
    found = examine(rate, net, x, y, observed=observed)
    head = (
        f"rate model {found.rate:.1%}, examined {found.spiking:.1%}, "
        f"{found.agreement:.1%} decided alike ({len(y)} training samples)"
    )
    lines = [head]
    for place, cause in enumerate(found.causes, 1):
        lines += [
            f"{place}. {cause.name}: {cause.evidence}",
            f"   putting it right wins {100 * cause.gain:+.1f} points: {cause.remedy}",
        ]
    if not found.causes:
        lines.append("no suspect wins a tenth of the loss back")
    lines.append(f"innocent: {', '.join(found.cleared) or 'none'}")
    return Answer("\n".join(lines), asdict(found), NO if found.causes else DONE)


def _words(tried: Tried, metric: str) -> str:
    forget = "" if tried.forget is None else f", forget {tried.forget}"
    return f"{tried.code}{forget}: {100 * tried.lost:+.2f} points lost, {tried.cost:.4g} {metric}"


def _plain(tried: Tried | None) -> dict[str, Any] | None:
    if tried is None:
        return None
    forget = None if tried.forget is None else repr(tried.forget)
    return {"code": repr(tried.code), "forget": forget, "lost": tried.lost, "cost": tried.cost}
