"""A quantised spiking network as a NIR graph, and back.

The portable profile: one chain of Affine and CubaLIF nodes with one feedback edge a layer,

    input -> l0_n1_in -> l0_n2_gates -> l0_n3_mix -> l0_n4_cell -> (l1_n1_in ...) -> output
                              ^------------ l0_n5_rec <-----'

Every membrane is memoryless (tau_mem = dt), so that reset semantics vanish. The cell state is
the synaptic current of n4 (never reset); the other half of n4 relays o to the same step's end.
Names sort in data-flow order and the recurrent edge stands before the outgoing one, because
HDF5 forgets the order of nodes and importers schedule by it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray

from spiking import Grid, Population, SpikingNetwork, SpikingSubLSTM
from spiking.activation import activation_named
from spiking.codes.population import CELL_WEIGHT_STEP
from spiking.errors import ConfigError, ExportError, GraphError

from .quantize import require_on_grid
from .translate import linear

Array = NDArray[np.float64]

PROFILE = "portable"
SCHEMA = 1
METADATA_KEY = "subspike"
# snnTorch 1.0.0 hard-codes this step; a file on another grid runs wrong there without a word
PORTABLE_DT = 1e-4
_MOST_LAYERS = 10
# type of each entry of the metadata, beside the lists `hidden` and `grid`
_ADVICE = {"levels": int, "activation": str, "readout": bool, "dt": float}


def to_nir(net: SpikingNetwork, *, dt: float = PORTABLE_DT) -> nir.NIRGraph:
    """The portable NIR graph of `net`; copies every number, float64.

    dt  seconds per step, written into every time constant

    Output: the logits of each step when there is a readout, else the spikes of the last n4.

    Raises ExportError for a network without a grid, a one-sided code, or more than 10 layers,
    GridError naming the numbers that left the grid, ConfigError for a dt that is not positive
    and finite.
    """
    if not 0.0 < dt < float("inf"):
        raise ConfigError(f"dt is {dt}; it must be a positive number of seconds")
    grid = _require_portable(net)
    nodes: dict[str, nir.NIRNode] = {"input": nir.Input({"input": np.array([net.input_size])})}
    edges: list[tuple[str, str]] = []
    previous, decode = "input", np.eye(net.input_size)
    for index, layer in enumerate(net.stack):
        name = f"l{index}_"
        per_spike = 1 if layer.below is None else layer.below
        weight_in = _values(layer.weight_ih) / per_spike @ decode
        decode = _decoder(layer)
        nodes |= _layer_nodes(layer, name, weight_in, decode, dt)
        edges += [
            (previous, f"{name}n1_in"),
            (f"{name}n1_in", f"{name}n2_gates"),
            (f"{name}n2_gates", f"{name}n3_mix"),
            (f"{name}n3_mix", f"{name}n4_cell"),
            (f"{name}n4_cell", f"{name}n5_rec"),
            (f"{name}n5_rec", f"{name}n2_gates"),
        ]
        previous = f"{name}n4_cell"
    width = decode.shape[1]
    if net.readout is not None:
        weight = _values(net.readout.weight) / net.code.levels @ decode
        nodes["n6_readout"] = nir.Affine(weight, _values(net.readout.bias))
        edges.append((previous, "n6_readout"))
        previous, width = "n6_readout", net.readout.out_features
    nodes["output"] = nir.Output({"output": np.array([width])})
    edges.append((previous, "output"))
    metadata = {METADATA_KEY: json.dumps(_advice(net, grid, dt), sort_keys=True)}
    return nir.NIRGraph(nodes=nodes, edges=edges, metadata=metadata)


def populations(
    spikes: Mapping[str, NDArray[np.bool_]], net: SpikingNetwork
) -> dict[str, NDArray[np.bool_]]:
    """Spikes of the graph's nodes by population, named as `SpikingNetwork.run` records them.

    spikes   {"l0_n2_gates": (batch, time, neurons), "l0_n4_cell": ...}
    returns  {"l0.z": (batch, time, hidden, levels), ..., "l0.relay": ...}
    """
    found: dict[str, NDArray[np.bool_]] = {}
    for index, layer in enumerate(net.stack):
        for node, names in (("n2_gates", "zio"), ("n4_cell", ("s", "relay"))):
            raster = spikes[f"l{index}_{node}"]
            shape = (*raster.shape[:2], len(names), layer.hidden_size, layer.code.levels)
            parts = raster.reshape(shape)
            found |= {f"l{index}.{name}": parts[:, :, at] for at, name in enumerate(names)}
    return found


def _require_portable(net: SpikingNetwork) -> Grid:
    if not net.code.two_sided:
        raise ExportError(
            "a one-sided population needs cell neurons with negative thresholds, which the "
            "portable profile cannot carry; convert with Population(two_sided=True): the same "
            "values for half the spikes. ONNX carries both."
        )
    if len(net.layers) > _MOST_LAYERS:
        raise ExportError(f"{len(net.layers)} layers; names sort in order for {_MOST_LAYERS} only")
    return require_on_grid(net)


def _values(tensor: Any) -> Array:
    return np.array(tensor.detach().cpu().numpy(), dtype=np.float64)


def _per_neuron(rows: Array, signs: Array) -> Array:
    """Rows of units to rows of their neurons, with sign.  # (units, n) -> (units * levels, n)"""
    return (rows[:, None, :] * signs[None, :, None]).reshape(-1, rows.shape[1])


