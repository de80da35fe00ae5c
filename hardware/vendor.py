"""The same placement in XyloSim, the vendor's own simulator (package xylosim, optional)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spiking.errors import MissingSoftwareError

from .target import Ints, Placement, Run


def run_xylosim(placement: Placement, inputs: NDArray[Any]) -> Run:
    """Run a placed network on spike counts (batch, time, inputs) in XyloSim, sample by sample.

    Raises MissingSoftwareError where xylosim is not installed.
    """
    try:
        from xylosim.v2 import XyloLayer, XyloSynapse
    except ImportError as error:
        command = "pip install 'subspike[xylo]'"
        raise MissingSoftwareError("xylosim is not installed", command) from error
    a = placement.arrays
    # XyloLayer keeps pointers into these lists: they must outlive every call of the layer
    kept = [
        [
            [XyloSynapse(int(to), 0, int(column[to])) for to in np.nonzero(column)[0]]
            for column in a[name].T
        ]
        for name in ("input.weight", "recurrent.weight", "readout.weight")
    ]
    layer = XyloLayer(
        synapses_in=kept[0],
        synapses_rec=kept[1],
        synapses_out=kept[2],
        aliases=[[] for _ in a["hidden.threshold"]],
        threshold=a["hidden.threshold"].tolist(),
        threshold_out=a["readout.threshold"].tolist(),
        has_bias=True,
        bias=a["hidden.bias"].tolist(),
        bias_out=a["readout.bias"].tolist(),
        weight_shift_inp=0,
        weight_shift_rec=0,
        weight_shift_out=0,
        dash_mem=a["hidden.dash_mem"].tolist(),
        dash_mem_out=a["readout.dash_mem"].tolist(),
        dash_syns=[[int(d)] for d in a["hidden.dash_syn"]],
        dash_syns_out=[[int(d)] for d in a["readout.dash_syn"]],
        name="subspike",
    )
    spikes, output_spikes, potentials, currents = [], [], [], []
    for sample in inputs.astype(np.int64):
        layer.reset_all()
        layer.evolve(sample.tolist())
        spikes.append(np.array(layer.rec_recurrent_spikes, np.int64))
        output_spikes.append(np.array(layer.rec_out_spikes, np.int64))
        potentials.append(np.array(layer.rec_v_mem_out, np.int64).T)
        currents.append(np.array(layer.rec_i_syn_out, np.int64).T)
    fired = np.stack(spikes)
    return Run(
        spikes={"n2_hidden": fired, "n5_readout": np.stack(output_spikes)},
        outputs=np.stack(potentials),
        synops=_synops(placement, inputs.astype(np.int64), fired),
        saturations=None,
        currents=np.stack(currents),
    )


def _synops(placement: Placement, inputs: Ints, fired: Ints) -> Ints:
    """Events counted from the vendor's spikes; those of the last step travel no further."""
    a = placement.arrays
    fan_in = np.count_nonzero(a["input.weight"], axis=0)
    fan_out = np.count_nonzero(a["recurrent.weight"], axis=0)
    fan_out = fan_out + np.count_nonzero(a["readout.weight"], axis=0)
    total: Ints = inputs.sum(1) @ fan_in + fired[:, :-1].sum(1) @ fan_out
    return total
