"""A layer in any spike code over time in the C++ core, event by event."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .build import core
from .cpu import CODES, at, fresh, packed
from .spikes import FEWEST_DENSE_ROWS, columns_of, pad_to_vectors, straight_through

# numbers shared with coders.h and coded.cpp
KINDS = {"compound": 0, "population": 1, "rate": 2}
WAYS = {"constant": 0, "native": 1, "shunt": 2, "coincidence": 3}
_SMALL = 10**6  # synaptic weights met by a call below which threads cost more than they bring
_NONE = torch.empty(0, dtype=torch.float64)


class Coder(NamedTuple):
    """How one difference of two values is said; see `spiking.codes` for what the words mean.

    kind        of KINDS
    activation  of both values
    levels      quanta in a value of 1
    thresholds  of a drive, in float64        # (neurons,)
    cell        of a cell in quanta           # (neurons,)
    signs       +1 fires above, -1 below      # (neurons,)
    """

    kind: str
    activation: str
    levels: float
    micro_steps: int = 0
    opponent: bool = False
    hard: bool = False
    carry: bool = False
    digits: bool = False
    thresholds: Tensor = _NONE
    cell: Tensor = _NONE
    signs: Tensor = _NONE

    @property
    def wires(self) -> int:
        """Numbers that a recorded train has for each unit: micro-steps, or one signed count."""
        return max(self.micro_steps, 1)


class Forget(NamedTuple):
    """How f_t c_{t-1} is formed; see `spiking.forgetting` for what the words mean.

    way       of WAYS
    constant  f in float64                                       # (hidden,)
    limits    ascending: of -a for each shunting spike, or of 1 - f for each leak neuron
    scale     g_0, g_1 ... of the leak neurons
    places    |C| from which each cell neuron fires
    """

    way: str
    activation: str = "sigmoid"
    constant: Tensor | None = None
    limits: Tensor = _NONE
    shift: float = 0.0
    one: float = 0.0
    step: float = 0.0
    scale: Tensor = _NONE
    places: Tensor = _NONE


class Numbers(NamedTuple):
    """What a layer computes with; rows are z, i, o (, f).

    weight_ih      per unit of input, or per quantum from below   # (gates * hidden, input)
    weight_hh      per quantum of h                               # (gates * hidden, hidden)
    bias           (gates * hidden,)
    inner, outer   how u = z - i and h = act(c) - o are said
    held, held_in  what the layer says, what it is told: changes that its receivers add up
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor
    inner: Coder
    outer: Coder
    forget: Forget
    held: bool
    held_in: bool


class Start(NamedTuple):
    """What came before the first step.

    counts  h in quanta                                            # (batch, hidden)
    cell    c in quanta                                            # (batch, hidden) float64
    memory  membranes of the signals, two of u and two of h        # (4, batch, hidden) float64
    heard   drives that the first step hears, or that are held     # (batch, gates * hidden)
    inputs  where they are held: the last ones                     # (batch, input)
    """

    counts: Tensor
    cell: Tensor
    memory: Tensor
    heard: Tensor
    inputs: Tensor


class Told(NamedTuple):
    """What a layer did; time first. Only what was asked for is filled, the rest is empty.

    counts  h in quanta                                          # (time, batch, hidden)
    cell    c in quanta after the last step                      # (batch, hidden) float64
    memory  as in `Start`
    totals  spikes of the signals, of f, and their synapses      # (6, batch, hidden) float64
    cells   c in quanta after each step                          # (time, batch, hidden) float64
    inner   trains of u, before their signs                      # (time, batch, 2, hidden, wires)
    outer   trains of h                                          # the same
    values  act(drive), unrounded                                # (time, batch, gates, hidden)
    levels  cell as a value                                      # (time, batch, hidden) float32
    """

    counts: Tensor
    cell: Tensor
    memory: Tensor
    totals: Tensor
    cells: Tensor
    inner: Tensor
    outer: Tensor
    values: Tensor
    levels: Tensor


def _structure(*fields: tuple[str, Any]) -> type[ctypes.Structure]:
    """A C structure: names in order, each string of them with its type."""
    listed = [(name, kind) for names, kind in fields for name in names.split()]
    return type("Fields", (ctypes.Structure,), {"_fields_": listed})


_I, _D, _P = ctypes.c_int32, ctypes.c_double, ctypes.c_void_p
_Coder = _structure(
    ("kind activation micro_steps opponent hard carry above below digits unused", _I),
    ("levels", _D),
    ("drive_above drive_below cell_above cell_below", _P),
)
_Forget = _structure(
    ("way activation count places", _I),
    ("shift one step", _D),
    ("constant limits scale place", _P),
)
_Call = _structure(
    ("steps batch hidden inputs gates workers held held_in", _I),
    ("wires", _I * 2),
    ("scale", _D),
    ("inner outer", _Coder),
    ("forget", _Forget),
)
_Weights = _structure(("in_columns columns in_packed packed bias", _P))
_Start = _structure(("counts heard inputs", _P))
_Results = _structure(("counts cell memory totals cells inner outer values levels lengths", _P))


