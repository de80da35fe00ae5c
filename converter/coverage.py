"""What a conversion covers: every node of the rate model, with its fidelity and the reason."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from spiking import Code, Forgetting, SubLSTM, SubLSTMClassifier
from spiking.activation import ACTIVATIONS
from spiking.errors import CoverageError

EXACT, APPROXIMATE, UNSUPPORTED = "exact", "approximate", "unsupported"


@dataclass(frozen=True)
class Node:
    """One node of the rate model: its name, how faithfully it is converted, and why so."""

    name: str
    fidelity: str
    reason: str


@dataclass(frozen=True)
class Coverage:
    """Every node of a rate model under one code."""

    nodes: tuple[Node, ...]

    @property
    def unsupported(self) -> tuple[Node, ...]:
        """The nodes that forbid the conversion."""
        return tuple(node for node in self.nodes if node.fidelity == UNSUPPORTED)

    def require_complete(self) -> None:
        """CoverageError that names every unsupported node and its reason."""
        missing = self.unsupported
        if missing:
            lines = "\n".join(f"  {node.name}: {node.reason}" for node in missing)
            raise CoverageError(
                f"{len(missing)} of {len(self.nodes)} nodes are not covered:\n{lines}"
            )


def cover(rate: nn.Module, *, code: Code, forget: Forgetting | None = None) -> Coverage:
    """What converting `rate` with `code` would cover; converts nothing.

    forget  how a computed f_t c_{t-1} would be formed, if at all

    Only `SubLSTM` and `SubLSTMClassifier` themselves are understood: how another module wires
    its parts cannot be seen from outside, so each of its leaves is unsupported, by name.
    """
    if type(rate) is SubLSTM:
        return Coverage(tuple(_rnn_nodes(rate, code, forget)))
    if type(rate) is SubLSTMClassifier:
        return Coverage((*_rnn_nodes(rate.rnn, code, forget), *_readout_nodes(rate)))
    leaves = [
        (name or "(the model itself)", part)
        for name, part in rate.named_modules()
        if not any(True for _ in part.children())
    ]
    return Coverage(tuple(_foreign_node(name, part, rate) for name, part in leaves))


def _foreign_node(name: str, part: nn.Module, whole: nn.Module) -> Node:
    kind = type(part).__name__
    if isinstance(part, SubLSTM):
        reason = (
            f"is a SubLSTM inside {type(whole).__name__}, whose wiring is unknown here; "
            "wrap it in SubLSTMClassifier(rnn, readout) and convert that"
        )
    elif isinstance(part, nn.RNNBase | nn.RNNCellBase):
        reason = f"is {kind}, whose gating multiplies; only subtractive gating is converted"
    else:
        reason = f"is {kind} inside {type(whole).__name__}; only SubLSTMClassifier is understood"
    return Node(name, UNSUPPORTED, reason)


def _rnn_nodes(rnn: SubLSTM, code: Code, forget: Forgetting | None) -> list[Node]:
    nodes = []
    rounded = f"rounded to {code.levels:g} levels"
    gates = (APPROXIMATE, rounded) if code.local else (EXACT, "computed inside the unit")
    unsaid = code.supports(ACTIVATIONS[rnn.activation])
    gates = (UNSUPPORTED, unsaid) if unsaid else gates
    for _, suffix in rnn.parts():
        if suffix.endswith("_reverse"):
            reason = "reads the sequence from its end, which no streaming network can"
            nodes.append(Node(suffix, UNSUPPORTED, reason))
            continue
        nodes += [Node(f"{suffix}.{gate}", *gates) for gate in "zio"]
        nodes.append(_forget_node(rnn, suffix, forget))
        nodes.append(Node(f"{suffix}.c", EXACT, "leaky integrator, never reset"))
        if rnn.cell_activation == "tanh":
            reason = (
                "tanh does not rest at 1/2 and would not cancel against o; retrain with sigmoid"
            )
            nodes.append(Node(f"{suffix}.h", UNSUPPORTED, reason))
        elif rnn.cell_activation != rnn.activation:
            reason = f"cell is {rnn.cell_activation}, gates are {rnn.activation}; use one for both"
            nodes.append(Node(f"{suffix}.h", UNSUPPORTED, reason))
        else:
            nodes.append(Node(f"{suffix}.h", APPROXIMATE, rounded))
    if rnn.num_layers > 1 and rnn.dropout > 0:
        nodes.append(Node("dropout", EXACT, "identity once trained"))
    return nodes


def _forget_node(rnn: SubLSTM, suffix: str, forget: Forgetting | None) -> Node:
    if rnn.forget == "fixed":
        return Node(f"{suffix}.f", EXACT, "constant leak, up to the grid")
    if forget is not None and not forget.promise:
        return Node(f"{suffix}.f", EXACT, "a product inside the unit")
    if forget is not None:
        return Node(f"{suffix}.f", APPROXIMATE, forget.promise)
    reason = (
        "f_t * c_{t-1} is a product of two signals, which this code cannot form; "
        "pass data= to distil it into a constant forget, forget= to form it (Native, Shunt or "
        "Coincidence), or train with forget='fixed'"
    )
    return Node(f"{suffix}.f", UNSUPPORTED, reason)


def _readout_nodes(rate: SubLSTMClassifier) -> list[Node]:
    nodes = [Node("readout", EXACT, "linear in the spike counts")]
    if rate.readout_activation != "identity":
        reason = f"{rate.readout_activation} of the logits is not a spiking node; drop it"
        nodes.append(Node("readout.activation", UNSUPPORTED, reason))
    return nodes
