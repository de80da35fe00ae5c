"""Which key of a file is which weight, and are they all there, of the right shape, and finite."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from spiking.errors import CheckpointError, LayoutError, NotFiniteError, ShapeError

from .layouts import BIAS_HH, BIAS_IH, FORGET, WEIGHT_HH, WEIGHT_IH, Layout

_BIASES = (BIAS_IH, BIAS_HH)
_UNCOVERED_PREFIX = "encoder."


@dataclass(frozen=True)
class Slot:
    """The place of one array: its role, layer (from 0), direction, and gate ("" if all gates)."""

    role: str
    layer: int
    reverse: bool
    gate: str


@dataclass(frozen=True)
class Fit:
    """How the keys of one file look through one layout.

    prefix     what stands before every key of the recurrent module, such as "rnn."
    slots      place -> key
    readout    (weight key, bias key) of the linear readout; bias key "" if there is none
    uncovered  keys of an embedding, which a subLSTM here does not have
    missing    keys that this layout needs and the file lacks
    extra      keys that this layout does not explain
    refused    reasons why a file with these keys is no subLSTM
    """

    layout: Layout
    prefix: str
    slots: Mapping[Slot, str]
    readout: tuple[str, str] | None
    uncovered: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    refused: tuple[str, ...]

    @property
    def explains(self) -> bool:
        """Whether every key has its place, and every place its key."""
        return not self.missing and not self.extra

    @property
    def fixed(self) -> bool:
        """Whether the forget is a constant."""
        return any(slot.role == FORGET for slot in self.slots)


@dataclass(frozen=True)
class Part:
    """One layer in one direction, rows still in the file's order.

    arrays: role -> (rows, columns), (rows,) or, for the constant forget, (hidden,)
    """

    layer: int
    reverse: bool
    arrays: Mapping[str, Tensor]


@dataclass(frozen=True)
class Weights:
    """A file's arrays, checked and gathered, before any row is given a meaning."""

    fit: Fit
    inputs: int
    hidden: int
    parts: tuple[Part, ...]
    readout: tuple[Tensor, Tensor | None] | None

    @property
    def bidirectional(self) -> bool:
        """Whether there is a backward direction that runs."""
        return any(part.reverse for part in self.parts)

    @property
    def layers(self) -> int:
        """Number of layers."""
        return 1 + max(part.layer for part in self.parts)

    @property
    def dtype(self) -> torch.dtype:
        """float64 where any array has it, else float32."""
        arrays = [value for part in self.parts for value in part.arrays.values()]
        return torch.float64 if any(a.dtype == torch.float64 for a in arrays) else torch.float32


def fit_keys(keys: Collection[str], layout: Layout) -> Fit | None:
    """How `keys` look through `layout`; None where nothing of them does.

    Raises LayoutError where the file holds two recurrent modules.
    """
    refused = tuple(
        rule.reason for rule in layout.refused if any(re.search(rule.pattern, k) for k in keys)
    )
    found = [place for key in keys for place in _places(key, layout) if place[1].role == WEIGHT_IH]
    prefixes = sorted({prefix for prefix, _ in found})
    if not prefixes:
        return Fit(layout, "", {}, None, (), (), tuple(keys), refused) if refused else None
    if len(prefixes) > 1:
        raise LayoutError(
            f"the file holds {len(prefixes)} recurrent modules ({', '.join(map(repr, prefixes))});"
            " give the state_dict of one of them"
        )
    slots: dict[Slot, str] = {}
    rest: list[str] = []
    for key in keys:
        place = next((slot for prefix, slot in _places(key, layout) if prefix == prefixes[0]), None)
        if place is None or place in slots:
            rest.append(key)
        else:
            slots[place] = key
    readout = next(
        ((w, b if b in rest else "") for w, b in layout.readouts if w in rest),
        None,
    )
    uncovered = tuple(key for key in rest if key.startswith(_UNCOVERED_PREFIX))
    extra = tuple(key for key in rest if key not in (readout or ()) and key not in uncovered)
    missing = tuple(_missing(slots, prefixes[0], layout))
    return Fit(layout, prefixes[0], slots, readout, uncovered, missing, extra, refused)


