"""One layer's step in ONNX operators: written in place, or as a local function of a file.

The functions are ours (domain `subspike`, version 1), their bodies standard operators only, and
every number is an input, so that a graph of anybody else may call them with its own weights:

    SpikingSubLSTMStep(x, cell, counts, weight_ih, weight_hh, bias, forget, threshold,
                       cell_threshold, signs) -> z, i, o, s, cell_next, counts_next

        x               (batch, input) float: inputs, or signed spike counts from below
        cell            (batch, hidden) double, K c; counts (batch, hidden) float, K h
        weight_ih       (input, 3 * hidden), weight_hh (hidden, 3 * hidden) float, per spike
        bias            (3 * hidden,) float, rows z, i, o
        forget          (hidden,) double
        threshold       (levels,) float, cell_threshold (levels,) double, signs (levels,) float
        z, i, o, s      (batch, hidden, levels) uint8

    SubLSTMStep_{forget}_{activation}_{cell activation}[_float64](x, h, c, weight_ih, weight_hh,
                       bias[, forget]) -> h_next, c_next

        x               (batch, input), h and c (batch, hidden), float or double throughout
        weight_ih       (input, gates * hidden), weight_hh (hidden, gates * hidden)
        bias            (gates * hidden,), rows z, i, o and, with gated forget, f
        forget          (hidden,) the constant f, with fixed forget only
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import onnx
from onnx import TensorProto
from onnx.helper import make_function, make_node, make_opsetid

from spiking import SubLSTM

from .onnx_parts import Parts, counted, fired

OPSET = 20
DOMAIN = "subspike"
DOMAIN_VERSION = 1


@dataclass(frozen=True)
class LayerKind:
    """A step that layers share; `build` adds its nodes and returns the names of the outputs.

    trains  of a spiking layer, the first outputs, and their wires
    raster  element type of these
    memory  of its coders, double, beside cell and counts
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    build: Callable[[Parts, list[str]], list[str]]
    trains: Mapping[str, int] = field(default_factory=dict)
    raster: int = TensorProto.FLOAT
    memory: tuple[str, ...] = ()

    def function(self) -> onnx.FunctionProto:
        """The step as a local function; equal for equal kinds."""
        body = Parts()
        made = self.build(body, list(self.inputs))
        # a function has no initializers
        constants = [make_node("Constant", [], [t.name], value=t) for t in body.initializers]
        nodes = renamed([*constants, *body.nodes], dict(zip(made, self.outputs, strict=True)))
        imports = [make_opsetid("", OPSET)]
        return make_function(DOMAIN, self.name, self.inputs, self.outputs, nodes, imports)


def renamed(nodes: list[onnx.NodeProto], names: dict[str, str]) -> list[onnx.NodeProto]:
    """Copies of `nodes` whose values have other names."""
    copies = []
    for node in nodes:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = [names.get(name, name) for name in node.input]
        copy.output[:] = [names.get(name, name) for name in node.output]
        copies.append(copy)
    return copies


def _spiking(parts: Parts, names: list[str]) -> list[str]:
    x, cell, counts, weight_ih, weight_hh, bias, forget, threshold, cell_threshold, signs = names
    drive = parts.add(
        "Add", parts.affine(x, weight_ih, bias), parts.add("MatMul", counts, weight_hh)
    )
    gates = parts.split(fired(parts, drive, threshold, signs, TensorProto.FLOAT), 3, axis=1)
    n_z, n_i, n_o = (counted(parts, gate, signs) for gate in gates)
    # two nodes, product then sum: the order of operations that spiking.cell.integrate defines
    decayed = parts.add("Mul", forget, cell)
    change = parts.cast(parts.add("Sub", n_z, n_i), TensorProto.DOUBLE)
    cell_next = parts.add("Add", decayed, change)
    s = fired(parts, cell_next, cell_threshold, signs, TensorProto.DOUBLE)
    counts_next = parts.add("Sub", counted(parts, s, signs), n_o)
    spikes = [parts.cast(population, TensorProto.UINT8) for population in (*gates, s)]
    return [*spikes, cell_next, counts_next]


def spiking_kind(levels: int) -> LayerKind:
    """The step of a `SpikingSubLSTM`; a file may mix levels, which are sizes of its inputs."""
    return LayerKind(
        "SpikingSubLSTMStep",
        (
            *("x", "cell", "counts", "weight_ih", "weight_hh", "bias"),
            *("forget", "threshold", "cell_threshold", "signs"),
        ),
        ("z", "i", "o", "s", "cell_next", "counts_next"),
        _spiking,
        trains=dict.fromkeys("zios", levels),
        raster=TensorProto.UINT8,
    )


def rate_kind(rnn: SubLSTM) -> LayerKind:
    """The step of a rate model's layers.

    Raises ExportError, once built, for an activation that has no operator.
    """
    fixed = rnn.forget == "fixed"
    kind = Parts.element_type(rnn.get("weight_hh", "l0"))

    def build(parts: Parts, names: list[str]) -> list[str]:
        x, h, c, weight_ih, weight_hh, bias = names[:6]
        drive = parts.add(
            "Add", parts.affine(x, weight_ih, bias), parts.add("MatMul", h, weight_hh)
        )
        gates = parts.activation(drive, rnn.activation, kind)
        z, i, o, *computed = parts.split(gates, rnn.num_gates, axis=1)
        kept = parts.add("Add", parts.add("Mul", names[6] if fixed else computed[0], c), z)
        cell = parts.add("Sub", kept, i)
        return [parts.add("Sub", parts.activation(cell, rnn.cell_activation, kind), o), cell]

    name = f"SubLSTMStep_{rnn.forget}_{rnn.activation}_{rnn.cell_activation}"
    wide = "_float64" if kind == TensorProto.DOUBLE else ""
    inputs = ("x", "h", "c", "weight_ih", "weight_hh", "bias", *(("forget",) if fixed else ()))
    return LayerKind(name + wide, inputs, ("h_next", "c_next"), build)
