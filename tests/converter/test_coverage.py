"""Every node is listed, with its fidelity, and what is refused is refused by name."""

import pytest
from torch import nn

from converter.coverage import Coverage, Node, cover
from spiking import Population, SubLSTM, SubLSTMClassifier
from spiking.errors import CoverageError
from tests.converter.small_models import random_rate, random_rnn

CODE = Population(levels=6)


def listed(model: nn.Module) -> dict[str, str]:
    return {node.name: node.fidelity for node in cover(model, code=CODE).nodes}


def layer(index: int) -> dict[str, str]:
    rounded = dict.fromkeys("zioh", "approximate")
    return {f"l{index}.{n}": f for n, f in (rounded | {"f": "exact", "c": "exact"}).items()}


def test_every_node_of_a_covered_model_is_listed() -> None:
    assert listed(random_rnn()) == layer(0)
    assert listed(random_rate()) == layer(0) | {"readout": "exact"}
    deep = layer(0) | layer(1) | {"readout": "exact"}
    assert listed(random_rate(layers=2)) == deep
    assert listed(random_rate(layers=2, dropout=0.5)) == deep | {"dropout": "exact"}


def test_rounded_nodes_say_their_levels() -> None:
    reasons = {node.name: node.reason for node in cover(random_rnn(), code=CODE).nodes}
    assert all("rounded to 6 levels" in reasons[f"l0.{name}"] for name in "zioh")
    assert all("rounded" not in reasons[f"l0.{name}"] for name in "fc")


class Stranger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.ModuleDict({"rnn": SubLSTM(3, 5), "cell": nn.GRUCell(3, 5)})
        self.top = nn.Linear(5, 2)


class Derived(SubLSTM):
    """What a subclass changed cannot be seen."""


@pytest.mark.parametrize(
    ("model", "refused"),
    [
        (random_rnn(forget="gated", layers=2), {"l0.f": "pass data=", "l1.f": "pass data="}),
        (random_rnn(cell_activation="tanh"), {"l0.h": "tanh does not rest at 1/2"}),
        (random_rnn(cell_activation="hard_sigmoid"), {"l0.h": "cell is hard_sigmoid, gates are"}),
        (
            random_rnn(bidirectional=True, layers=2),
            {"l0_reverse": "from its end", "l1_reverse": "from its end"},
        ),
        (
            SubLSTMClassifier(random_rnn(), nn.Linear(5, 2), readout_activation="relu"),
            {"readout.activation": "relu of the logits"},
        ),
        (nn.LSTM(3, 5), {"(the model itself)": "is LSTM, whose gating multiplies"}),
        (Derived(3, 5), {"(the model itself)": "is a SubLSTM inside Derived"}),
        (
            Stranger(),
            {
                "body.rnn": r"wrap it in SubLSTMClassifier(rnn, readout)",
                "body.cell": "is GRUCell, whose gating multiplies",
                "top": "is Linear inside Stranger",
            },
        ),
    ],
)
def test_what_is_not_covered_is_named_with_its_reason(
    model: nn.Module, refused: dict[str, str]
) -> None:
    coverage = cover(model, code=CODE)
    found = {node.name: node.reason for node in coverage.unsupported}
    assert found.keys() == refused.keys()
    assert all(words in found[name] for name, words in refused.items())
    with pytest.raises(CoverageError) as caught:
        coverage.require_complete()
    assert all(f"{name}: {reason}" in str(caught.value) for name, reason in found.items())
    assert f"{len(refused)} of {len(coverage.nodes)} nodes" in str(caught.value)


def test_complete_coverage_passes() -> None:
    Coverage((Node("a", "exact", ""), Node("b", "approximate", ""))).require_complete()
