"""A comparison and rows of a deployment built by hand, for tests of what is done with them."""

from dataclasses import replace

import numpy as np

from hardware import Estimate, Violation
from subspike import Column, Comparison, Missing, compare
from subspike.compare import LevelPoint
from subspike.deployment import Match, Row
from subspike.identity import Identity
from subspike.statistics import wilson

LABELS = np.arange(200) % 4

IDENTITY = Identity(
    model="0" * 64,
    data="made <by> hand",
    split="200 test",
    calibration="none",
    code="population, K = 8, two-sided",
    seed=0,
    device="cpu",
    versions={"torch": "0"},
    commit="unknown",
    command="pytest",
)


def logits(wrong: int) -> np.ndarray:
    """Decisions that are right but for the first `wrong` samples."""
    decided = LABELS.copy()
    decided[:wrong] = (decided[:wrong] + 1) % 4
    return np.eye(4)[decided]


def comparison(*, lost: int = 3, margin: float = 0.02) -> Comparison:
    """A rate model, two stages, one of them re-executed, and one that was not run."""
    columns = [
        Column("rate", logits(4), note="the trained model"),
        Column("spiking", logits(4 + lost), spikes=812.5, synops=12345.0),
        Column("NIR", logits(4 + lost), differing=0, total=5_000_000, against="spiking"),
        Missing("chip", "no such software & no chip"),
    ]
    return compare(
        LABELS,
        columns,
        identity=IDENTITY,
        margin=margin,
        levels=[LevelPoint(k, wilson(180 + k, 200), 100.0 * k, 0.8 + k / 100) for k in (2, 4, 8)],
        drift={"l0.z": [0.1, 0.2, 0.15], "l0.h": [0.0, 0.3, 0.2]},
        coverage=[("l0.z", "approximate", "8 levels <of> a sigmoid")],
    )


ENERGY = Estimate("energy", 2.5e-7, "J", "estimate", "a table", "45 nm", "all", "somewhere")
GOOD = Row(
    "digital",
    samples=500,
    accuracy=wilson(490, 500),
    lost=0.2,
    matches=(Match("verilator", 0, 100),),
    compared=8,
    spikes=123.0,
    synops=4567.0,
    ticks=8,
    energy=(ENERGY,),
    latency=replace(ENERGY, quantity="latency", unit="s", value=None, kind="unavailable"),
    rate=0.05,
    break_even=0.25,
    cores=1,
    used={"neurons": (10, 16), "synapses": (99, None)},
)
BROKEN = Row("xylo-imu", violations=(Violation("outputs_fit", "output", "20", "16", "use fewer"),))
FAILED = Row("loihi", failure="ConfigError: what it was")
