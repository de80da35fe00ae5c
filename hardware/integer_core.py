"""The portable population graph all in integers: exact but for the rounding of the cell's decay."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from spiking.errors import GridError, MissingSoftwareError

from .layers import Layer, Stack, read_stack
from .target import Core, Ints, Placement, Run, Target, Violation

FORGET_BITS = 12
CELL_BITS = 16
_MOST_BITS = 24
_STATE = 2**31


def check_integers(graph: nir.NIRGraph, _target: Target, dt: float) -> tuple[Violation, ...]:
    """Every reason why `graph` cannot run in integers."""
    stack = read_stack(graph)
    if stack is None:
        have = " -> ".join(type(node).__name__ for node in graph.nodes.values())
        remedy = "write the network with to_nir"
        return (
            Violation("graph_is_a_stack_of_populations", "graph", have, "portable profile", remedy),
        )
    found: list[Violation] = []
    for layer in stack.layers:
        for name in (layer.into, layer.recurrent, layer.mix):
            found += _off_grid(graph, name, CELL_BITS if name == layer.mix else _MOST_BITS)
        for name in (layer.gates, layer.cell):
            found += _odd_neurons(graph, name, dt)
    if stack.readout:
        found += _off_grid(graph, stack.readout, _MOST_BITS)
    return tuple(found)


def _off_grid(graph: nir.NIRGraph, name: str, bits: int) -> list[Violation]:
    if _bits(_weights(graph, name)) <= bits:
        return []
    have, limit = "numbers between the grid's points", f"multiples of 2^-{bits}"
    remedy = "call quantize(net) before to_nir"
    return [Violation("numbers_lie_on_a_grid", name, have, limit, remedy)]


def _odd_neurons(graph: nir.NIRGraph, name: str, dt: float) -> list[Violation]:
    node, found = graph.nodes[name], []
    leak = dt / np.asarray(node.tau_syn, np.float64)
    forget = (1.0 - leak) * 2**FORGET_BITS
    ties = {
        "membranes_are_memoryless": np.allclose(dt / np.asarray(node.tau_mem), 1.0, rtol=1e-9),
        "gains_are_one": np.allclose(leak * node.w_in, 1.0, rtol=1e-9) and np.allclose(node.r, 1.0),
        "thresholds_are_one": np.array_equal(node.v_threshold, np.ones_like(node.v_threshold)),
        "leak_and_reset_are_zero": not (np.any(node.v_leak) or np.any(node.v_reset)),
        "forgets_are_multiples_of_1_4096": np.allclose(forget, np.round(forget), atol=1e-4),
    }
    for rule, kept in ties.items():
        if not kept:
            found.append(
                Violation(
                    rule, name, "another value", "the portable profile's", "use to_nir, quantize"
                )
            )
    return found


def place_integers(
    graph: nir.NIRGraph, _target: Target, dt: float
) -> tuple[dict[str, Ints], tuple[str, ...]]:
    """Weights as integers times 2^-bits, forgets as m/4096."""
    stack = _stack(graph)
    arrays: dict[str, Ints] = {"layers": np.array([len(stack.layers), bool(stack.readout)])}
    for index, layer in enumerate(stack.layers):
        arrays |= _layer_arrays(graph, layer, f"l{index}.", dt, analog=index == 0)
    if stack.readout:
        bits = _bits(_weights(graph, stack.readout))
        arrays |= _scaled(graph, stack.readout, "readout.", bits)
        arrays["readout.bits"] = np.array([bits])
    return arrays, ()


def _layer_arrays(
    graph: nir.NIRGraph, layer: Layer, name: str, dt: float, *, analog: bool
) -> dict[str, Ints]:
    bits = max(_bits(_weights(graph, n)) for n in (layer.into, layer.recurrent))
    into = _scaled(graph, layer.into, f"{name}into.", bits)
    weight_bits = bits
    if analog:
        # the input takes the bits that the weights leave: integers on both sides of the product
        weight_bits = _bits(np.asarray(graph.nodes[layer.into].weight, np.float64))
        into[f"{name}into.weight"] >>= bits - weight_bits
    forget = 1.0 - dt / np.asarray(graph.nodes[layer.cell].tau_syn, np.float64)
    return {
        **into,
        **_scaled(graph, layer.recurrent, f"{name}recurrent.", bits),
        **_scaled(graph, layer.mix, f"{name}mix.", CELL_BITS),
        f"{name}bits": np.array([bits, weight_bits]),
        f"{name}forget": np.round(forget * 2**FORGET_BITS).astype(np.int64),
    }


def _scaled(graph: nir.NIRGraph, name: str, key: str, bits: int) -> dict[str, Ints]:
    node = graph.nodes[name]
    weight = np.asarray(node.weight, np.float64)
    bias = np.asarray(getattr(node, "bias", np.zeros(len(weight))), np.float64)
    return {
        f"{key}weight": np.round(weight * 2.0**bits).astype(np.int64),
        f"{key}bias": np.round(bias * 2.0**bits).astype(np.int64),
    }


def simulate_integers(
    placement: Placement,
    _target: Target,
    inputs: NDArray[Any],
    vendor: bool,  # noqa: FBT001  the core's protocol
) -> Run:
    """Run a placed stack on inputs (batch, time, inputs) that lie on the input grid.

    Raises GridError where an input lies off it, MissingSoftwareError for `vendor`.
    """
    if vendor:
        raise MissingSoftwareError("a generic core has no vendor simulator", "use vendor=False")
    a, batch = placement.arrays, len(inputs)
    depth, has_readout = (int(n) for n in a["layers"])
    width = [len(a[f"l{index}.forget"]) for index in range(depth)]
    cells = [np.zeros((batch, n), np.int64) for n in width]
    fired = [np.zeros((batch, n), np.int64) for n in width]
    bits, weight_bits = (int(n) for n in a["l0.bits"])
    exact = inputs.astype(np.float64) * 2.0 ** (bits - weight_bits)
    if not np.array_equal(exact, np.round(exact)):
        raise GridError(f"inputs are no multiples of 2^-{bits - weight_bits}; round them first")
    whole, synops, clamped = exact.astype(np.int64), np.zeros(batch, np.int64), 0
    spikes: dict[str, list[NDArray[np.bool_]]] = {}
    outputs: list[NDArray[Any]] = []
    for t in range(inputs.shape[1]):
        value, analog = whole[:, t], True
        for index in range(depth):
            name = f"l{index}."
            drive = _sum(a, f"{name}into.", value) + _sum(a, f"{name}recurrent.", fired[index])
            clamped += int((np.abs(drive) >= _STATE).sum())
            gates = np.clip(drive, -_STATE, _STATE - 1) > 2 ** int(a[f"{name}bits"][0])
            mixed = _sum(a, f"{name}mix.", gates.astype(np.int64))
            if not analog:
                synops += _events(a, f"{name}into.", value)
            synops += _events(a, f"{name}mix.", gates.astype(np.int64))
            cell = decayed(cells[index], a[f"{name}forget"]) + mixed
            clamped += int((np.abs(cell) >= _STATE).sum())
            cells[index] = np.clip(cell, -_STATE, _STATE - 1)
            fired[index] = (cells[index] > 2**CELL_BITS).astype(np.int64)
            synops += _events(a, f"{name}recurrent.", fired[index])
            value, analog = fired[index], False
            spikes.setdefault(f"{name[:-1]}_n2_gates", []).append(gates)
            spikes.setdefault(f"{name[:-1]}_n4_cell", []).append(fired[index] > 0)
        if has_readout:
            synops += _events(a, "readout.", value)
            outputs.append(_sum(a, "readout.", value) * 2.0 ** -int(a["readout.bits"][0]))
        else:
            outputs.append(value.astype(np.float64))
    return Run(
        spikes={name: np.stack(each, 1) for name, each in spikes.items()},
        outputs=np.stack(outputs, 1),
        synops=synops,
        saturations=clamped,
    )


def decayed(cell: Ints, forget: Ints) -> Ints:
    """C := round(m C / 4096), halves up; m forget in 1/4096, C cell with 16 fractional bits."""
    rounded: Ints = (cell * forget + 2 ** (FORGET_BITS - 1)) >> FORGET_BITS
    return rounded


def _sum(arrays: Any, name: str, value: Ints) -> Ints:
    """W n + b in whole units; float64 holds every such sum exactly."""
    product = value.astype(np.float64) @ arrays[f"{name}weight"].T.astype(np.float64)
    total: Ints = product.astype(np.int64) + arrays[f"{name}bias"]
    return total


def _events(arrays: Any, name: str, fired: Ints) -> Ints:
    each: Ints = fired @ np.count_nonzero(arrays[f"{name}weight"], axis=0)
    return each


def _weights(graph: nir.NIRGraph, name: str) -> NDArray[np.float64]:
    node = graph.nodes[name]
    weight = np.asarray(node.weight, np.float64).ravel()
    return np.concatenate([weight, np.asarray(getattr(node, "bias", [0.0]), np.float64).ravel()])


def _bits(values: NDArray[np.float64]) -> int:
    """Fewest fractional bits that hold every value; more than 24 where none up to 24 do."""
    for bits in range(_MOST_BITS + 1):
        scaled = values * 2.0**bits
        if np.array_equal(scaled, np.round(scaled)):
            return bits
    return _MOST_BITS + 1


def _stack(graph: nir.NIRGraph) -> Stack:
    stack = read_stack(graph)
    if stack is None:
        raise ValueError("only a graph that passed the rules is placed")
    return stack


INTEGER_CORE = Core(check=check_integers, place=place_integers, simulate=simulate_integers)
