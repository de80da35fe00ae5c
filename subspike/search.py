"""The cheapest code that loses nothing: a study over codes and their parameters, kept on disk."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from torch import Tensor
from tqdm import tqdm

from converter import calibrate, convert, quantize
from converter.digest import digest
from spiking import (
    Code,
    Coincidence,
    Compound,
    Forgetting,
    Mixed,
    Native,
    Population,
    Rate,
    Shunt,
    SubLSTMClassifier,
)
from spiking.errors import ConfigError, GridError

from .cost import Cost, cost, rate_cost
from .tasks import Task

# codes that a kind of hardware can run
TARGETS = {
    "any": ("compound", "mixed", "population", "rate"),
    "binary": ("mixed", "population", "rate"),
    "portable": ("population",),
}
METRICS: dict[str, Callable[[Cost], float]] = {
    "energy": lambda found: found.energy,
    "latency": lambda found: float(found.micro_steps),
    "operations": lambda found: found.operations,
    "spikes": lambda found: found.spikes,
}
_ABOUT = "subspike"


@dataclass(frozen=True)
class Tried:
    """One finished trial.

    code, forget  what was converted with; forget None where it is a constant
    lost          share of accuracy lost against the rate model, on the same samples
    cost          in the study's metric, per inference
    """

    code: Code
    forget: Forgetting | None
    lost: float
    cost: float


@dataclass(frozen=True)
class Found:
    """What a search found.

    best     the cheapest trial within the margin, None where there is none
    trials   all finished ones, in order
    front    those that no other beats in both accuracy and cost, cheapest first
    metric, margin, accuracy  of the study; accuracy is the rate model's
    """

    best: Tried | None
    trials: tuple[Tried, ...]
    front: tuple[Tried, ...]
    metric: str
    margin: float
    accuracy: float


@dataclass(frozen=True)
class Question:
    """What a study asks; two studies of different questions are never mixed.

    samples  how many of the last of the training part the trials are measured on
    target   a key of TARGETS: "any" unit that computes, "binary" spikes, "portable" NIR files
    metric   a key of METRICS, per inference
    """

    rate: SubLSTMClassifier
    task: Task
    samples: int = 500
    target: str = "any"
    metric: str = "operations"

    def __post_init__(self) -> None:
        """ConfigError for words that are not known and questions without an answer."""
        for word, value, known in (
            ("target", self.target, TARGETS),
            ("metric", self.metric, METRICS),
        ):
            if value not in known:
                raise ConfigError(f"{word} {value!r} is not known; choose one of {sorted(known)}")
        if not 1 <= self.samples <= len(self.task.train_x):
            raise ConfigError(
                f"samples is {self.samples}; the training part holds {len(self.task.train_x)}"
            )
        if self.target == "portable" and self.gated:
            raise ConfigError(
                "a portable file holds no product of two signals; distil the model first, or "
                "search for target 'binary' or 'any'"
            )

    @property
    def gated(self) -> bool:
        """Whether a product has to be formed."""
        return self.rate.rnn.forget == "gated"

    @property
    def data(self) -> tuple[Tensor, Tensor]:
        """The samples and their labels."""
        return self.task.train_x[-self.samples :], self.task.train_y[-self.samples :]

    @cached_property
    def base(self) -> Cost:
        """The rate model on them."""
        return rate_cost(self.rate, *self.data)

    @cached_property
    def reach(self) -> float:
        """How far the cell neurons of a coincidence have to count; from training data."""
        if not self.gated:
            return 1.0
        return calibrate(self.rate, self.task.train_x[:200]).coincidence().reach

    @property
    def words(self) -> dict[str, Any]:
        """What a study says of itself."""
        return {
            "model": digest(self.rate),
            "task": self.task.name,
            "samples": self.samples,
            "target": self.target,
            "metric": self.metric,
        }


def search(
    question: Question,
    *,
    storage: str | Path,
    margin: float = 0.003,
    trials: int = 40,
    seed: int = 0,
    progress: bool = True,
) -> Found:
    """Find the cheapest code and its parameters that stay within `margin` of the rate model.

    Codes are tried data-free; the test part is not looked at. Finished trials stay in `storage`: a
    search that was killed goes on with the rest, and machines that share a database share a study.

    storage  a file for embedded SQLite, or the URL of a database
    margin   share of accuracy that may be lost
    trials   of the study in all

    Raises ConfigError for numbers that cannot be meant and for a study of another question.
    """
    if not 0.0 <= margin < 1.0 or trials < 1:
        raise ConfigError(f"margin {margin}, trials {trials}: take a share, and at least 1")
    study = _opened(storage, question.words, seed)
    before = _finished(study)
    seen = {_words(trial.params): (trial.values[0], trial.values[1]) for trial in before}

    def objective(trial: optuna.Trial) -> tuple[float, float]:
        chosen = suggested(trial, question)
        key = _words(trial.params)
        if key not in seen:
            seen[key] = _measured(question, *chosen)
        return seen[key]

    left = max(0, trials - len(before))
    # machines that share the study finish it together
    enough = optuna.study.MaxTrialsCallback(trials, states=(optuna.trial.TrialState.COMPLETE,))
    with tqdm(
        total=trials,
        initial=trials - left,
        desc="search",
        unit="trial",
        disable=None if progress else True,
    ) as bar:
        study.optimize(objective, n_trials=left, callbacks=[lambda *_: bar.update(), enough])
    done = [
        Tried(*suggested(optuna.trial.FixedTrial(dict(trial.params)), question), *trial.values)
        for trial in _finished(study)
    ]
    within = [each for each in done if each.lost <= margin]
    return Found(
        best=min(within, key=lambda each: (each.cost, each.lost), default=None),
        trials=tuple(done),
        front=_front(done),
        metric=question.metric,
        margin=margin,
        accuracy=question.base.accuracy,
    )


def suggested(trial: optuna.trial.BaseTrial, question: Question) -> tuple[Code, Forgetting | None]:
    """A code and a way to form the forget, from a trial's choices."""
    kind = trial.suggest_categorical("code", TARGETS[question.target])
    code: Code
    if kind == "compound":
        levels = trial.suggest_int("compound levels", 2, 64, log=True)
        code = Compound(levels, trial.suggest_categorical("message", ("bits", "delta")))
    elif kind == "mixed":
        halves = [trial.suggest_int(f"half the {part} levels", 1, 16, log=True) for part in "uh"]
        code = Mixed(Population(2 * halves[0]), Population(2 * halves[1]))
    elif kind == "rate":
        opponent = trial.suggest_categorical("opponent", (False, True))
        code = Rate(trial.suggest_int("steps", 1, 16, log=True), opponent=opponent)
    else:
        half = trial.suggest_int("half the levels", 1, 16, log=True)
        code = Population(2 * half, two_sided=trial.suggest_categorical("two-sided", (False, True)))
    if not question.gated:
        return code, None
    if kind == "compound":
        return code, Native()
    if trial.suggest_categorical("forget", ("coincidence", "shunt")) == "shunt":
        return code, Shunt(trial.suggest_int("shift", 2, 8))
    levels = 2 * trial.suggest_int("half the cell neurons", 4, 64, log=True)
    return code, Coincidence(trial.suggest_int("leaks", 6, 32, log=True), 2, levels, question.reach)


