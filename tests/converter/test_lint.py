"""One finding for one fault, all findings for all of them, and no exception for any graph."""

import copy
import itertools

import h5py
import nir
import numpy as np
import pytest

from converter import COMPILERS, PRESETS, PROFILES, lint, lint_file, to_nir, write_nir
from converter.lint_rules import BEHAVIOUR, MEANING, STRUCTURE
from converter.support import SUPPORTED
from spiking.errors import ConfigError
from tests.converter.nir_graphs import (
    DT,
    GRAPHS,
    INPUTS,
    UNITS,
    affine,
    chain,
    cuba,
    every,
    graph,
    lif,
    packed,
)
from tests.converter.small_models import random_net


def named(found) -> list[tuple[str, str, str]]:
    return [(each.rule, each.severity, each.where) for each in found.findings]


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_our_own_files_have_no_fault(profile: str, tmp_path) -> None:
    for layers in (1, 2):
        made = to_nir(random_net(layers=layers, levels=4), profile=profile)
        assert lint(made, consumers=()).findings == ()
        write_nir(made, tmp_path / "x.nir")
        found = lint_file(tmp_path / "x.nir")
        assert found.findings == ()
        assert found.sound
        assert found.consumers.keys() == {*PRESETS, *COMPILERS}


def sound() -> nir.NIRGraph:
    """A graph with everything in it that a fault may be planted in, and none."""
    return packed()


def test_the_ground_is_sound() -> None:
    assert lint(sound(), consumers=()).findings == ()


def stray(made: nir.NIRGraph) -> None:
    made.nodes["stray"] = affine(UNITS, INPUTS)
    made.edges.append(("input", "stray"))


def renamed(old: str, new: str):
    def change(made: nir.NIRGraph) -> None:
        made.nodes[new] = made.nodes.pop(old)
        made.edges[:] = [tuple(new if end == old else end for end in edge) for edge in made.edges]

    return change


def number(node: str, field: str, value: float, at: object = 0):
    def change(made: nir.NIRGraph) -> None:
        held = np.array(getattr(made.nodes[node], field), dtype=np.float64)
        held[at] = value
        setattr(made.nodes[node], field, held)

    return change


def duplicate(made: nir.NIRGraph) -> None:
    made.edges.append(made.edges[0])


def second_input(made: nir.NIRGraph) -> None:
    made.nodes["more"] = nir.Input({"input": np.array([INPUTS])})
    made.edges.append(("more", "n1_in"))


def foreign(made: nir.NIRGraph) -> None:
    made.nodes["pool"] = nir.AvgPool2d(*(np.array([2, 2]),) * 3)
    made.edges += [("n4_cell", "pool"), ("pool", "output")]


def wider(made: nir.NIRGraph) -> None:
    made.nodes["n1_in"] = affine(3 * UNITS + 1, INPUTS)


def single(made: nir.NIRGraph) -> None:
    gates = made.nodes["n2_gates"]
    for field in ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"):
        setattr(gates, field, np.float64(np.max(getattr(gates, field))))


FAULTS = {
    "has nodes that are understood": (foreign, "error", "pool"),
    "has one input and one output": (second_input, "error", "input, more"),
    "has edges between nodes": (duplicate, "error", "input -> n1_in"),
    "has finite numbers": (number("n3_mix", "weight", np.nan), "error", "n3_mix.weight"),
    "has positive time constants": (
        number("n4_cell", "tau_syn", -1e-4),
        "error",
        "n4_cell.tau_syn",
    ),
    "has arrays that fit": (
        lambda made: setattr(made.nodes["n5_rec"], "bias", np.zeros(5)),
        "error",
        "n5_rec.bias",
    ),
    "has edges that fit": (wider, "error", "n1_in -> n2_gates"),
    "has time constants of at least a step": (
        number("n4_cell", "tau_syn", 0.7e-4, 1),
        "warning",
        "n4_cell.tau_syn",
    ),
    "has time constants that end": (
        number("n4_cell", "tau_syn", 2.0, 2),
        "warning",
        "n4_cell.tau_syn",
    ),
    "has shapes that nir reads": (single, "error", "n1_in -> n2_gates"),
    "has thresholds above reset": (number("n2_gates", "v_reset", 2.0), "error", "n2_gates"),
    "has every node between input and output": (stray, "warning", "stray"),
    "has names that hdf5 keeps": (renamed("n3_mix", "n3/mix"), "error", "n3/mix"),
    "has plain names": (renamed("n5_rec", "n5.rec"), "warning", "n5.rec"),
}


