"""A quantised spiking network as a NIR graph in one of the profiles, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray

from spiking import CodedNetwork, Grid, Mixed, Population, SpikingNetwork, SpikingSubLSTM
from spiking.activation import activation_named
from spiking.errors import ConfigError, ExportError, GraphError

from .dialect import NEWEST, dialect_named
from .nir_widths import fields
from .profiles import PROFILES, Feed, Profile
from .profiles.profile import MOST_LAYERS, Sizes, gathered, inputs, tensor, values
from .quantize import require_on_grid
from .semantics import LITERAL, Semantics
from .translate import linear

SCHEMA = 1
METADATA_KEY = "subspike"
# snnTorch 1.0.0 hard-codes this step; a file on another grid runs wrong there without a word
PORTABLE_DT = 1e-4
# type of each entry of the metadata, beside the lists `hidden` and `grid`
_ADVICE = {
    "levels": int,
    "activation": str,
    "readout": bool,
    "dt": float,
    "two_sided": bool,
    "dialect": str,
}
# what NIR lacks for codes other than the population
_LACKS = {
    "Adaptive": "no threshold that adapts",
    "Compound": "no graded spike",
    "Rate": "no reset by subtraction",
}


def to_nir(
    net: SpikingNetwork,
    *,
    profile: str = "portable",
    dialect: str = NEWEST,
    dt: float = PORTABLE_DT,
) -> nir.NIRGraph:
    """The NIR graph of `net`; copies every number, float64.

    profile  which of PROFILES lays out the nodes; all give the same spikes
    dialect  the NIR release that must read the file, one of DIALECTS; `write_nir` obeys it
    dt       seconds per step, written into every time constant

    Output: the logits of each step when there is a readout, else what the top layer says (its
    spikes, or counts K h where a profile says those).

    Raises ExportError for a network without a grid, a code that the profile cannot carry (naming
    one that can), or more than 10 layers, GridError naming the numbers that left the grid,
    ConfigError for an unknown profile or dialect, or a dt that is not positive and finite.
    """
    if not 0.0 < dt < float("inf"):
        raise ConfigError(f"dt is {dt}; it must be a positive number of seconds")
    dialect_named(dialect)
    layout = profile_named(profile)
    grid = _require_portable(net, layout)
    nodes: dict[str, nir.NIRNode] = {"input": nir.Input({"input": np.array([net.input_size])})}
    edges: list[tuple[str, str]] = []
    feeds: tuple[Feed, ...] = (Feed("input"),)
    for index, layer in enumerate(net.stack):
        per_spike = 1 if layer.below is None else layer.below
        weight_in = values(layer.weight_ih) / per_spike
        built = layout.layer(layer, f"l{index}_", weight_in, feeds, dt)
        nodes, edges, feeds = nodes | built.nodes, edges + built.edges, built.says
    ends, links, width = _ending(net, feeds)
    nodes |= ends
    nodes["output"] = nir.Output({"output": np.array([width])})
    advice = _advice(net, grid, dt) | {"profile": profile, "dialect": dialect}
    metadata = {METADATA_KEY: json.dumps(advice, sort_keys=True)}
    return nir.NIRGraph(nodes=nodes, edges=[*edges, *links], metadata=metadata)


def profile_named(name: str) -> Profile:
    """One of PROFILES; ConfigError naming them all for another."""
    if name not in PROFILES:
        listed = "; ".join(f"{each.name} ({each.summary})" for each in PROFILES.values())
        raise ConfigError(f"profile {name!r} is not known; choose one of: {listed}")
    return PROFILES[name]


def populations(
    spikes: Mapping[str, NDArray[np.bool_]], net: SpikingNetwork, *, profile: str = "portable"
) -> dict[str, NDArray[np.bool_]]:
    """Spikes of the graph's nodes by population, named as `SpikingNetwork.run` records them.

    spikes   {"l0_n2_gates": (batch, time, neurons), "l0_n4_cell": ...}
    returns  {"l0.z": (batch, time, hidden, levels), ..., "l0.relay": ...}
    """
    layout = profile_named(profile)
    found: dict[str, NDArray[np.bool_]] = {}
    for index, layer in enumerate(net.stack):
        named = layout.spikes(spikes, f"l{index}_", layer)
        found |= {f"l{index}.{name}": raster for name, raster in named.items()}
    return found


def _ending(
    net: SpikingNetwork, feeds: tuple[Feed, ...]
) -> tuple[dict[str, nir.NIRNode], list[tuple[str, str]], int]:
    """Nodes and edges from the top layer to the output, and its width."""
    if net.readout is not None:
        rows, bias = values(net.readout.weight) / net.code.levels, values(net.readout.bias)
    elif len(feeds) == 1:
        decode = feeds[0].decode
        width = net.stack[-1].hidden_size if decode is None else decode.shape[1]
        return {}, [(feeds[0].node, "output")], width
    else:
        rows = np.eye(net.stack[-1].hidden_size)
        bias = np.zeros(len(rows))
    if len(feeds) == 1:
        nodes, edges = inputs("n6_readout", "output", rows, bias, feeds)
        return nodes, edges, len(rows)
    # nirtorch hands several feeds of an output on as so many results; one node adds them up
    nodes, edges = inputs("n6_readout", "n7_sum", rows, bias, feeds)
    nodes["n7_sum"] = nir.Affine(np.eye(len(rows)), np.zeros(len(rows)))
    return nodes, [*edges, ("n7_sum", "output")], len(rows)


def _require_portable(net: SpikingNetwork, layout: Profile) -> Grid:
    if isinstance(net, CodedNetwork):
        raise ExportError(
            f"no profile carries this network of {net.code}: {_lacking(net)}. Convert with "
            "Population() and a constant forget (data= distils one), which every profile carries; "
            "or take to_onnx, which carries most codes, or save_network, which carries all"
        )
    if not net.code.two_sided and not layout.one_sided:
        carriers = sorted(name for name, each in PROFILES.items() if each.one_sided)
        raise ExportError(
            f"a one-sided population needs cell neurons with negative thresholds, which the "
            f"{layout.name} profile cannot carry; profiles {' and '.join(carriers)} can, and so "
            "can ONNX. Or convert with Population(two_sided=True): the same values for half the "
            "spikes."
        )
    if len(net.layers) > MOST_LAYERS:
        raise ExportError(f"{len(net.layers)} layers; names sort in order for {MOST_LAYERS} only")
    return require_on_grid(net)


def _lacking(net: CodedNetwork) -> str:
    """Why not: what this network needs and NIR has not."""
    codes = [net.code.inner, net.code.outer] if isinstance(net.code, Mixed) else [net.code]
    names = {type(code).__name__ for code in codes} - {"Population"}
    lacking = [_LACKS.get(name, f"nothing like {name}") for name in sorted(names)]
    if any(not isinstance(layer.forget, torch.Tensor) for layer in net.stack):
        lacking.append("no product of two signals")
    if not lacking:
        return "a profile has one number of levels for all populations"
    return f"NIR has {' and '.join(lacking)}"


def _advice(net: SpikingNetwork, grid: Grid, dt: float) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "dt": dt,
        "code": "population",
        "levels": net.code.levels,
        "two_sided": net.code.two_sided,
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
    try:
        again = to_nir(net, profile=advice["profile"], dt=advice["dt"])
    except ExportError as error:
        raise GraphError(f"the metadata describe no network of this profile: {error}") from error
    if list(again.edges) != [tuple(edge) for edge in graph.edges]:
        raise GraphError(
            f"the edges are not those of the {advice['profile']} profile; run it with run_nir"
        )
    strange = sorted(again.nodes.keys() ^ graph.nodes.keys())
    if strange:
        raise GraphError(f"nodes {strange} are missing or not of the {advice['profile']} profile")
    for name, node in again.nodes.items():
        given = graph.nodes[name]
        if type(given) is not type(node):
            raise GraphError(f"node {name!r} is a {type(given).__name__}")
        for field, wanted in vars(node).items():
            if isinstance(wanted, np.ndarray) and not np.array_equal(getattr(given, field), wanted):
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
    known = isinstance(advice.get("profile"), str) and advice["profile"] in PROFILES
    if advice.get("schema") != SCHEMA or not known:
        raise GraphError(
            f"metadata of schema {advice.get('schema')!r}, profile {advice.get('profile')!r}; this "
            f"version reads {SCHEMA} in {sorted(PROFILES)}"
        )
    usual: dict[str, Any] = {"dialect": NEWEST, "two_sided": True}
    advice = usual | advice
    hidden: Any = advice.get("hidden")
    grid = advice.get("grid")
    wrong = [name for name, kind in _ADVICE.items() if type(advice.get(name)) is not kind]
    if wrong or not isinstance(hidden, list) or not isinstance(grid, dict):
        raise GraphError(f"metadata: {wrong or ['hidden', 'grid']} missing or of the wrong type")
    counts = [advice["levels"], *hidden]
    if not hidden or any(type(n) is not int or n < 1 for n in counts) or not advice["dt"] > 0:
        raise GraphError(f"metadata: sizes {counts} or dt {advice['dt']} are not positive")
    most = max(hidden) ** 2 * advice["levels"]
    if most > _largest(graph):
        raise GraphError(
            f"metadata: {max(hidden)} units with {advice['levels']} levels have {most} weights, "
            "more than any array of the graph holds"
        )
    return advice


def semantics_of(graph: nir.NIRGraph) -> Semantics:
    """Those under which a graph of ours was written; the literal ones for others."""
    try:
        return PROFILES[read_advice(graph)["profile"]].semantics
    except GraphError:
        return LITERAL


def _largest(graph: nir.NIRGraph) -> int:
    """Entries of the largest array, a bound on every size that can be meant."""
    sizes = [np.size(each) for node in graph.nodes.values() for each in fields(node).values()]
    return max(sizes, default=0)


def _rebuilt(graph: nir.NIRGraph, advice: dict[str, Any]) -> SpikingNetwork:
    layout = PROFILES[advice["profile"]]
    layers = []
    try:
        code = Population(levels=advice["levels"], two_sided=bool(advice["two_sided"]))
        grid = Grid(**advice["grid"])
        activation = activation_named(advice["activation"], among=("sigmoid", "hard_sigmoid"))
        threshold = code.off_ties(code.thresholds(activation), unit=grid.unit)[-1]
        feeds: tuple[Feed, ...] = (Feed("input"),)
        below = None
        for index, hidden in enumerate(advice["hidden"]):
            sizes = Sizes(hidden, code.levels, values(code.signs()), float(threshold), advice["dt"])
            found = layout.numbers(graph, f"l{index}_", feeds, sizes)
            step = 2.0**-grid.forget_bits
            layer = SpikingSubLSTM(
                tensor(found.weight_ih * (below or 1)),
                tensor(found.weight_hh * code.levels),
                tensor(found.bias),
                tensor(np.round(found.forget / step) * step),
                code=code,
                activation=advice["activation"],
                below=below,
                grid=grid,
            )
            layers.append(layer)
            below = code.levels
            # only the nodes that say its value are asked for
            feeds = layout.layer(
                layer, f"l{index}_", values(layer.weight_ih), feeds, advice["dt"]
            ).says
        readout = _readout(graph, feeds, code.levels) if advice["readout"] else None
    except (LookupError, AttributeError, TypeError, ValueError, RuntimeError) as error:
        raise GraphError(
            f"the graph does not have the {layout.name} profile's nodes: {error}"
        ) from error
    return SpikingNetwork(layers, readout).eval()


def _readout(graph: nir.NIRGraph, feeds: tuple[Feed, ...], levels: int) -> torch.nn.Linear:
    weight, bias = gathered(graph, "n6_readout", feeds)
    return linear(tensor(weight * levels), tensor(bias), dtype=torch.float32)
