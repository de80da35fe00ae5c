"""The models: the rate subLSTM, the codes, the spiking subLSTM (floor 1)."""

from .activity import Activity, activity, coded_activity, dense_macs
from .cell import CellSpikes, CellState
from .classifier import SubLSTMClassifier
from .coded import CodedLayer, CodedNetwork
from .codes import Adaptive, Code, Compound, Mixed, Population, Rate
from .forgetting import Coincidence, Forgetting, Native, Shunt
from .kernels import RateStep
from .multispike import MultiSpike, MultiSpikeNetwork
from .network import NetworkRun, NetworkStep, SpikingNetwork
from .neuron import SpikingSubLSTM, reset
from .precision import Grid
from .rate import SubLSTM
from .twin import twin_forward, twin_trace

__all__ = [
    "Activity",
    "Adaptive",
    "CellSpikes",
    "CellState",
    "Code",
    "CodedLayer",
    "CodedNetwork",
    "Coincidence",
    "Compound",
    "Forgetting",
    "Grid",
    "Mixed",
    "MultiSpike",
    "MultiSpikeNetwork",
    "Native",
    "NetworkRun",
    "NetworkStep",
    "Population",
    "Rate",
    "RateStep",
    "Shunt",
    "SpikingNetwork",
    "SpikingSubLSTM",
    "SubLSTM",
    "SubLSTMClassifier",
    "activity",
    "coded_activity",
    "dense_macs",
    "reset",
    "twin_forward",
    "twin_trace",
]
