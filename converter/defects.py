"""What is known to be wrong with public checkpoints, named when one is read."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from .foreign import foreign_cells_like
from .layouts import BIAS_HH, BIAS_IH, FORGET
from .parts import Weights

# a forget constant was drawn within [-1, 1] or from N(0, 1); raw memory gives anything
_FORGET_SENSIBLE = 10.0
# spread of a sample of N(0, 1) beside which a trained matrix would be a coincidence
_UNTRAINED_SPREAD = (0.9, 1.1)
_UNTRAINED_MIN_COUNT = 200


def named_defects(weights: Weights, *, proved: bool) -> tuple[str, ...]:
    """Sentences on this file's layout and numbers; nothing here makes the file unusable."""
    layout = weights.fit.layout
    found = list(layout.notes) if not proved else list(layout.notes[:1])
    found += [] if proved else _other_meanings(weights)
    found += _constant_forgets(weights)
    found += _unused(weights)
    found += _untrained(weights)
    if layout.wrapper_output:
        found.append(
            f"this repository's classifier ends in {layout.wrapper_output}; the model returns "
            "logits"
        )
    return tuple(found)


def _other_meanings(weights: Weights) -> Iterator[str]:
    name = weights.fit.layout.name
    for cell in foreign_cells_like({name}, fixed=weights.fit.fixed):
        yield f"not proved on data; the same keys were written by {cell.name}: {cell.reason}"


def _constant_forgets(weights: Weights) -> Iterator[str]:
    for part in weights.parts:
        if FORGET not in part.arrays or weights.fit.layout.forget != "clamp":
            continue
        stored, where = part.arrays[FORGET], f"layer {part.layer}"
        low, high = int((stored <= 0).sum()), int((stored >= 1).sum())
        if low:
            yield (
                f"{where}: {low} of {stored.numel()} constant forgets are clamped at 0; these "
                "units remember nothing and their forget never had a gradient"
            )
        if high:
            yield (
                f"{where}: {high} of {stored.numel()} constant forgets are clamped at 1; these "
                "units never forget, and their cell grows without bound"
            )
        wild = stored[stored.abs() > _FORGET_SENSIBLE]
        if len(wild):
            worst = float(wild[wild.abs().argmax()])
            yield (
                f"{where}: {len(wild)} of {stored.numel()} constant forgets look like memory "
                f"that was never initialised (up to {worst:.2g}); the clamp hides it, as it did "
                "in training"
            )


def _unused(weights: Weights) -> Iterator[str]:
    fit = weights.fit
    unused = [key for slot, key in fit.slots.items() if slot.reverse]
    if unused and not weights.bidirectional:
        yield (
            f"{len(unused)} weights of a reverse direction ({unused[0]}, ...) are dropped: the "
            "repository creates them and never uses them"
        )
    if fit.uncovered:
        yield (
            f"not covered: {', '.join(fit.uncovered)}; give this model embedded inputs. Its "
            "readout is taken at the last step"
        )
    roles = {role for part in weights.parts for role in part.arrays}
    if len(roles & {BIAS_IH, BIAS_HH}) == 1:
        yield "the file has one bias for each gate; the other of the model's two is zero"


def _untrained(weights: Weights) -> Iterator[str]:
    """Layout D draws every weight from N(0, 1); training moves a matrix away from that."""
    if weights.fit.layout.name != "miltonllera-torchscript":
        return
    arrays: list[Tensor] = [value for part in weights.parts for value in part.arrays.values()]
    values = torch.cat([value.flatten() for value in arrays])
    spread = float(values.std()) if len(values) > 1 else 0.0
    low, high = _UNTRAINED_SPREAD
    if len(values) >= _UNTRAINED_MIN_COUNT and low < spread < high:
        yield (
            f"all weights together have spread {spread:.2f}: this repository starts them at "
            "N(0, 1), so check that the model was trained"
        )
