"""Other people's simulators reading our NIR file: the same spikes, or it is not portable."""

from .consumer import CONSUMERS, Consumer
from .guarded import Answer, Job, run_guarded
from .inside import consumer_named, run_consumer

__all__ = [
    "CONSUMERS",
    "Answer",
    "Consumer",
    "Job",
    "consumer_named",
    "run_consumer",
    "run_guarded",
]
