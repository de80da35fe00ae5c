"""Rate model to multi-spike network, for chips whose neurons fire many times a step."""

from __future__ import annotations

from dataclasses import replace

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spiking import MultiSpike, MultiSpikeNetwork, Population, SubLSTM, SubLSTMClassifier
from spiking.errors import ConfigError
from spiking.multispike import SHORTEST_DASH

from .convert import Conversion, require_finite
from .coverage import APPROXIMATE, UNSUPPORTED, Coverage, Node, cover
from .data import Batches, gathered
from .fit import FitSettings, fit
from .matching import matching_loss
from .tune import goals_of, require_same_sizes

Array = NDArray[np.float64]


def to_multispike(
    rate: SubLSTM | SubLSTMClassifier,
    *,
    code: MultiSpike | None = None,
    fan_out: int | None = None,
) -> Conversion[MultiSpikeNetwork]:
    """Map every node of `rate` onto neurons that fire up to 31 times a step.

    fan_out  most recurrent synapses that leave a neuron: of each unit the largest so many weights
             stay, and no others ever come back; all stay where none is given

    Without data, and rougher than `convert`: the sigmoid becomes a hard one, currents are
    low-passed by the chip's synapses, and recurrent spikes travel for two chip steps.
    `tune_multispike` makes up for that, and for weights that went.

    Raises CoverageError naming every node that one recurrent layer of such neurons cannot carry,
    NotFiniteError naming the first parameter that holds NaN or infinity.
    """
    code = MultiSpike() if code is None else code
    if fan_out is not None and fan_out < 1:
        raise ConfigError(f"fan_out is {fan_out}; a neuron needs one synapse at least")
    require_finite(rate)
    coverage = cover_multispike(rate, code=code)
    coverage.require_complete()
    if isinstance(rate, SubLSTM):
        raise ConfigError("this chip layout ends in a readout; convert a SubLSTMClassifier")
    rnn, readout = rate.rnn, rate.readout
    bias = readout.bias
    network = MultiSpikeNetwork(
        rnn.get("weight_ih", "l0"),
        rnn.get("weight_hh", "l0"),
        rnn.get("bias_ih", "l0") + rnn.get("bias_hh", "l0"),
        torch.sigmoid(rnn.get("forget", "l0")),
        readout_weight=readout.weight,
        readout_bias=readout.weight.new_zeros(readout.out_features) if bias is None else bias,
        code=code,
        kept=None if fan_out is None else _largest(rnn.get("weight_hh", "l0"), fan_out),
    )
    return Conversion(network.eval(), coverage)


def _largest(weight: Tensor, count: int) -> Tensor:
    """The `count` largest magnitudes of every column, the first of equal ones.  # bool"""
    order = weight.detach().abs().argsort(dim=0, descending=True, stable=True)
    kept = torch.zeros_like(weight, dtype=torch.bool)
    return kept.scatter(0, order[:count], value=True)


def cover_multispike(rate: SubLSTM | SubLSTMClassifier, *, code: MultiSpike) -> Coverage:
    """What `to_multispike` would cover; converts nothing."""
    rounded = f"hard sigmoid of slope 1/4 in {code.levels} levels, integers"
    reasons = {
        **dict.fromkeys("zioh", rounded),
        "f": "1 - 2^-d per chip step, d whole: the nearest that bit shifts give",
        "c": "16-bit leaky integrator, decays by bit shift",
    }
    nodes = []
    for node in cover(rate, code=Population()).nodes:
        layer, _, name = node.name.partition(".")
        if node.fidelity == UNSUPPORTED or name not in reasons:
            nodes.append(node)
        elif layer == "l0":
            nodes.append(Node(node.name, APPROXIMATE, reasons[name]))
        else:
            reason = "a second layer; this chip layout has one recurrent layer"
            nodes.append(replace(node, fidelity=UNSUPPORTED, reason=reason))
    return Coverage(tuple(nodes))