@pytest.mark.parametrize("rule", sorted(FAULTS))
def test_a_planted_fault_and_only_it_is_reported(rule: str) -> None:
    plant, severity, where = FAULTS[rule]
    made = sound()
    plant(made)
    found = lint(made, consumers=())
    assert named(found)[:1] == [(rule, severity, where)]
    assert {each.rule for each in found.findings} == {rule}
    assert found.sound == (severity == "warning")


def loop_without_state() -> nir.NIRGraph:
    nodes = {
        "a": nir.Linear(0.25 * np.eye(UNITS)),
        "b": nir.Linear(np.eye(UNITS)),
        "in": affine(UNITS, INPUTS),
        "out": lif(),
    }
    return graph(nodes, "input>in>a>b>a b>out>output")


def dead() -> nir.NIRGraph:
    node = lif()
    node.v_threshold = every(1e9)
    return chain(affine(UNITS, INPUTS), node)


def lost_on_the_way(monkeypatch) -> None:
    def forgetful(given: nir.NIRGraph) -> nir.NIRGraph:
        again = copy.deepcopy(given)
        again.nodes["n1"].v_threshold = every(0.5)
        return again

    monkeypatch.setattr("converter.lint_rules.round_trip", forgetful)


def test_faults_of_behaviour_are_found_by_running(monkeypatch) -> None:
    for made, rule, severity in (
        (loop_without_state(), "has state in every loop", "error"),
        (dead(), "has neurons that fire", "warning"),
        (GRAPHS["tie"](), "has thresholds off ties", "warning"),
        (GRAPHS["LIF loop"](), "means the same in every order", "warning"),
    ):
        found = lint(made, consumers=())
        assert {(each.rule, each.severity) for each in found.findings} == {(rule, severity)}
    lost_on_the_way(monkeypatch)
    found = lint(GRAPHS["LIF rt"](), consumers=())
    assert [(each.rule, each.severity) for each in found.findings] == [
        ("survives a round trip", "error")
    ]
    assert "read back" in found.findings[0].what


def test_every_rule_has_its_fault_here() -> None:
    rules = {rule.name for rule in (*STRUCTURE, *MEANING, *BEHAVIOUR)}
    run = {
        "has state in every loop",
        "has neurons that fire",
        "has thresholds off ties",
        "means the same in every order",
        "survives a round trip",
    }
    assert FAULTS.keys() | run == rules


def test_everything_at_once() -> None:
    made = sound()
    for plant, _, _ in FAULTS.values():
        if plant is not single:  # it leaves nothing to plant in
            plant(made)
    found = lint(made)
    # where edges are broken nothing is said of ways and widths
    wanted = FAULTS.keys() - {
        "has edges that fit",
        "has every node between input and output",
        "has shapes that nir reads",
    }
    assert {each.rule for each in found.findings} == wanted
    assert not found.sound
    assert found.consumers == {}


def test_a_graph_that_does_not_run_says_so_and_no_verdicts() -> None:
    made = GRAPHS["LIF rt"]()
    made.edges.remove(("n1", "output"))
    found = lint(made)
    assert ("runs", "error", "") in named(found)
    assert found.consumers == {}