@torch.no_grad()
def run_coded(
    x: Tensor,
    numbers: Numbers,
    start: Start,
    *,
    lengths: Tensor | None = None,
    record: bool = False,
    learn: bool = False,
) -> Told:
    """The layer over x (time, batch, input) in the C++ core; no gradient.

    lengths  steps whose spikes count in `totals`   # (batch,)
    record   fill cells, inner and outer
    learn    fill values and levels, which a backward needs

    On the fixed-point grid it equals the definition: bit for bit where no sigmoid is computed, and
    where one is, in all but the last bits of the cell.
    """
    library = core().library
    if library is None:
        raise RuntimeError(core().detail)
    x, hidden = x.contiguous(), start.counts.shape[1]
    steps, batch, inputs = x.shape
    gates = len(numbers.bias) // hidden
    dense = batch > FEWEST_DENSE_ROWS
    # arrays must outlive the call, so they are kept by name
    kept = {
        "in_columns": columns_of(numbers.weight_ih, hidden),
        "columns": columns_of(numbers.weight_hh, hidden),
        "in_packed": packed(numbers.weight_ih, gates, hidden) if dense else None,
        "packed": packed(numbers.weight_hh, gates, hidden) if dense else None,
        "bias": pad_to_vectors(numbers.bias.view(gates, hidden)),
    }
    before = {
        "counts": start.counts.contiguous(),
        "heard": pad_to_vectors(start.heard.view(batch, gates, hidden)),
        "inputs": start.inputs.contiguous(),
    }
    none, double = x.new_empty(0), torch.float64
    shape = (steps, batch, hidden)
    made = Told(
        counts=fresh(x, *shape),
        cell=start.cell.contiguous().clone(),
        memory=start.memory.contiguous().clone(),
        totals=torch.empty(6, batch, hidden, dtype=double),
        cells=torch.empty(shape, dtype=double) if record else none,
        inner=_trains(numbers.inner, *shape, wanted=record),
        outer=_trains(numbers.outer, *shape, wanted=record),
        values=fresh(x, steps, batch, gates, hidden) if learn else none,
        levels=fresh(x, *shape) if learn else none,
    )
    inner, outer = _Parts(numbers.inner), _Parts(numbers.outer)
    forget = _forget(numbers.forget)
    limits = None if lengths is None else lengths.to(torch.int64).contiguous()
    results = {name: at(value) for name, value in made._asdict().items() if value.numel()}
    threads = torch.get_num_threads()
    small = steps * batch * gates * hidden * (hidden + inputs) < _SMALL
    call = _Call(
        steps,
        batch,
        hidden,
        inputs,
        gates,
        1 if small or batch < 2 * threads else threads,
        numbers.held,
        numbers.held_in,
        (numbers.inner.wires, numbers.outer.wires),
        numbers.outer.levels / numbers.inner.levels,
        inner.fields,
        outer.fields,
        _Forget(
            WAYS[numbers.forget.way],
            CODES[numbers.forget.activation],
            len(forget["limits"]),
            len(forget["place"]),
            numbers.forget.shift,
            numbers.forget.one,
            numbers.forget.step,
            **{name: at(value) for name, value in forget.items()},
        ),
    )
    library.coded_forward(
        ctypes.byref(call),
        ctypes.byref(_Weights(**{name: at(value) for name, value in kept.items()})),
        at(x),
        ctypes.byref(_Start(**{name: at(value) for name, value in before.items()})),
        ctypes.byref(_Results(**results, lengths=at(limits))),
    )
    return made


def _trains(coder: Coder, steps: int, batch: int, hidden: int, *, wanted: bool) -> Tensor:
    shape = (steps, batch, 2, hidden, coder.wires)
    fires = wanted and coder.kind != "compound"  # its messages follow from h
    return torch.empty(shape if fires else (0,), dtype=torch.int16)


class _Parts:
    """A coder's fields, and the arrays that they point to."""

    def __init__(self, coder: Coder) -> None:
        up, down = coder.signs > 0, coder.signs < 0
        self.arrays = [
            values[side].contiguous()
            for values in (coder.thresholds, coder.cell)
            for side in (up, down)
        ]
        self.fields = _Coder(
            KINDS[coder.kind],
            CODES[coder.activation],
            coder.micro_steps,
            coder.opponent,
            coder.hard,
            coder.carry,
            int(up.sum()),
            int(down.sum()),
            coder.digits,
            0,
            coder.levels,
            *map(at, self.arrays),
        )


def _forget(forget: Forget) -> dict[str, Tensor]:
    constant = _NONE if forget.constant is None else pad_to_vectors(forget.constant)
    arrays = {"constant": constant, "limits": forget.limits, "scale": forget.scale}
    return {**arrays, "place": forget.places}


def run_coded_twin(x: Tensor, numbers: Numbers, start: Start) -> tuple[Tensor, Tensor]:
    """`run_coded`, differentiable: rounding passes gradients straight through, `start` none.

    returns  h in quanta, and the cell as a value, without gradient; each (time, batch, hidden)

    The gradient is that of the unrounded equations at the rounded values, so it is the backward of
    the rate kernel. It takes what came before for silence.
    """
    learned = (numbers.weight_ih, numbers.weight_hh, numbers.bias, numbers.forget.constant)
    counts, levels = _Twin.apply(x, *learned, numbers, start)  # type: ignore[no-untyped-call]  # torch types no Function
    return counts, levels


class _Twin(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *given: Any) -> tuple[Tensor, Tensor]:
        x, *learned, numbers, start = given
        done = run_coded(x, numbers, start, learn=True)
        kinds = (numbers.inner, numbers.outer, numbers.forget, numbers.outer)
        ctx.activations = [CODES[each.activation] for each in kinds]
        ctx.quanta = numbers.outer.levels
        ctx.mark_non_differentiable(done.levels)
        ctx.save_for_backward(x, *learned, done.counts, done.levels, done.values)
        return done.counts, done.levels

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        saved, needs_x = ctx.saved_tensors, ctx.needs_input_grad[0]
        found = straight_through(saved, grads[0], ctx.quanta, ctx.activations, needs_x=needs_x)
        return (*found, None, None)
