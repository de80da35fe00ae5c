"""The portable population graph, layers of gates and cells: rules, numbers, integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import nir
import numpy as np
from numpy.typing import NDArray

from .format import KEEP_BITS
from .layers import Layer, Stack, read_stack
from .network import INPUT, Entry, Exit, Neurons, Quantized, Synapses
from .target import Family, Rule, Target
from .violation import Violation

Array = NDArray[np.float64]

MOST_BITS = 24
# of the cell's weights, as `converter` writes them
CELL_BITS = 16


@dataclass(frozen=True, eq=False)
class Numbers:
    """One layer's numbers as the graph has them; thresholds are 1, membranes memoryless.

    gates, cell   names of its neurons
    into          weights of the input or of the layer below, per spike  # (gates, sources)
    recurrent     (gates, cells)
    bias          of the gates, both Affine nodes' together  # (gates,)
    mix           gates to cells  # (cells, gates)
    forget        of the cells' currents in a step; 0 for relays  # (cells,)
    """

    gates: str
    cell: str
    into: Array
    recurrent: Array
    bias: Array
    mix: Array
    forget: Array


def numbers(graph: nir.NIRGraph, layer: Layer, dt: float) -> Numbers:
    """What the layer's nodes hold."""
    into, back, mix, cell = (
        graph.nodes[name] for name in (layer.into, layer.recurrent, layer.mix, layer.cell)
    )
    return Numbers(
        layer.gates,
        layer.cell,
        np.asarray(into.weight, np.float64),
        np.asarray(back.weight, np.float64),
        bias_of(into) + bias_of(back),
        np.asarray(mix.weight, np.float64),
        1.0 - dt / np.asarray(cell.tau_syn, np.float64),
    )


def bias_of(node: nir.NIRNode) -> Array:
    """The bias of an Affine node, zeros of a Linear one."""
    found: Array = np.asarray(getattr(node, "bias", np.zeros(len(node.weight))), np.float64)
    return found


def bits_of(values: Array) -> int:
    """Fewest fractional bits that hold every value; more than 24 where none up to 24 do."""
    for bits in range(MOST_BITS + 1):
        scaled = values * 2.0**bits
        if np.array_equal(scaled, np.round(scaled)):
            return bits
    return MOST_BITS + 1


def numbers_lie_on_a_grid(stack: Stack, _target: Target, _dt: float) -> list[Violation]:
    """Weights and biases are multiples of a power of two, so that sums are exact."""
    names = [(name, MOST_BITS) for layer in stack.layers for name in (layer.into, layer.recurrent)]
    names += [(layer.mix, CELL_BITS) for layer in stack.layers]
    names += [(stack.readout, MOST_BITS)] if stack.readout else []
    found = []
    for name, bits in names:
        node = stack.graph.nodes[name]
        values = np.concatenate([np.asarray(node.weight, np.float64).ravel(), bias_of(node)])
        if bits_of(values) > bits:
            found.append(
                Violation(
                    "numbers_lie_on_a_grid",
                    name,
                    "numbers between the grid's points",
                    f"multiples of 2^-{bits}",
                    "call quantize(net) before to_nir",
                )
            )
    return found


def cells_have_no_bias(stack: Stack, _target: Target, _dt: float) -> list[Violation]:
    """A bias of the mixture would be added to a leaky current at every tick."""
    names = [each.mix for each in stack.layers if bias_of(stack.graph.nodes[each.mix]).any()]
    remedy = "use to_nir, whose cells rest at 0"
    return [Violation("cells_have_no_bias", name, "a bias", "none", remedy) for name in names]


def membranes_are_memoryless(stack: Stack, _target: Target, dt: float) -> list[Violation]:
    """tau_mem is dt, so that no reset matters."""
    return _odd(stack, "membranes_are_memoryless", lambda n: _near(dt / _of(n.tau_mem), 1.0))


def gains_are_one(stack: Stack, _target: Target, dt: float) -> list[Violation]:
    """What arrives is added to the current as it is, and the current to the membrane."""
    return _odd(
        stack,
        "gains_are_one",
        lambda n: _near(dt / _of(n.tau_syn) * n.w_in, 1.0) and _near(_of(n.r), 1.0),
    )


def thresholds_are_one(stack: Stack, _target: Target, _dt: float) -> list[Violation]:
    """All thresholds are 1; where a neuron fires is its bias and the scale of its weights."""
    return _odd(stack, "thresholds_are_one", lambda n: bool((_of(n.v_threshold) == 1.0).all()))


