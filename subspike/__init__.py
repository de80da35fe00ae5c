"""subspike: rate subLSTM to spiking network, to NIR, ONNX and chips, each stage's cost measured."""

from converter import (
    Proof,
    convert,
    cover,
    export,
    from_nir,
    import_checkpoint,
    load_checkpoint,
    load_network,
    mixtures,
    multispike_to_nir,
    quantize,
    read_nir,
    run_nir,
    save_checkpoint,
    save_network,
    to_multispike,
    to_nir,
    to_onnx,
    tune,
    tune_multispike,
)
from hardware import TARGETS, check, place, simulate
from spiking import (
    MultiSpike,
    MultiSpikeNetwork,
    Population,
    SpikingNetwork,
    SubLSTM,
    SubLSTMClassifier,
)

from .compare import Column, Comparison, Missing, compare
from .flow import compared, written
from .sweep import sweep
from .tasks import Task, load_task
from .train import TrainSettings, train

__all__ = [
    "TARGETS",
    "Column",
    "Comparison",
    "Missing",
    "MultiSpike",
    "MultiSpikeNetwork",
    "Population",
    "Proof",
    "SpikingNetwork",
    "SubLSTM",
    "SubLSTMClassifier",
    "Task",
    "TrainSettings",
    "check",
    "compare",
    "compared",
    "convert",
    "cover",
    "export",
    "from_nir",
    "import_checkpoint",
    "load_checkpoint",
    "load_network",
    "load_task",
    "mixtures",
    "multispike_to_nir",
    "place",
    "quantize",
    "read_nir",
    "run_nir",
    "save_checkpoint",
    "save_network",
    "simulate",
    "sweep",
    "to_multispike",
    "to_nir",
    "to_onnx",
    "train",
    "tune",
    "tune_multispike",
    "written",
]
