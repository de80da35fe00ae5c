"""A network on every target: does it fit, what is lost, does the vendor's simulator agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from numpy.typing import NDArray
from tqdm import tqdm

from hardware import (
    TARGETS,
    Configuration,
    Estimate,
    Run,
    Target,
    Violation,
    deploy,
    emulate,
    map_with_vendor,
    simulate,
)
from hardware.energy import break_even, unavailable
from spiking import dense_macs
from spiking.errors import (
    DoesNotFitError,
    MissingSoftwareError,
    SubspikeError,
    WorkerError,
)

from .order import FORMS, Form, Order
from .statistics import Interval, wilson
from .tasks import Task

# what `--target` takes for every one of them
ALL = "all"
# bytes of recorded spikes and states at a time
_MOST_BYTES = 2**28


@dataclass(frozen=True)
class Match:
    """A vendor's simulator beside our emulator.

    differing, total  spikes and readings that differ, of how many; None where it was not run
    reason            why it was not
    """

    simulator: str
    differing: int | None
    total: int
    reason: str = ""


@dataclass(frozen=True)
class Board:
    """What the vendor's mapper made of a network.

    chips             in use; None where it was not run
    entries           of the fullest routing table
    differing, total  numbers that it would load and that are not ours, of how many
    reason            why it was not run
    """

    mapper: str
    chips: int | None = None
    entries: int = 0
    differing: int = 0
    total: int = 0
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Row:
    """One target.

    violations  what does not fit
    failure     what went wrong otherwise, "" for nothing
    accuracy    on `samples` test samples, in our emulator
    lost        points to the float spiking network on the same samples
    spikes, synops, ticks  per sample; a graded spike counts once
    payload     bits of the numbers that graded spikes carry, per sample; 0 without any
    energy, latency  per sample, over the `compared` samples that simulators ran too
    rate        spikes of a neuron in a tick, on those samples
    break_even  the rate below which the bit-matched rate model costs more; None without a table
    used        of every resource, the fullest core: (used, limit or None)
    board       by the vendor's mapper, whose placement cores and used are then; None without one
    """

    target: str
    violations: tuple[Violation, ...] = ()
    failure: str = ""
    samples: int = 0
    accuracy: Interval | None = None
    lost: float | None = None
    matches: tuple[Match, ...] = ()
    compared: int = 0
    spikes: float | None = None
    synops: float | None = None
    payload: float = 0.0
    ticks: int | None = None
    energy: tuple[Estimate, ...] = ()
    latency: Estimate | None = None
    rate: float | None = None
    break_even: float | None = None
    cores: int | None = None
    used: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)
    board: Board | None = None
    notes: tuple[str, ...] = ()

    @property
    def joules(self) -> Estimate | None:
        """The best estimate of energy that has a value."""
        return next((each for each in self.energy if each.value is not None), None)

    @property
    def fits(self) -> bool:
        """Whether it ran at all."""
        return not self.violations and not self.failure


def deployed(order: Order, targets: Sequence[str]) -> list[Row]:
    """A row per target, whatever becomes of the others."""
    task = order.task
    part = replace(task, test_x=task.test_x[: order.samples], test_y=task.test_y[: order.samples])
    with torch.no_grad():
        decided = torch.cat([order.net(x).argmax(1) for x in part.test_x.split(256)])
    reference = float((decided == part.test_y).double().mean())
    rows = []
    bar = tqdm(targets, "deploy", unit="target", disable=None if order.progress else True)
    for name in bar:
        bar.set_postfix_str(name)
        target = TARGETS[name]
        try:
            form = FORMS[target.family.refusal.rule](order, target)
            row = _row(order, target, form, part)
            lost = None if row.accuracy is None else 100.0 * (reference - row.accuracy.value)
            rows.append(replace(row, lost=lost))
        except SubspikeError as error:
            rows.append(Row(name, failure=f"{type(error).__name__}: {error}"))
    return rows


def _row(order: Order, target: Target, form: Form, task: Task) -> Row:
    """The target's row on the test part of `task`."""
    notes = (form.note,) if form.note else ()
    try:
        whole = deploy(form.graph, target, dt=form.dt)
        whole, board = _mapped(target, whole, order.seconds)
    except DoesNotFitError as error:
        faults = tuple(each for each in error.violations if isinstance(each, Violation))
        return Row(target.name, violations=faults, notes=notes)
    correct = fired = synops = payload = 0
    count = _at_once(whole, form, task)
    parts = range(0, len(task.test_x), count)
    for start in tqdm(parts, target.name, leave=False, disable=None if order.progress else True):
        run = emulate(whole.network, form.encode(task.test_x[start : start + count]))
        decided = run.outputs[:, -1].argmax(1)
        correct += int((decided == task.test_y[start : start + count].numpy()).sum())
        fired, synops = fired + int(run.fired.sum()), synops + int(run.synops.sum())
        payload += int(run.payload.sum())
    samples = len(task.test_x)
    first = form.encode(task.test_x[: order.compared])
    run = emulate(whole.network, first)
    placement = whole.placement
    return Row(
        target.name,
        samples=samples,
        accuracy=wilson(correct, samples),
        matches=_matches(target, whole, first, run, order.seconds),
        compared=len(first),
        spikes=fired / samples,
        synops=synops / samples,
        payload=payload / samples,
        ticks=run.ticks,
        energy=tuple(_measured(meter, whole, run, "energy", "J") for meter in target.energy),
        latency=_measured(target.seconds, whole, run, "latency", "s"),
        rate=float(run.fired.mean()) / run.updates,
        break_even=_break_even(order, target, whole),
        cores=placement.count,
        used={
            name: (int(used.max(initial=0)), placement.limits.get(name))
            for name, used in placement.used.items()
        },
        board=board,
        notes=(*notes, *whole.network.notes, *_footprint(target, whole)),
    )


