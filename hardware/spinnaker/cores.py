"""What a share of a network takes of a SpiNNaker core."""

from __future__ import annotations

from ..network import Quantized, group_named
from ..placement import Share, neurons, sources, synapses

# sPyNNaker 7.4.1, pyNN/utilities/constants.py (POP_TABLE_MAX_ROW_LENGTH): a row of synapses has so
# many words, and may reach every neuron of a core
NEURONS = 256
# a tick is a millisecond, and a core adds 13 million weights a second into its ring buffers: the
# same, synapse_dynamics/synapse_dynamics_static.py (synapses_per_second, after "Synapse-Centric
# Mapping of Cortical Models to the SpiNNaker Neuromorphic Architecture")
TICK = 1e-3
EVENTS = 13_000


def binaries(network: Quantized, share: Share) -> int:
    """Programs that a core would have to run: a population is one, and has one model of neuron."""
    keeps = ((name, group_named(network, name).current_decay[rows]) for name, rows in share.items())
    return len({(name, bool(tau)) for name, each in keeps for tau in each})


LIMITS = {"neurons": NEURONS, "binaries": 1, "synaptic events a tick": EVENTS}
# events: as many as there are synapses, where all that a core hears fires in one tick
LOADS = {
    "neurons": neurons,
    "binaries": binaries,
    "synaptic events a tick": synapses,
    "spikes in a tick": sources,
}
SOURCE = (
    "sPyNNaker 7.4.1, pyNN/utilities/constants.py and synapse_dynamics_static.py; SpiNNMachine, "
    "version/version_spin1.py, version_48_chips.py and version_248.py"
)
