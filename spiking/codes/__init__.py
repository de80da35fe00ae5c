"""Spike codes: how the values of a unit become spikes. One file a code, one protocol (`Code`)."""

from .adaptive import Adaptive
from .code import Code, Said, Site
from .compound import Compound
from .population import Population
from .rate import Rate

__all__ = ["Adaptive", "Code", "Compound", "Population", "Rate", "Said", "Site"]
