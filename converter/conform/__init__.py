"""Does every consumer fire the same spikes? The matrix of who agrees with whom, bin for bin."""

from .agreement import Agreement, agreement, merged
from .case import Case, Reading, file_case, network_case
from .matrix import about, markdown, text
from .opening import cases_of, random_inputs
from .running import Conformance, Result, conform

__all__ = [
    "Agreement",
    "Case",
    "Conformance",
    "Reading",
    "Result",
    "about",
    "agreement",
    "cases_of",
    "conform",
    "file_case",
    "markdown",
    "merged",
    "network_case",
    "random_inputs",
    "text",
]