def leak_and_reset_are_zero(stack: Stack, _target: Target, _dt: float) -> list[Violation]:
    """Neurons rest at 0 and are reset to it."""
    return _odd(
        stack, "leak_and_reset_are_zero", lambda n: not (np.any(n.v_leak) or np.any(n.v_reset))
    )


def forgets_are_multiples_of_1_4096(stack: Stack, _target: Target, dt: float) -> list[Violation]:
    """What a current keeps in a step is a whole number of 4096ths, as chips count it."""

    def whole(node: nir.CubaLIF) -> bool:
        kept = (1.0 - dt / _of(node.tau_syn)) * 2**KEEP_BITS
        return bool(np.allclose(kept, np.round(kept), atol=1e-4))

    return _odd(stack, "forgets_are_multiples_of_1_4096", whole)


def _odd(stack: Stack, rule: str, kept: Callable[[nir.CubaLIF], bool]) -> list[Violation]:
    names = [name for layer in stack.layers for name in (layer.gates, layer.cell)]
    return [
        Violation(rule, name, "another value", "the portable profile's", "use to_nir, quantize")
        for name in names
        if not kept(stack.graph.nodes[name])
    ]


def _of(values: object) -> Array:
    return np.asarray(values, np.float64)


def _near(values: Array, wanted: float) -> bool:
    return bool(np.allclose(values, wanted, rtol=1e-9))


RULES: tuple[Rule, ...] = (
    numbers_lie_on_a_grid,
    cells_have_no_bias,
    membranes_are_memoryless,
    gains_are_one,
    thresholds_are_one,
    leak_and_reset_are_zero,
    forgets_are_multiples_of_1_4096,
)

POPULATIONS = Family(
    read=read_stack,
    refusal=Violation(
        "graph_is_a_stack_of_populations", "graph", "", "portable profile", "write it with to_nir"
    ),
    hidden=lambda stack: stack.neurons,
    rules=RULES,
)


def quantize_exactly(graph: nir.NIRGraph, target: Target, dt: float) -> Quantized:
    """Weights as integers times 2^-bits, nothing rounded but the decay while it runs.

    Of the first layer the input takes the bits that the weights leave: integers on both sides of
    the product.
    """
    stack = read_stack(graph)
    if stack is None:
        raise ValueError("only a graph that passed the rules is quantised")
    groups: list[Neurons] = []
    synapses: list[Synapses] = []
    below, late, entry = INPUT, target.latency, Entry(1)
    for index, layer in enumerate(stack.layers):
        n = numbers(graph, layer, dt)
        gates, cells = n.mix.shape[1], len(n.mix)
        bits = bits_of(np.concatenate([n.into.ravel(), n.recurrent.ravel(), n.bias]))
        weight_bits = bits_of(n.into) if index == 0 else bits
        if index == 0:
            entry = Entry(n.into.shape[1], "graded", bits - weight_bits)
        nothing, kept = np.zeros(gates, np.int64), _scaled(n.forget, KEEP_BITS)
        one = np.full(cells, 2**CELL_BITS)
        groups += [
            Neurons(n.gates, np.full(gates, 2**bits), _scaled(n.bias, bits), nothing, nothing),
            Neurons(n.cell, one, 0 * one, kept, 0 * one),
        ]
        into = late.enter if index == 0 else late.leave
        synapses += [
            Synapses(below, n.gates, _scaled(n.into, weight_bits), into),
            Synapses(n.cell, n.gates, _scaled(n.recurrent, bits), late.loop),
            Synapses(n.gates, n.cell, _scaled(n.mix, CELL_BITS), late.leave),
        ]
        below = n.cell
    leave = Exit(below, "spikes")
    if stack.readout:
        node = graph.nodes[stack.readout]
        weight, bias = np.asarray(node.weight, np.float64), bias_of(node)
        bits = bits_of(np.concatenate([weight.ravel(), bias]))
        nothing = np.zeros(len(weight), np.int64)
        groups.append(
            Neurons(stack.readout, nothing, _scaled(bias, bits), nothing, nothing, spikes=0)
        )
        synapses.append(Synapses(below, stack.readout, _scaled(weight, bits), late.leave))
        leave = Exit(stack.readout, unit=2.0**-bits)
    return Quantized(target.name, dt, entry, leave, tuple(groups), tuple(synapses))


def _scaled(values: Array, bits: int) -> NDArray[np.int64]:
    whole: NDArray[np.int64] = np.round(values * 2.0**bits).astype(np.int64)
    return whole
