"""A chain of layers as an HDF5 file (`.net`) that netx of lava-dl reads and runs on Loihi.

netx knows dense layers, each perhaps recurrent, whose neurons share their decays and threshold
(lava-dl 0.6.0, netx/hdf5.py). What `population` makes has a decay for every unit and a loop over
two groups, which no such file can say; the first thing in the way is named.
"""

from __future__ import annotations

import io

import h5py
import numpy as np

from spiking.errors import ExportError

from ..format import KEEP_BITS
from ..network import INPUT, Ints, Neurons, Quantized, Synapses
from ..simulator import Simulator
from .registers import ALIGN

NETX = Simulator("netx", "lava-dl 0.6.0, lava-nc 0.10.0", "scripts/vendors netx", apart=True)
NAME = "network.net"
_TYPE = "S10"
# netx writes it into every neuron: hdf5.py, get_neuron_params
_BIAS_EXPONENT = 6
_MOST_BIAS = 4095


def netx_file(network: Quantized) -> bytes:
    """The file's bytes.

    Raises ExportError for a network that is no chain of such layers.
    """
    sink = io.BytesIO()
    with h5py.File(sink, "w") as file:
        below = INPUT
        for at, group in enumerate(network.groups):
            feeds = {each.source: each for each in network.synapses if each.target == group.name}
            count = sum(each.target == group.name for each in network.synapses)
            if count != len(feeds) or not {below} <= set(feeds) <= {below, group.name}:
                raise ExportError(
                    f"group {group.name!r} is fed by {sorted(feeds)} over {count} connections; a "
                    f"layer of netx has one from {below!r} and perhaps one from itself"
                )
            layer = file.create_group(f"layer/{at}")
            _write(layer, group, feeds[below], feeds.get(group.name))
            below = group.name
    return sink.getvalue()


def _write(layer: h5py.Group, group: Neurons, feed: Synapses, loop: Synapses | None) -> None:
    kind = "dense" if loop is None else "dense_rec"
    layer.create_dataset("type", data=np.array([kind.encode()], _TYPE))
    layer["shape"] = np.array([len(group)])
    layer["inFeatures"], layer["outFeatures"] = feed.weight.shape[1], len(group)
    for name, each in (("weight", feed), ("weight_rec", loop)):
        if each is not None:
            layer[name] = _plain(each)
    mantissa, rest = np.divmod(group.bias, 2**_BIAS_EXPONENT)
    if rest.any() or np.abs(mantissa).max(initial=0) > _MOST_BIAS:
        raise ExportError(
            f"group {group.name!r}: netx takes biases of {2**_BIAS_EXPONENT} times a mantissa, "
            f"up to {_MOST_BIAS}"
        )
    if mantissa.any():
        layer["bias"] = mantissa
    whole = 2**KEEP_BITS
    neuron = layer.create_group("neuron")
    neuron.create_dataset("type", data=np.array([b"CUBA"], _TYPE))
    neuron["iDecay"] = whole - _shared(group, "current_decay", group.current_decay)
    neuron["vDecay"] = whole - _shared(group, "potential_decay", group.potential_decay)
    neuron["vThMant"] = _shared(group, "threshold", group.threshold) >> ALIGN
    neuron["refDelay"], neuron["gradedSpike"] = 1, False


def _plain(synapses: Synapses) -> Ints:
    where = f"synapses {synapses.source!r} -> {synapses.target!r}"
    if (synapses.delay, synapses.shift, synapses.drop) != (1, ALIGN, 0):
        raise ExportError(f"{where}: a layer of netx has no delay and no exponent of its own")
    weight = synapses.weight
    if not ((weight > 0).any() and (weight < 0).any()) or (weight % 2).any():
        raise ExportError(
            f"{where}: netx decides for a layer's weights together how many bits they have, which "
            "is exact for even weights of both signs"
        )
    return weight


def _shared(group: Neurons, what: str, values: Ints) -> int:
    if len(np.unique(values)) != 1:
        raise ExportError(
            f"group {group.name!r} has {len(np.unique(values))} values of {what}; neurons of a "
            "layer of netx share one"
        )
    return int(values[0])
