"""Ways to lay one spiking network out as NIR nodes; each equal to the others spike for spike."""

from .li import LeakyIntegrator
from .portable import Portable
from .profile import Built, Feed, Numbers, Profile
from .readable import Readable
from .split import Split
from .stepwise import Stepwise

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (Portable(), Split(), LeakyIntegrator(), Readable(), Stepwise())
}

__all__ = [
    "PROFILES",
    "Built",
    "Feed",
    "LeakyIntegrator",
    "Numbers",
    "Portable",
    "Profile",
    "Readable",
    "Split",
    "Stepwise",
]