def _places(key: str, layout: Layout) -> Iterator[tuple[str, Slot]]:
    for role, templates in layout.keys.items():
        for template in templates:
            match = _pattern(template, tuple(layout.gate_names.values())).fullmatch(key)
            if match is None:
                continue
            named = match.groupdict()
            layer = int(named.get("k") or layout.first_layer) - layout.first_layer
            letters = {name: letter for letter, name in layout.gate_names.items()}
            gate = letters.get(named.get("g") or "", "")
            yield named["prefix"], Slot(role, layer, bool(named.get("d")), gate)


@cache
def _pattern(template: str, gate_names: tuple[str, ...]) -> re.Pattern[str]:
    fields = {"{k}": r"(?P<k>\d{1,6})", "{d}": r"(?P<d>_reverse)?"}
    fields["{g}"] = f"(?P<g>{'|'.join(map(re.escape, gate_names))})"
    pieces = [fields.get(piece) or re.escape(piece) for piece in re.split(r"(\{.\})", template)]
    return re.compile(r"(?P<prefix>(?:[^.]+\.)*?)" + "".join(pieces))


def _missing(slots: Collection[Slot], prefix: str, layout: Layout) -> Iterator[str]:
    numbers = sorted({slot.layer for slot in slots})
    if numbers != list(range(len(numbers))):
        shown = ", ".join(str(number + layout.first_layer) for number in numbers)
        yield f"a layer: numbers are {shown}, expected to count from {layout.first_layer}"
        return
    roles = {slot.role for slot in slots}
    biases = roles & set(_BIASES)
    needed = min((set(b) for b in layout.biases if biases <= set(b)), key=len, default=biases)
    roles = {WEIGHT_IH, WEIGHT_HH} | needed | (roles & {FORGET})
    directions = (False, True) if any(slot.reverse for slot in slots) else (False,)
    for layer in numbers:
        for reverse in directions:
            for role in sorted(roles):
                for gate in layout.gate_names or ("",):
                    if Slot(role, layer, reverse, gate) not in slots:
                        yield prefix + _name(layout, role, layer, reverse=reverse, gate=gate)


def _name(layout: Layout, role: str, layer: int, *, reverse: bool, gate: str) -> str:
    return layout.keys[role][0].format(
        k=layer + layout.first_layer,
        d="_reverse" if reverse else "",
        g=layout.gate_names.get(gate, ""),
    )


def gather(state: Mapping[str, Tensor], fit: Fit) -> Weights:
    """The arrays of `state` in their places, shapes and values checked.

    Raises LayoutError for a variant that its repository never ran, ShapeError and
    NotFiniteError naming the key, CheckpointError where keys are missing or left over.
    """
    layout = fit.layout
    if fit.refused:
        raise LayoutError(f"layout {layout.name!r}: {'; '.join(fit.refused)}")
    if not fit.explains:
        raise CheckpointError(f"layout {layout.name!r}: {unexplained(fit)}")
    if fit.fixed and not layout.fixed_gates:
        raise LayoutError(f"layout {layout.name!r} has no constant forget; the file has one")
    reverse = any(slot.reverse for slot in fit.slots)
    layers = 1 + max(slot.layer for slot in fit.slots)
    if reverse and not layout.bidirectional and layers > 1:
        raise LayoutError(f"layout {layout.name!r}: {layout.unused_reverse}")
    running = {s: k for s, k in fit.slots.items() if layout.bidirectional or not s.reverse}
    hidden, inputs = _sizes(state, running, layout)
    wide = hidden * (2 if reverse and layout.bidirectional else 1)
    for slot, key in running.items():
        columns = inputs if slot.layer == 0 else wide
        _require_shape(state[key], key, _expected(slot, fit, hidden=hidden, columns=columns))
        require_finite(state[key], key)
    places = sorted({(slot.layer, slot.reverse) for slot in running})
    parts = tuple(
        Part(layer, back, dict(_stacked(state, running, layout, layer, reverse=back)))
        for layer, back in places
    )
    return Weights(fit, inputs, hidden, parts, _readout(state, fit, width=wide))


