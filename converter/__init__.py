"""Rate to spikes, and out: convert, tune, quantise, export (floor 2; imports spiking only)."""

from .bias import correct_bias
from .bundle import Bundle, export
from .calibrate import Calibration, calibrate
from .checkpoint import load_checkpoint, save_checkpoint
from .compilers import COMPILERS
from .consumers import CONSUMERS, run_consumer
from .convert import Conversion, convert
from .coverage import Coverage, Node, cover
from .data import mixtures
from .dialect import DIALECTS
from .distil import Distilled, distil
from .drift import Drift, drift
from .fit import FitSettings
from .golden import Golden, make_golden, read_golden, write_golden
from .importing import Imported, import_checkpoint
from .layouts import LAYOUTS
from .lint import Finding, Lint, lint, lint_file
from .matching import rate_trace
from .multispike import cover_multispike, multispike_to_nir, to_multispike, tune_multispike
from .network_file import load_network, save_network
from .nir_file import export_nir, read_nir, round_trip, verify_nir, write_nir
from .nir_graph import from_nir, populations, to_nir
from .nir_interpreter import NirRun, run_nir
from .onnx_file import OnnxRun, export_onnx, load_onnx, run_onnx, verify_onnx
from .onnx_graph import to_onnx
from .predict import Prediction, predict_levels
from .presets import PRESETS
from .profiles import PROFILES
from .proof import Proof
from .quantize import off_grid, quantize
from .recode import anneal, rate_of, recoded
from .semantics import LITERAL, Semantics
from .support import Support, support
from .tune import tune

__all__ = [
    "COMPILERS",
    "CONSUMERS",
    "DIALECTS",
    "LAYOUTS",
    "LITERAL",
    "PRESETS",
    "PROFILES",
    "Bundle",
    "Calibration",
    "Conversion",
    "Coverage",
    "Distilled",
    "Drift",
    "Finding",
    "FitSettings",
    "Golden",
    "Imported",
    "Lint",
    "NirRun",
    "Node",
    "OnnxRun",
    "Prediction",
    "Proof",
    "Semantics",
    "Support",
    "anneal",
    "calibrate",
    "convert",
    "correct_bias",
    "cover",
    "cover_multispike",
    "distil",
    "drift",
    "export",
    "export_nir",
    "export_onnx",
    "from_nir",
    "import_checkpoint",
    "lint",
    "lint_file",
    "load_checkpoint",
    "load_network",
    "load_onnx",
    "make_golden",
    "mixtures",
    "multispike_to_nir",
    "off_grid",
    "populations",
    "predict_levels",
    "quantize",
    "rate_of",
    "rate_trace",
    "read_golden",
    "read_nir",
    "recoded",
    "round_trip",
    "run_consumer",
    "run_nir",
    "run_onnx",
    "save_checkpoint",
    "save_network",
    "support",
    "to_multispike",
    "to_nir",
    "to_onnx",
    "tune",
    "tune_multispike",
    "verify_nir",
    "verify_onnx",
    "write_golden",
    "write_nir",
]