def _mapped(
    target: Target, whole: Configuration, seconds: float
) -> tuple[Configuration, Board | None]:
    """With the placement of the vendor's mapper, or with our own and why."""
    if target.mapper is None:
        return whole, None
    name = target.mapper.software.name
    try:
        found = map_with_vendor(whole, seconds=seconds)
    except (MissingSoftwareError, WorkerError) as error:
        return whole, Board(name, reason=str(error))
    entries = int(found.entries[:, 2].max(initial=0))
    board = Board(name, found.chips, entries, found.differing, found.total)
    return replace(whole, placement=found.placement), board


def _footprint(target: Target, whole: Configuration) -> tuple[str, ...]:
    """What the vendor's mapper takes of the chip; where it refuses, its error is the row's."""
    if target.footprint is None:
        return ()
    try:
        taken = target.footprint(whole)
    except MissingSoftwareError as error:
        return (f"not mapped by the vendor's tool: {error}",)
    each = ", ".join(f"{count} {name}" for name, count in taken.items())
    return (f"mapped by the vendor's tool: {each}",)


def _break_even(order: Order, target: Target, whole: Configuration) -> float | None:
    if target.table is None:
        return None
    rnn, classes = order.rate.rnn, order.task.classes
    steps = order.task.steps
    macs = dense_macs(rnn, steps=steps, classes=classes) / steps
    return break_even(target.table, whole.network, macs=macs)


def _at_once(whole: Configuration, form: Form, task: Task) -> int:
    """Samples whose spikes and inputs fit into memory together."""
    network = whole.network
    steps = form.encode(task.test_x[:1]).shape[1]
    each = steps * network.ticks * (sum(map(len, network.groups)) + 8 * network.entry.channels)
    return max(1, min(256, _MOST_BYTES // each))


def _matches(
    target: Target, whole: Configuration, inputs: NDArray[Any], ours: Run, seconds: float
) -> tuple[Match, ...]:
    found = []
    for simulator in target.simulators:
        try:
            theirs = simulate(
                whole, inputs, simulator=simulator.name, guarded=True, seconds=seconds
            )
        except SubspikeError as error:
            found.append(Match(simulator.name, None, 0, str(error)))
            continue
        pairs: list[tuple[NDArray[Any], NDArray[Any]]] = [(ours.outputs, theirs.outputs)]
        pairs += [(ours.trace.spikes[name], each) for name, each in theirs.trace.spikes.items()]
        differing = sum(int((a != b).sum()) for a, b in pairs)
        found.append(Match(simulator.name, differing, sum(b.size for _, b in pairs)))
    return tuple(found)


def _measured(
    meter: Callable[[Configuration, Run], Estimate],
    whole: Configuration,
    run: Run,
    quantity: str,
    unit: str,
) -> Estimate:
    """What the meter says; a meter whose software is missing is unavailable, with the command."""
    try:
        return meter(whole, run)
    except MissingSoftwareError as error:
        return unavailable(quantity, unit, str(error))