def unexplained(fit: Fit) -> str:
    """What keeps a layout from explaining a file's keys."""
    missing = f"missing: {_few(fit.missing)}" if fit.missing else ""
    extra = f"not understood: {_few(fit.extra)}" if fit.extra else ""
    return "; ".join(text for text in (missing, extra) if text)


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:8]) + (f" and {len(listed) - 8} more" if len(listed) > 8 else "")


def _sizes(
    state: Mapping[str, Tensor], slots: Mapping[Slot, str], layout: Layout
) -> tuple[int, int]:
    """(hidden, inputs), read off the first layer's matrices."""
    widths = []
    for role in (WEIGHT_HH, WEIGHT_IH):
        key = next(k for s, k in slots.items() if s.role == role and s.layer == 0)
        shape = tuple(state[key].shape)
        if len(shape) != 2 or 0 in shape:
            raise ShapeError(f"{key} has shape {shape}; expected a matrix")
        widths.append(shape[0 if layout.transposed else 1])
    return widths[0], widths[1]


def _expected(slot: Slot, fit: Fit, *, hidden: int, columns: int) -> tuple[int, ...]:
    order = fit.layout.row_order(fixed=fit.fixed)
    rows = hidden if slot.gate else len(order) * hidden
    if slot.role == FORGET:
        return (hidden,)
    if slot.role in _BIASES:
        return (rows,)
    shape = (rows, hidden if slot.role == WEIGHT_HH else columns)
    return shape[::-1] if fit.layout.transposed else shape


def _require_shape(value: Tensor, key: str, expected: tuple[int, ...]) -> None:
    if tuple(value.shape) != expected:
        raise ShapeError(f"{key} has shape {tuple(value.shape)}; expected {expected}")


def require_finite(value: Tensor, key: str) -> None:
    """NotFiniteError naming `key`, how many entries are not finite, and the first of them."""
    wrong = torch.nonzero(~torch.isfinite(value))
    if len(wrong):
        at = tuple(wrong[0].tolist())
        raise NotFiniteError(
            f"{key} holds {len(wrong)} of {value.numel()} values that are NaN or infinite, the "
            f"first at index {at} ({value[at].item()})"
        )


def _stacked(
    state: Mapping[str, Tensor],
    slots: Mapping[Slot, str],
    layout: Layout,
    layer: int,
    *,
    reverse: bool,
) -> Iterator[tuple[str, Tensor]]:
    """(role, array) of one part: gates in one array, weights multiplying from the left."""
    roles = {slot.role for slot in slots if (slot.layer, slot.reverse) == (layer, reverse)}
    for role in sorted(roles):
        letters = layout.gates if layout.gate_names else ("",)
        arrays = [state[slots[Slot(role, layer, reverse, letter)]] for letter in letters]
        yield role, torch.cat([a.t() if layout.transposed and a.dim() == 2 else a for a in arrays])


def _readout(
    state: Mapping[str, Tensor], fit: Fit, *, width: int
) -> tuple[Tensor, Tensor | None] | None:
    if fit.readout is None:
        return None
    weight_key, bias_key = fit.readout
    weight = state[weight_key]
    if weight.dim() != 2:
        raise ShapeError(f"{weight_key} has shape {tuple(weight.shape)}; expected a matrix")
    weight = weight.t() if fit.layout.transposed else weight
    classes = len(weight)
    expected = (width, classes) if fit.layout.transposed else (classes, width)
    _require_shape(state[weight_key], weight_key, expected)
    require_finite(state[weight_key], weight_key)
    if not bias_key:
        return weight, None
    _require_shape(state[bias_key], bias_key, (classes,))
    require_finite(state[bias_key], bias_key)
    return weight, state[bias_key]
