"""Rate to spikes, and out: convert, tune, quantise, export (floor 2; imports spiking only)."""

from .consumers import CONSUMERS, run_consumer
from .convert import Conversion, convert
from .coverage import Coverage, Node, cover
from .distil import Distilled, distil
from .drift import Drift, drift
from .fit import FitSettings
from .matching import rate_trace
from .network_file import load_network, save_network
from .nir_file import export_nir, read_nir, verify_nir, write_nir
from .nir_graph import from_nir, populations, to_nir
from .nir_interpreter import NirRun, run_nir
from .quantize import quantize
from .tune import tune

__all__ = [
    "CONSUMERS",
    "Conversion",
    "Coverage",
    "Distilled",
    "Drift",
    "FitSettings",
    "NirRun",
    "Node",
    "convert",
    "cover",
    "distil",
    "drift",
    "export_nir",
    "from_nir",
    "load_network",
    "populations",
    "quantize",
    "rate_trace",
    "read_nir",
    "run_consumer",
    "run_nir",
    "save_network",
    "to_nir",
    "tune",
    "verify_nir",
    "write_nir",
]