def tune_multispike(
    net: MultiSpikeNetwork,
    *,
    teacher: SubLSTMClassifier,
    data: Batches,
    settings: FitSettings | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    progress: bool = True,
) -> MultiSpikeNetwork:
    """A copy of `net` tuned to the teacher's outputs and logits through the chip's own integers.

    data      inputs (n, time, input), or an iterable of such batches
    settings  default: 40 epochs at a learning rate of 1e-2
    returns   the best network on held-out samples, never a worse one than `net`

    Raises ConfigError when teacher and network differ in their sizes, EmptyDataError without data.
    """
    require_same_sizes(teacher, [net.hidden_size], net.input_size)
    settings = FitSettings(learning_rate=1e-2) if settings is None else settings
    settings = replace(settings, seed=seed)
    x = gathered(data, features=net.input_size).to(device)
    goals = goals_of(teacher, x, size=settings.batch_size)

    def loss(module: MultiSpikeNetwork, chosen: Tensor) -> Tensor:
        return matching_loss(module.twin(x[chosen]), goals(chosen))

    return fit(
        net.to(device),
        loss,
        count=len(x),
        settings=settings,
        label="tune multi-spike",
        progress=progress,
    )


@torch.no_grad()
def multispike_to_nir(net: MultiSpikeNetwork, *, dt: float) -> nir.NIRGraph:
    """The graph that `hardware.place` reads: one recurrent hidden layer and a readout, integers.

        input -> n1_in -> n2_hidden -> n4_out -> n5_readout -> output
                            ^  '-> n3_rec -.
                            '--------------'

    dt  seconds per chip step, `code.hold` of them per input step

    Not a portable file: NIR has hard reset and one spike a step, where the chip subtracts the
    threshold as often as it fits, and a chip's recurrent spikes arrive one step later. The
    numbers and time constants are the chip's own, so that placing changes none of them.
    """
    if not 0.0 < dt < float("inf"):
        raise ConfigError(f"dt is {dt}; it must be a positive number of seconds")
    w = [part.cpu().double().numpy() for part in net.integers()]
    weight_ih, weight_hh, bias, threshold, weight_cell, dash, cell_bias, cell_threshold = w[:8]
    weight_out, bias_out = w[8:]
    hidden, classes = net.hidden_size, len(bias_out)
    silent = np.zeros((hidden, hidden))
    cells = np.diag(weight_cell)
    shortest = np.full(3 * hidden, float(SHORTEST_DASH))
    nodes = {
        "input": nir.Input({"input": np.array([net.input_size])}),
        "n1_in": nir.Linear(np.concatenate([weight_ih, np.zeros((hidden, net.input_size))])),
        "n2_hidden": _cuba(
            np.concatenate([shortest, dash]),
            np.concatenate([bias, cell_bias]),
            np.concatenate([threshold, cell_threshold]),
            dt,
        ),
        "n3_rec": nir.Linear(
            np.block(
                [
                    [np.zeros((3 * hidden, 2 * hidden)), -weight_hh, weight_hh],
                    [cells, -cells, silent, silent],
                ]
            )
        ),
        "n4_out": nir.Linear(
            np.concatenate([np.zeros((classes, 2 * hidden)), -weight_out, weight_out], axis=1)
        ),
        "n5_readout": _cuba(
            np.full(classes, float(SHORTEST_DASH)), bias_out, np.full(classes, 32767.0), dt
        ),
        "output": nir.Output({"output": np.array([classes])}),
    }
    edges = [
        ("input", "n1_in"),
        ("n1_in", "n2_hidden"),
        ("n2_hidden", "n3_rec"),
        ("n3_rec", "n2_hidden"),
        ("n2_hidden", "n4_out"),
        ("n4_out", "n5_readout"),
        ("n5_readout", "output"),
    ]
    return nir.NIRGraph(nodes=nodes, edges=edges)


def _cuba(
    dash: Array,
    bias: Array,
    threshold: Array,
    dt: float,
) -> nir.CubaLIF:
    """I = (1 - 2^-dash)(I + x), V = I + bias: the chip's gain, written as NIR's w_in."""
    ones = np.ones(len(dash))
    return nir.CubaLIF(
        tau_syn=dt * 2.0**dash,
        tau_mem=dt * ones,
        r=ones,
        v_leak=bias,
        v_threshold=threshold,
        v_reset=0.0 * ones,
        w_in=2.0**dash - 1.0,
    )
