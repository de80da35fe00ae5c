"""Networks in any spike code, as the C++ core runs them: their numbers, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from . import kernels
from .coded_layer import CodedLayer, CodedState
from .coded_numbers import known, numbers_of, parts, signals
from .codes.compound import signed_digits
from .forgetting import Coincidence, Shunt
from .kernels import Coder, Numbers, Start, Told


class Ran(NamedTuple):
    """A whole sequence, before the readout; the words are those of `NetworkRun`.

    counts  h of the top layer in quanta   # (batch, time, hidden)
    """

    counts: Tensor
    state: tuple[CodedState, ...]
    totals: dict[str, Tensor]
    spikes: dict[str, Tensor]
    cells: dict[str, Tensor]


def can_compile(stack: Sequence[CodedLayer], x: Tensor, *, record: bool = False) -> bool:
    """Whether the core is there and has every code and way to forget of these layers.

    Neurons that shunt or coincide are counted there, not recorded.
    """
    unseen = record and any(isinstance(each.forgetting, Shunt | Coincidence) for each in stack)
    return not unseen and all(map(known, stack)) and kernels.usable(x)


@torch.no_grad()
def run_compiled(
    stack: Sequence[CodedLayer],
    x: Tensor,
    state: Sequence[CodedState],
    *,
    lengths: Tensor | None,
    record: bool,
) -> Ran:
    """Layer after layer over x (batch, time, input) as received; see `CodedNetwork.run`."""
    value, told = x.transpose(0, 1), x.new_zeros(len(x), x.shape[2])
    ran = Ran(x, (), {}, {}, {})
    for index, (layer, before) in enumerate(zip(stack, state, strict=True)):
        numbers = numbers_of(layer, held=True)
        start = _start(before, told, numbers)
        done = kernels.run_coded(value, numbers, start, lengths=lengths, record=record)
        after = _after(layer, before, done, numbers, told=told, last=value[-1])
        ran = ran._replace(state=(*ran.state, after))
        found = {"totals": _totals(layer, done, numbers)}
        if record:
            found["spikes"] = _trains(layer, before, done, numbers)
            found["cells"] = {"c": done.cells, "h": done.counts}
            found["cells"] = {n: v / layer.code.levels for n, v in found["cells"].items()}
        for field, values in found.items():
            named = {f"l{index}.{name}": value for name, value in values.items()}
            getattr(ran, field).update(named)
        value, told = done.counts, before.counts
    spikes, cells = ({k: v.transpose(0, 1) for k, v in each.items()} for each in ran[3:])
    return Ran(value.transpose(0, 1), ran.state, ran.totals, spikes, cells)


def compiled_twin(stack: Sequence[CodedLayer], x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The twin from silence, differentiable, over x (batch, time, input) as received.

    returns  h of the top layer in quanta, and {"l0.h": ..., "l0.c": ...} as values, c without
             gradient; each (batch, time, hidden)
    """
    value, trace = x.transpose(0, 1), {}
    for index, layer in enumerate(stack):
        # off the grid changes that add up would drift away from the whole
        numbers = numbers_of(layer, held=False)
        told = value.new_zeros(value.shape[1:])
        start = _start(layer.initial_state(len(x)), told, numbers)
        value, cell = kernels.run_coded_twin(value, numbers, start)
        trace[f"l{index}.c"] = cell.transpose(0, 1)
        trace[f"l{index}.h"] = value.transpose(0, 1) / layer.code.levels
    return value.transpose(0, 1), trace


def _start(before: CodedState, told: Tensor, numbers: Numbers) -> Start:
    silent = torch.zeros_like(before.cell)
    memory = [before.memory[n] if n in _membranes(numbers) else silent for n in signals(numbers)]
    heard = before.heard + before.below if numbers.held_in else before.heard
    return Start(before.counts, before.cell, torch.stack(memory), heard, told)


def _membranes(numbers: Numbers) -> dict[str, int]:
    """Signals that have one, and where it stands."""
    kinds = [kind for part in (numbers.inner, numbers.outer) for kind in (part.kind,) * 2]
    return {
        name: place
        for place, (name, kind) in enumerate(zip(signals(numbers), kinds, strict=True))
        if name and kind == "rate"
    }


def _after(
    layer: CodedLayer,
    before: CodedState,
    done: Told,
    numbers: Numbers,
    *,
    told: Tensor,
    last: Tensor,
) -> CodedState:
    """The state as `CodedLayer.step` leaves it; the layer below said `told` before, `last` last."""
    counts = done.counts[-1].clone()
    memory = {name: done.memory[place] for name, place in _membranes(numbers).items()}
    if layer.code.persistent:
        memory["h"] = counts.double()
    heard, below = linear(counts, numbers.weight_hh), before.below
    if numbers.held:
        heard = before.heard + linear(counts - before.counts, numbers.weight_hh)
    if numbers.held_in:
        below = before.below + linear(last - told, numbers.weight_ih)
    elif layer.below is not None:
        below = linear(last, numbers.weight_ih)
    return CodedState(done.cell, counts, heard, below, memory)


def _totals(layer: CodedLayer, done: Told, numbers: Numbers) -> dict[str, Tensor]:
    totals = done.totals.long()
    named = {name: n for name, n in zip(signals(numbers), totals, strict=False) if name}
    return named if layer.forgetting is None else named | {"f": totals[4], "f.synops": totals[5]}


def _trains(
    layer: CodedLayer, before: CodedState, done: Told, numbers: Numbers
) -> dict[str, Tensor]:
    """What each spike adds to its value, in quanta of h.  # (time, batch, hidden, wires)"""
    outer = numbers.outer
    scale = outer.levels / numbers.inner.levels
    exact = torch.float64 if numbers.inner.kind == "rate" else torch.float32
    made = _signed(numbers.inner, signals(numbers)[:2], done.inner.to(exact), scale)
    if outer.kind != "compound":
        made |= _signed(outer, signals(numbers)[2:], done.outer.float(), 1.0)
    elif outer.digits:
        made["h"] = signed_digits(done.counts, wires=parts(layer.code)[1].wires)
    else:
        made["h"] = torch.cat([before.counts[None], done.counts]).diff(dim=0).unsqueeze(-1)
    if layer.forgetting is not None:
        made["f"] = done.cells.new_empty(*done.cells.shape, 0)
    return made


def _signed(
    coder: Coder, names: tuple[str, ...], trains: Tensor, scale: float
) -> dict[str, Tensor]:
    """Trains of the core as the code says them; the second of two is subtracted."""
    made = {}
    for place, (name, sign) in enumerate(zip(names, (1.0, -1.0), strict=True)):
        if name:
            train = trains[:, :, place]
            if coder.kind == "population":
                train = kernels.rasters(train.squeeze(-1), coder.signs) * coder.signs
            made[name] = train * (sign * scale)
    return made
