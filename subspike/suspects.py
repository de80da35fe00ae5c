"""Suspects of a lost conversion, each a sentence and the intervention that convicts it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from converter import calibrate, convert, rate_trace, recoded
from converter.recode import fineness, refined
from spiking import (
    Code,
    CodedLayer,
    CodedNetwork,
    Coincidence,
    Mixed,
    Native,
    NetworkRun,
    Rate,
    SpikingNetwork,
    SubLSTMClassifier,
)
from spiking.errors import ConfigError, CoverageError

Net = SpikingNetwork | CodedNetwork
# samples that are run one after the other, which is slow
_STREAMED = 64


@dataclass(frozen=True)
class Cause:
    """One reason for the loss.

    name      of the suspect
    evidence  what was seen, with its number
    gain      points of accuracy (share) that the intervention won on these samples
    remedy    the command or call that puts it right
    """

    name: str
    evidence: str
    gain: float
    remedy: str


@dataclass(frozen=True)
class Case:
    """What is examined: models, samples, and logits that some engine observed, if any."""

    rate: SubLSTMClassifier
    net: Net
    x: Tensor
    y: Tensor
    observed: Tensor | None

    def accuracy(self, logits: Tensor) -> float:
        """Share of samples that these logits decide rightly."""
        return float((logits.argmax(1) == self.y).double().mean())

    def of(self, net: Any, x: Tensor | None = None) -> float:
        """Accuracy of a network, quantised twin or core, whichever is faster."""
        return self.accuracy(_logits(net, self.x if x is None else x))

    @cached_property
    def own(self) -> Tensor:
        """Logits of the network as it should run."""
        return _logits(self.net, self.x)

    @cached_property
    def baseline(self) -> float:
        """Accuracy of the network as it should run, which conversion is judged by."""
        return self.accuracy(self.own)


def _gate_order(case: Case) -> Cause | None:
    """Rows of z, i and o in another order."""
    best = case.baseline
    order: tuple[int, ...] = (0, 1, 2)
    for tried in itertools.permutations(range(3)):
        if tried != order and (share := case.of(_reordered(case.net, tried))) > best:
            best, order = share, tried
    if order == (0, 1, 2):
        return None
    names = ", ".join("zio"[k] for k in order)
    return Cause(
        "gate order",
        f"with its rows read as {names} the network is right in {best:.1%}",
        best - case.baseline,
        "subspike convert RATE --layout NAME (the checkpoint's own; "
        "converter.LAYOUTS lists them), which proves the order on data",
    )


def _clipping(case: Case) -> Cause | None:
    """Inputs beyond what the grid takes."""
    grid = case.net.grid
    if grid is None:
        return None
    beyond = (case.x.abs() > grid.input_max).double().mean()
    if not float(beyond):
        return None
    reach = float(case.x.abs().max())
    return Cause(
        "saturation",
        f"{float(beyond):.1%} of the inputs lie beyond {grid.input_max:g}, up to {reach:g}",
        case.of(_off(case.net)) - case.baseline,  # off the grid nothing is clipped
        f"quantize(net, input_max={reach:g})",
    )


def _levels(case: Case) -> Cause | None:
    """Four times as many levels."""
    code = case.net.code
    try:
        finer = _finer(code)
    except ConfigError:
        return None  # as fine as it can be
    return Cause(
        "too few levels",
        f"{code.levels:g} levels; {finer.levels:g} were tried",
        case.of(_off(case.net, finer)) - case.baseline,
        f"subspike convert RATE --levels {finer.levels:g}, or subspike tune",
    )


def _dead(case: Case) -> Cause | None:
    """Units that say the same at every step of every sample, where the rate model's do not."""
    h = _run(case.net, case.x).output
    still = h.flatten(0, 1).std(0) < 1e-9
    top = f"l{case.rate.rnn.num_layers - 1}"
    moving = rate_trace(case.rate, case.x)[f"{top}.h"].flatten(0, 1).std(0) > 1e-3
    dead = (still & moving).nonzero().flatten()
    if not len(dead) or not _fits(case):
        return None
    net = _off(case.net)
    layer: Any = net.stack[-1]
    rows = torch.cat([dead + k * layer.hidden_size for k in range(len(layer.bias) // len(h[0, 0]))])
    rnn = case.rate.rnn
    layer.weight_ih[rows] = rnn.get("weight_ih", top)[rows].float()
    layer.weight_hh[rows] = rnn.get("weight_hh", top)[rows].float()
    layer.bias[rows] = (rnn.get("bias_ih", top) + rnn.get("bias_hh", top))[rows].float()
    return Cause(
        "dead population",
        f"{len(dead)} of {len(still)} units never change, the first are {dead[:5].tolist()}",
        case.of(net) - case.baseline,
        "convert these units anew (their rows of the rate model), with finer weight_bits",
    )


def _reset(case: Case) -> Cause | None:
    """A reset to zero instead of by subtraction."""
    code = case.net.code
    if not isinstance(code, Rate) or code.reset == "soft":
        return None
    soft = replace(code, reset="soft")
    return Cause(
        "reset changed",
        "neurons reset to zero and lose what was left on the membrane",
        case.of(_off(case.net, soft)) - case.baseline,
        "take a target with reset by subtraction, Rate(reset='soft'), or the population code",
    )


def _product(case: Case) -> Cause | None:
    """A forget that is a constant, or formed in spikes, where the rate model computes it."""
    if case.rate.rnn.forget != "gated":
        return None
    ways = {getattr(layer, "forgetting", None) for layer in case.net.stack}
    if ways == {Native()}:
        return None
    exact = convert(case.rate, code=case.net.code, forget=Native()).network
    how = "a constant" if ways == {None} else repr(ways.pop())
    return Cause(
        "product approximated",
        f"f_t c_(t-1) is formed by {how}",
        case.of(exact) - case.baseline,
        "convert(rate, forget=Native()) where the target multiplies, else more leaks and levels "
        "for Coincidence, a larger shift for Shunt",
    )


def _range(case: Case) -> Cause | None:
    """Cells beyond the reach of the neurons that count them."""
    layers = [layer for layer in case.net.stack if isinstance(layer, CodedLayer)]
    ways = [each.forgetting for each in layers if isinstance(each.forgetting, Coincidence)]
    if not ways:
        return None
    wanted = calibrate(case.rate, case.x, percentile=100.0)
    reach = max(
        abs(r) for n, v in wanted.ranges.items() if n.endswith(".c") for r in (v.low, v.high)
    )
    if reach <= ways[0].reach:
        return None
    levels = 2 * round(ways[0].levels * reach / ways[0].reach / 2)
    wide = replace(ways[0], reach=reach, levels=levels)
    return Cause(
        "range of c",
        f"cells reach {reach:.3g}, the coincidence neurons count to {ways[0].reach:g}",
        case.of(_off(case.net, forget=wide)) - case.baseline,
        f"calibrate(rate, data).coincidence(levels={levels})",
    )


def _kept_state(case: Case) -> Cause | None:
    """A state that is not cleared between samples."""
    return _explained(
        case,
        "no burn-in",
        _logits_of_stream(case.net, case.x),
        "the engine starts each sample from the state of the one before",
        "clear every neuron before a sample (snnTorch: reset_mem()), or let silence pass",
    )


def _delay(case: Case) -> Cause | None:
    """Recurrent spikes that arrive a step late."""
    return _explained(
        case,
        "delay",
        _late(case.net, case.x),
        "the engine delivers recurrent spikes one step late",
        "hold every input for two steps of the target, or take a target without that delay",
    )


Suspect = Callable[[Case], Cause | None]
CONVERSION: dict[str, Suspect] = {
    "gate order": _gate_order,
    "saturation": _clipping,
    "too few levels": _levels,
    "dead population": _dead,
    "reset changed": _reset,
    "product approximated": _product,
    "range of c": _range,
}
EXECUTION: dict[str, Suspect] = {"no burn-in": _kept_state, "delay": _delay}


def _explained(case: Case, name: str, found: Tensor, evidence: str, remedy: str) -> Cause | None:
    """A way of running wrongly that comes closer to what was observed than running rightly."""
    if case.observed is None:
        return None
    seen, own = case.observed[: len(found)], case.own[: len(found)]
    apart, left = (float((each - seen).abs().mean()) for each in (own, found))
    if left >= apart / 2:
        return None
    seen_as = (
        f"{evidence}: run so, our logits are {left:.3g} from the observed ones, not {apart:.3g}"
    )
    return Cause(name, seen_as, case.baseline - case.accuracy(case.observed), remedy)


def _finer(code: Code) -> Code:
    if isinstance(code, Mixed):
        parts: list[Any] = [_finer(code.inner), _finer(code.outer)]
        return Mixed(*parts)
    return refined(code, 4 * fineness(code))


def _run(net: Any, x: Tensor) -> NetworkRun:
    words = {"spell": net.compiled(x)} if isinstance(net, CodedNetwork) else {}
    done: NetworkRun = net.run(x, **words)
    return done


def _logits(net: Any, x: Tensor) -> Tensor:
    logits = _run(net, x).logits
    if logits is None:
        raise ConfigError("the network has no readout")
    return logits[:, -1]


def _off(net: Net, code: Code | None = None, *, forget: Coincidence | None = None) -> Net:
    """A copy off the grid, perhaps in another code."""
    try:
        return recoded(net, net.code if code is None else code, forget=forget)
    except CoverageError:
        return recoded(net, net.code)


@torch.no_grad()
def _reordered(net: Net, order: tuple[int, ...]) -> Net:
    """Rows of z, i and o taken from the places in `order`; those of f stay."""
    made = _off(net)
    for layer in made.stack:
        for value in (layer.weight_ih, layer.weight_hh, layer.bias):
            blocks = value.clone().split(layer.hidden_size)
            value.copy_(torch.cat([*(blocks[k] for k in order), *blocks[3:]]))
    return made


def _fits(case: Case) -> bool:
    """Whether the network has the units of the rate model."""
    rnn = case.rate.rnn
    gates = 4 if getattr(case.net.stack[-1], "forgetting", None) else 3
    same = [layer.hidden_size for layer in case.net.stack] == [rnn.hidden_size] * rnn.num_layers
    return same and gates == rnn.num_gates


def _logits_of_stream(net: Any, x: Tensor) -> Tensor:
    """Of the first samples, one after the other without clearing the state."""
    state, found = None, []
    words = {"spell": False} if isinstance(net, CodedNetwork) else {}
    for sample in x[:_STREAMED].split(1):
        done = net.run(sample, state=state, **words)
        state = done.state
        found.append(done.logits[:, -1])
    return torch.cat(found)


def _late(net: Any, x: Tensor) -> Tensor:
    """Logits where a layer hears itself a step late."""
    coded = isinstance(net, CodedNetwork)
    heard, words = ("heard", {"spell": False}) if coded else ("counts", {})
    state = net.initial_state(len(x))
    before = [getattr(each, heard) for each in state]
    for x_t in net.encode(x).unbind(1):
        now = [getattr(each, heard) for each in state]
        late = [each._replace(**{heard: old}) for each, old in zip(state, before, strict=True)]
        _, state = net.step(x_t, tuple(late), **words)
        before = now
    logits: Tensor = net.readout(state[-1].counts / net.code.levels)
    return logits