def _decoder(layer: SpikingSubLSTM) -> Array:
    """Spikes of n4 to signed counts K h = n_s - n_o.  # (hidden, 2 * hidden * levels)"""
    counts = np.kron(np.eye(layer.hidden_size), _values(layer.signs)[None, :])
    return np.concatenate([counts, -counts], axis=1)


def _layer_nodes(
    layer: SpikingSubLSTM, name: str, weight_in: Array, decode: Array, dt: float
) -> dict[str, nir.NIRNode]:
    signs, levels, hidden = _values(layer.signs), layer.code.levels, layer.hidden_size
    gates, bias = 3 * hidden * levels, _values(layer.bias)
    # sign (drive - t) > 0  is written  sign drive - sign t + 1 > 1: every threshold is 1
    shifted = (bias[:, None] - _values(layer.threshold)[None, :]) * signs[None, :] + 1.0
    recurrent = _values(layer.weight_hh) / levels @ decode
    forget = np.repeat(_values(layer.forget), levels)
    tau_syn = np.concatenate([dt / (1.0 - forget), np.full(hidden * levels, dt)])
    return {
        f"{name}n1_in": nir.Affine(_per_neuron(weight_in, signs), shifted.reshape(-1)),
        f"{name}n2_gates": _cuba(np.full(gates, dt), dt),
        f"{name}n3_mix": nir.Affine(_mixing(layer), np.zeros(2 * hidden * levels)),
        f"{name}n4_cell": _cuba(tau_syn, dt),
        f"{name}n5_rec": nir.Affine(_per_neuron(recurrent, signs), np.zeros(gates)),
    }


def _mixing(layer: SpikingSubLSTM) -> Array:
    """Gate spikes to cell currents (n_z - n_i)/t_k, and o to its relays with weight 2."""
    levels, hidden = layer.code.levels, layer.hidden_size
    # the code defines t_k as 1 / (m step); without rounding, dividing again may miss m
    multiples = np.rint(1.0 / (_values(layer.cell_threshold) * CELL_WEIGHT_STEP))
    per_unit = np.outer(multiples * CELL_WEIGHT_STEP, _values(layer.signs))
    cells = np.kron(np.eye(hidden), per_unit)
    silent = np.zeros_like(cells)
    relays = 2.0 * np.eye(hidden * levels)
    return np.block([[cells, -cells, silent], [silent, silent, relays]])


def _cuba(tau_syn: Array, dt: float) -> nir.CubaLIF:
    ones = np.ones(len(tau_syn))
    return nir.CubaLIF(
        tau_syn=tau_syn,
        tau_mem=dt * ones,
        r=ones,
        v_leak=0.0 * ones,
        v_threshold=ones.copy(),
        v_reset=0.0 * ones,
        w_in=tau_syn / dt,
    )


def _advice(net: SpikingNetwork, grid: Grid, dt: float) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "profile": PROFILE,
        "dt": dt,
        "code": "population",
        "levels": net.code.levels,
        "activation": net.stack[0].activation,
        "grid": asdict(grid),
        "hidden": [layer.hidden_size for layer in net.stack],
        "readout": net.readout is not None,
    }


def from_nir(graph: nir.NIRGraph) -> SpikingNetwork:
    """The network that `to_nir` wrote into `graph`; every number is checked.

    Weights, biases and forgets are read from the nodes, sizes and the grid from the metadata;
    then the graph is built anew from the result and must equal the given one exactly.

    Raises GraphError naming the first node and field that is missing or differs, GridError for
    numbers off the grid that the metadata claims.
    """
    advice = read_advice(graph)
    net = _rebuilt(graph, advice)
    again = to_nir(net, dt=advice["dt"])
    if list(again.edges) != [tuple(edge) for edge in graph.edges]:
        raise GraphError("the edges are not those of the portable profile; run it with run_nir")
    for name, node in again.nodes.items():
        for field, wanted in vars(node).items():
            if isinstance(wanted, np.ndarray):
                found = getattr(graph.nodes.get(name), field, None)
                if found is None or not np.array_equal(np.asarray(found), wanted):
                    raise GraphError(f"node {name!r}: its {field} is not what the profile says")
    return net


