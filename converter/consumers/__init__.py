"""Other people's software running our files: the same spikes, or it is not portable."""

from .consumer import CONSUMERS, ENGINES, Consumer
from .guarded import Answer, Job, run_guarded
from .inside import consumer_named, run_consumer

__all__ = [
    "CONSUMERS",
    "ENGINES",
    "Answer",
    "Consumer",
    "Job",
    "consumer_named",
    "run_consumer",
    "run_guarded",
]
