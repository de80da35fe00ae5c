"""Spike codes: how the values of a unit become spikes. One file a code, one protocol (`Code`)."""

from .adaptive import Adaptive
from .code import Code, Said, Site
from .compound import Compound
from .mixed import Mixed
from .population import Population
from .rate import Rate

CODES: dict[str, type[Adaptive | Compound | Population | Rate]] = {
    "adaptive": Adaptive,
    "compound": Compound,
    "population": Population,
    "rate": Rate,
}

__all__ = ["CODES", "Adaptive", "Code", "Compound", "Mixed", "Population", "Rate", "Said", "Site"]
