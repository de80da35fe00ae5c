"""XyloSim, the vendor's bit-exact simulator of Xylo (package xylosim)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from xylosim.v2 import XyloLayer, XyloSynapse


def run(
    about: Mapping[str, Any], arrays: Mapping[str, Any], arriving: Any, watched: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Sample by sample; group 0 is the hidden layer, group 1 the readout."""
    hidden, readout = (group["name"] for group in about["groups"])
    ends = [(each["source"], each["target"]) for each in about["synapses"]]
    weights = {end: arrays[f"synapses{at}.weight"] for at, end in enumerate(ends)}
    # XyloLayer keeps pointers into these lists: they must outlive every call of the layer
    kept = [
        [
            [XyloSynapse(int(to), 0, int(column[to])) for to in np.nonzero(column)[0]]
            for column in weights[end].T
        ]
        for end in (("input", hidden), (hidden, hidden), (hidden, readout))
    ]
    first, second = (
        {name: arrays[f"group{at}.{name}"].tolist() for name in ("threshold", "bias")}
        | {
            "dash_mem": arrays[f"group{at}.potential_decay"].tolist(),
            "dash_syns": [[int(d)] for d in arrays[f"group{at}.current_decay"]],
        }
        for at in (0, 1)
    )
    layer = XyloLayer(
        synapses_in=kept[0],
        synapses_rec=kept[1],
        synapses_out=kept[2],
        aliases=[[] for _ in first["bias"]],
        threshold=first["threshold"],
        threshold_out=second["threshold"],
        has_bias=True,
        bias=first["bias"],
        bias_out=second["bias"],
        weight_shift_inp=0,
        weight_shift_rec=0,
        weight_shift_out=0,
        dash_mem=first["dash_mem"],
        dash_mem_out=second["dash_mem"],
        dash_syns=first["dash_syns"],
        dash_syns_out=second["dash_syns"],
        name="subspike",
    )
    states = {
        hidden: {"potentials": "rec_v_mem", "currents": "rec_i_syn"},
        readout: {"potentials": "rec_v_mem_out", "currents": "rec_i_syn_out"},
    }
    kinds: dict[str, dict[str, list[Any]]] = {
        "spikes": {hidden: [], readout: []},
        "potentials": {name: [] for name in watched},
        "currents": {name: [] for name in watched},
    }
    for sample in arriving:
        layer.reset_all()
        layer.evolve(sample.tolist())
        kinds["spikes"][hidden].append(np.array(layer.rec_recurrent_spikes))
        kinds["spikes"][readout].append(np.array(layer.rec_out_spikes))
        for kind in ("potentials", "currents"):
            for name in watched:
                kinds[kind][name].append(np.array(getattr(layer, states[name][kind])).T)
    return {
        kind: {name: np.stack(each) for name, each in part.items()} for kind, part in kinds.items()
    }
