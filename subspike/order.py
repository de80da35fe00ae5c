"""What is deployed, and how a network is written for each family of chips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import nir
import torch
from numpy.typing import NDArray

from converter import (
    convert,
    mixtures,
    multispike_to_nir,
    rate_of,
    recoded,
    to_multispike,
    to_nir,
    tune_multispike,
)
from converter.nir_graph import PORTABLE_DT
from converter.tune import require_same_sizes
from hardware import Target, check
from hardware.compound import COMPOUNDS
from hardware.flow import Graph
from hardware.populations import POPULATIONS
from hardware.rules import CHAINS
from spiking import CodedNetwork, Compound, MultiSpikeNetwork, SpikingNetwork, SubLSTMClassifier
from spiking.errors import ConfigError, ExportError
from spiking.guarded import SECONDS

from .compounds import compound_network
from .tasks import Task

# seconds of a chip's tick where the chip does not say: real time of an audio front end
CHIP_DT = 1e-3
# of h where units are compound; docs/conversion.md compares
LEVELS = 16


@dataclass(frozen=True, eq=False)
class Form:
    """A network as a family of chips takes it.

    encode  test inputs (batch, time, input) to what `emulate` takes
    note    what was done to it, "" for nothing
    """

    graph: Graph
    dt: float
    encode: Callable[[torch.Tensor], NDArray[Any]]
    note: str = ""


@dataclass(frozen=True, eq=False)
class Order:
    """What is deployed, and how.

    net       populations, or compound units for chips that take them
    teacher   rate model whose weights chips with neurons of another kind get, in their own code;
              None for the network's, which may have been tuned for its own
    samples   test samples for the accuracy; all of them where none is given
    compared  of them, how many the vendors' simulators run, too
    seconds   after which a simulator is ended
    seed      of the tuning that chips with neurons of another kind need
    """

    net: SpikingNetwork | CodedNetwork
    task: Task
    teacher: SubLSTMClassifier | None = None
    samples: int | None = None
    compared: int = 8
    seconds: float = SECONDS
    seed: int = 0
    progress: bool = True

    @property
    def populations(self) -> SpikingNetwork:
        """The network where it is of populations; ExportError for another."""
        if not isinstance(self.net, SpikingNetwork):
            raise ExportError(
                f"this chip takes populations with a constant forget, not {self.net.code}; convert "
                "with --code population"
            )
        return self.net

    @property
    def rate(self) -> SubLSTMClassifier:
        """The rate model to write in another code."""
        return rate_of(self.populations) if self.teacher is None else self.teacher

    def __post_init__(self) -> None:
        """ConfigError for numbers that cannot be meant."""
        if (self.samples is not None and self.samples < 1) or self.compared < 1:
            raise ConfigError(
                f"samples {self.samples} and compared {self.compared} must be 1 or more"
            )
        if not 0 < self.seconds < float("inf"):
            raise ConfigError(f"seconds is {self.seconds}; it must be positive and finite")
        if self.teacher is not None:
            sizes = [layer.hidden_size for layer in self.net.stack]
            require_same_sizes(self.teacher, sizes, self.net.input_size)


def _portable(order: Order, _target: Target) -> Form:
    """The portable graph, as it is."""
    graph = to_nir(order.populations, dt=PORTABLE_DT)
    return Form(graph, PORTABLE_DT, lambda x: order.net.encode(x).numpy())


def _compound(order: Order, _target: Target) -> Form:
    """A network in compound code as it is; another in that code, with nothing tuned."""
    grid = order.net.grid
    if grid is None:
        raise ConfigError("the network lies on no grid; call quantize(net) first")
    made, note = _in_compound_code(order)
    graph = compound_network(made, input_bits=grid.input_bits, input_max=grid.input_max)
    return Form(graph, PORTABLE_DT, lambda x: order.net.encode(x).numpy(), note)


def _in_compound_code(order: Order) -> tuple[SpikingNetwork | CodedNetwork, str]:
    if isinstance(order.net.code, Compound):
        return order.net, ""
    if order.teacher is not None:
        made = convert(order.teacher, code=Compound(LEVELS), progress=False).network
        return made, f"the teacher's weights in {made.code}"
    same = recoded(order.net, Compound(LEVELS))
    # tuned weights make up for a rounding that compound units do not have
    return same, f"the same weights in {same.code}; if they were tuned for another, give --teacher"


def _multispike(order: Order, target: Target) -> Form:
    """The same weights in multi-spike code, pruned to what the chip holds, tuned where it fits."""
    made, limits = to_multispike(order.rate).network, target.limits
    note, fan_out = "multi-spike code", None
    broken = _broken(made, target)
    if broken & {"fan_out_fits", "recurrent_weights_fit"}:
        rows = 3 * made.hidden_size
        # z and i have a synapse each; o and s share what is left
        memory = limits.recurrent or rows * rows
        room = (memory - 2 * made.hidden_size) // (2 * made.hidden_size)
        fan_out = max(1, min(limits.fan_out or rows, room, rows))
        made = to_multispike(order.rate, fan_out=fan_out).network
        note, broken = f"{note}, {fan_out} recurrent synapses a neuron", _broken(made, target)
    if not broken:
        made, note = _tuned(order, fan_out), f"{note}, tuned on the training part"
    return Form(_chip_graph(made), CHIP_DT, lambda x: made.encode(x).numpy(), note)


@lru_cache(maxsize=4)
def _tuned(order: Order, fan_out: int | None) -> MultiSpikeNetwork:
    """Tuned once for all chips of the same fan-out; mixtures of samples teach more than samples."""
    teacher = order.rate
    return tune_multispike(
        to_multispike(teacher, fan_out=fan_out).network,
        teacher=teacher,
        data=mixtures(order.task.train_x, copies=1, seed=order.seed),
        seed=order.seed,
        progress=order.progress,
    ).cpu()


def _broken(made: MultiSpikeNetwork, target: Target) -> set[str]:
    return {fault.rule for fault in check(_chip_graph(made), target, dt=CHIP_DT)}


def _chip_graph(made: MultiSpikeNetwork) -> nir.NIRGraph:
    return multispike_to_nir(made, dt=CHIP_DT)


# how a network is written for a family of chips, by what the family says of other graphs
FORMS: dict[str, Callable[[Order, Target], Form]] = {
    CHAINS.refusal.rule: _multispike,
    COMPOUNDS.refusal.rule: _compound,
    POPULATIONS.refusal.rule: _portable,
}