def test_a_graph_of_graphs_is_judged_whole() -> None:
    found = lint(GRAPHS["nested CubaLIF"]())
    assert found.findings == ()
    assert found.consumers["norse"].state == SUPPORTED
    assert "within a graph" in found.consumers["snntorch"].reasons[0]
    broken = GRAPHS["nested CubaLIF"]()
    broken.nodes["rnn"].edges.append(("lif", "nowhere"))
    assert named(lint(broken)) == [("resolves its inner graphs", "error", "")]


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.edges.append(("a", 3)),
        lambda made: made.edges.append(None),
        lambda made: setattr(made.nodes["n1"], "tau", None),
        lambda made: setattr(made.nodes["n1"], "tau", [[1.0], [2.0, 3.0]]),
        lambda made: setattr(made.nodes["n1"], "tau", "soon"),
        lambda made: setattr(made.nodes["n1"], "tau", np.zeros((0,))),
        lambda made: setattr(made.nodes["n0"], "weight", np.zeros((2, 3, 4, 5))),
        lambda made: setattr(made.nodes["n0"], "bias", {}),
        lambda made: made.nodes["input"].input_type.clear(),
        lambda made: made.nodes.clear(),
        lambda made: made.nodes.pop("input"),
        lambda made: made.nodes.__setitem__("n9", object()),
        lambda made: setattr(made.nodes["n1"], "v_threshold", np.array(["x"] * UNITS)),
        lambda made: setattr(made.nodes["n1"], "v_reset", np.ones((2, 2))),
        lambda made: setattr(made, "metadata", None),
    ],
)
def test_nothing_in_a_graph_raises(change) -> None:
    made = GRAPHS["LIF rt"]()
    change(made)
    found = lint(made)
    assert (found.findings == ()) == (made.metadata is None)
    for each in found.findings:
        assert str(each)


def test_bad_requests_are_named() -> None:
    with pytest.raises(ConfigError, match="dt is 0"):
        lint(sound(), dt=0.0)
    with pytest.raises(ConfigError, match=r"\['brian'\] are not known"):
        lint(sound(), consumers=("brian",))


def test_a_finding_reads_as_a_sentence() -> None:
    made = sound()
    number("n3_mix", "weight", np.inf)(made)
    (found,) = lint(made).findings
    assert str(found) == (
        "error: n3_mix.weight: holds NaN or infinity (has finite numbers); "
        "write finite real numbers"
    )


def test_a_file_that_cannot_be_opened_is_a_finding(tmp_path) -> None:
    assert named(lint_file(tmp_path / "none.nir")) == [("is a NIR file", "error", "")]
    (tmp_path / "x.nir").write_bytes(b"not HDF5")
    found = lint_file(tmp_path / "x.nir")
    assert named(found) == [("is a NIR file", "error", "")]
    assert found.consumers == {}
    write_nir(sound(), tmp_path / "y.nir")
    with h5py.File(tmp_path / "y.nir", "r+") as file:
        file["node/nodes/far"] = h5py.ExternalLink("z.h5", "/")
    assert "is a link" in lint_file(tmp_path / "y.nir").findings[0].what


def test_the_unit_of_a_file_is_named_or_found_out(tmp_path) -> None:
    made = chain(affine(UNITS, INPUTS), cuba(4e-1, 8e-1))
    made.nodes["n1"].r, made.nodes["n1"].w_in = every(8.0), every(4.0)
    write_nir(made, tmp_path / "x.nir")  # milliseconds
    assert lint_file(tmp_path / "x.nir", unit="ms", dt=DT).findings == ()
    assert named(lint_file(tmp_path / "x.nir", unit="steps", dt=DT)) == [
        ("has time constants of its unit", "error", "")
    ]
    made.nodes["n1"].tau_mem = every(8e3)
    write_nir(made, tmp_path / "y.nir")
    rules = [each.rule for each in lint_file(tmp_path / "y.nir", dt=DT).findings]
    assert "has time constants that end" in rules


def test_a_thousand_nodes_take_seconds() -> None:
    nodes = {f"n{at:04d}": nir.Linear(np.eye(2)) for at in range(1000)}
    whole = {
        "input": nir.Input({"input": np.array([2])}),
        **nodes,
        "output": nir.Output({"output": np.array([2])}),
    }
    names = list(whole)
    edges = list(itertools.pairwise(names))
    found = lint(nir.NIRGraph(whole, edges, type_check=False), consumers=("norse",))
    assert found.findings == ()
