"""How many entries a node takes and says, and what does not fit."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from .nir_flat import Edges

# more entries than that no graph has, and a probe of it would fill the memory
WIDEST = 2**24
_SYNAPSES = (nir.Affine, nir.Linear)
_ABOUT = ("input_type", "output_type", "metadata")


def fields(node: nir.NIRNode) -> dict[str, Any]:
    """What a node holds, without its types and metadata."""
    held: dict[str, Any] = getattr(node, "__dict__", {})
    return {name: value for name, value in held.items() if name not in _ABOUT}


def numbers(value: Any) -> NDArray[Any]:
    """A field as an array; of objects where it is ragged."""
    try:
        return np.asarray(value)
    except ValueError:
        return np.array(None)


def takes(node: nir.NIRNode) -> int | None:
    """Entries that a node is fed with; None for any number."""
    if isinstance(node, _SYNAPSES):
        return numbers(node.weight).shape[-1] if numbers(node.weight).ndim else None
    return None if isinstance(node, nir.Output) else says(node)


def says(node: nir.NIRNode) -> int | None:
    """Entries that a node passes on; None for as many as it is fed with."""
    if isinstance(node, _SYNAPSES):
        return numbers(node.weight).shape[0] if numbers(node.weight).ndim else None
    if isinstance(node, nir.Input):
        return int(np.prod(numbers(node.input_type.get("input")), dtype=object))
    if isinstance(node, nir.Output):
        return None
    lengths = [numbers(value).shape[0] for value in fields(node).values() if numbers(value).ndim]
    return max(lengths, default=None)


def misshapen(node: nir.NIRNode) -> list[tuple[str, str]]:
    """(field, what) of every array of an understood node that cannot be meant."""
    shapes = {name: numbers(value).shape for name, value in fields(node).items()}
    if isinstance(node, nir.Input):
        width = numbers(node.input_type.get("input"))
        fits = width.dtype.kind in "iu" and 0 < int(np.prod(width, dtype=object)) <= WIDEST
        return [] if fits else [("shape", f"{width.tolist()} entries, not 1 to {WIDEST}")]
    if isinstance(node, nir.Output):
        return []
    if isinstance(node, _SYNAPSES):
        if len(shapes["weight"]) != 2 or 0 in shapes["weight"]:
            return [("weight", f"a shape of {shapes['weight']}, not (outputs, inputs)")]
        rows = shapes["weight"][0]
        bias = shapes.get("bias", (rows,))
        return [] if bias in ((), (rows,)) else [("bias", f"a shape of {bias} for {rows} rows")]
    wide = says(node)
    return [
        (name, f"a shape of {shape} in a node of {1 if wide is None else wide} entries")
        for name, shape in shapes.items()
        if shape not in ((), (wide,)) or shape == (0,)
    ]


def mismatched(nodes: dict[str, nir.NIRNode], edges: Edges) -> list[tuple[str, str, int, int]]:
    """(from, to, said, taken) of every edge between nodes of different width.

    A node of single numbers, which takes any width, is as wide as the node that feeds it.
    """
    return [
        (a, b, said, taken)
        for a, b in edges
        if (said := says(nodes[a])) is not None
        and (taken := takes(nodes[b])) is not None
        and said != taken
    ]