def _measured(question: Question, code: Code, forget: Forgetting | None) -> tuple[float, float]:
    """Share of accuracy lost, and the cost."""
    task = question.task
    net = convert(question.rate, code=code, forget=forget).network
    try:
        net = quantize(net, input_bits=task.input_bits, input_max=task.input_max)
    except GridError as error:
        raise optuna.TrialPruned(str(error)) from error
    found = cost(net, *question.data)
    return question.base.accuracy - found.accuracy, METRICS[question.metric](found)


def _opened(storage: str | Path, about: Mapping[str, Any], seed: int) -> optuna.Study:
    url = storage if isinstance(storage, str) and "://" in storage else f"sqlite:///{storage}"
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        try:
            study = optuna.create_study(
                study_name="subspike",
                storage=url,
                directions=["minimize", "minimize"],
                load_if_exists=True,
            )
        except Exception as error:
            raise ConfigError(f"{url}: no study can be kept there ({error})") from error
        # a resumed study must not propose again what it began with
        study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))
    known = study.user_attrs.get(_ABOUT)
    if known is None and study.trials:
        raise ConfigError(f"{url}: holds a study that is not one of ours")
    if known is None:
        study.set_user_attr(_ABOUT, dict(about))
    elif known != about:
        wrong = sorted(name for name in about if known.get(name) != about[name])
        raise ConfigError(
            f"{url}: holds a study of another {' and '.join(wrong)}; name another file, or the "
            "model and words that it was begun with"
        )
    return study


def _finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))


def _words(params: Mapping[str, Any]) -> str:
    return repr(sorted(params.items()))


def _front(done: list[Tried]) -> tuple[Tried, ...]:
    kept, best = [], np.inf
    for each in sorted(done, key=lambda t: (t.cost, t.lost)):
        if each.lost < best:
            kept.append(each)
            best = each.lost
    return tuple(kept)
