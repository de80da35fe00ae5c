"""The models: the rate subLSTM, the codes, the spiking subLSTM (floor 1)."""

from .activity import Activity, activity, dense_macs
from .cell import CellSpikes, CellState
from .classifier import SubLSTMClassifier
from .codes import Population
from .kernels import RateStep
from .multispike import MultiSpike, MultiSpikeNetwork
from .network import NetworkRun, NetworkStep, SpikingNetwork
from .neuron import SpikingSubLSTM, reset
from .precision import Grid
from .rate import SubLSTM
from .twin import twin_forward, twin_trace

__all__ = [
    "Activity",
    "CellSpikes",
    "CellState",
    "Grid",
    "MultiSpike",
    "MultiSpikeNetwork",
    "NetworkRun",
    "NetworkStep",
    "Population",
    "RateStep",
    "SpikingNetwork",
    "SpikingSubLSTM",
    "SubLSTM",
    "SubLSTMClassifier",
    "activity",
    "dense_macs",
    "reset",
    "twin_forward",
    "twin_trace",
]
