"""Does every consumer fire the same spikes? The matrix of who agrees with whom, bin for bin."""

from .agreement import Agreement, agreement, merged
from .case import Case, cases_of, file_case, network_case, random_inputs
from .matrix import about, markdown, text
from .running import Conformance, Result, conform

__all__ = [
    "Agreement",
    "Case",
    "Conformance",
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