def read_advice(graph: nir.NIRGraph) -> dict[str, Any]:
    """The metadata that `to_nir` left; GraphError when it is absent or not of our schema."""
    try:
        advice: dict[str, Any] = dict(json.loads(graph.metadata[METADATA_KEY]))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise GraphError(
            "the graph has no readable 'subspike' metadata, so it was not written by to_nir; "
            "run_nir runs it all the same"
        ) from error
    if advice.get("schema") != SCHEMA or advice.get("profile") != PROFILE:
        raise GraphError(
            f"metadata of schema {advice.get('schema')!r}; this version reads {SCHEMA}"
        )
    hidden, grid = advice.get("hidden"), advice.get("grid")
    wrong = [name for name, kind in _ADVICE.items() if type(advice.get(name)) is not kind]
    if wrong or not isinstance(hidden, list) or not isinstance(grid, dict):
        raise GraphError(f"metadata: {wrong or ['hidden', 'grid']} missing or of the wrong type")
    counts = [advice["levels"], *hidden]
    if not hidden or any(type(n) is not int or n < 1 for n in counts) or not advice["dt"] > 0:
        raise GraphError(f"metadata: sizes {counts} or dt {advice['dt']} are not positive")
    return advice


def _rebuilt(graph: nir.NIRGraph, advice: dict[str, Any]) -> SpikingNetwork:
    layers = []
    try:
        _require_sizes(graph, advice)
        code = Population(levels=advice["levels"])
        grid = Grid(**advice["grid"])
        activation = activation_named(advice["activation"], among=("sigmoid", "hard_sigmoid"))
        last = code.levels - 1  # the last neuron of a population has sign +1
        for index, hidden in enumerate(advice["hidden"]):
            name = f"l{index}_"
            rows = np.arange(3 * hidden) * code.levels + last
            columns = np.arange(hidden) * code.levels + last
            affine = graph.nodes[f"{name}n1_in"]
            weight, below = affine.weight[rows], None
            if index > 0:
                below = code.levels
                weight = weight[:, np.arange(advice["hidden"][index - 1]) * below + last] * below
            threshold = code.off_ties(code.thresholds(activation), unit=grid.unit)[last]
            layer = SpikingSubLSTM(
                _tensor(weight),
                _tensor(graph.nodes[f"{name}n5_rec"].weight[rows][:, columns] * code.levels),
                _tensor(affine.bias[rows] - 1.0 + float(threshold)),
                _tensor(_forgets(graph.nodes[f"{name}n4_cell"], columns, advice)),
                code=code,
                activation=advice["activation"],
                below=below,
                grid=grid,
            )
            layers.append(layer)
        readout = None
        if advice["readout"]:
            node = graph.nodes["n6_readout"]
            weight = _tensor(node.weight[:, columns] * code.levels)
            readout = linear(weight, _tensor(node.bias), dtype=torch.float32)
    except (LookupError, AttributeError, TypeError, ValueError, RuntimeError) as error:
        raise GraphError(
            f"the graph does not have the portable profile's nodes: {error}"
        ) from error
    return SpikingNetwork(layers, readout).eval()


def _require_sizes(graph: nir.NIRGraph, advice: dict[str, Any]) -> None:
    """The claimed sizes are those of the arrays, before anything of that size is built."""
    for index, hidden in enumerate(advice["hidden"]):
        name, held = f"l{index}_n1_in", len(graph.nodes[f"l{index}_n1_in"].bias)
        if held != 3 * hidden * advice["levels"]:
            raise GraphError(
                f"node {name!r} has {held} neurons; the metadata asks for 3 gates of {hidden} "
                f"units with {advice['levels']} levels"
            )


def _tensor(values: Array) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))


def _forgets(node: Any, columns: NDArray[np.int64], advice: dict[str, Any]) -> Array:
    """F = 1 - dt/tau_syn, rounded to the grid that it was written from."""
    step = 2.0 ** -advice["grid"]["forget_bits"]
    found: Array = np.round((1.0 - advice["dt"] / node.tau_syn[columns]) / step) * step
    return found
