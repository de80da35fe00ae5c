"""What a compiler refuses is said in words, and its own checker says the same."""

import json
import subprocess

import nir
import pytest

from converter import COMPILERS, PROFILES, lint, support, to_nir
from converter.support import REFUSED, TAKEN
from hardware.simulator import environments
from tests.converter.nir_graphs import DT, GRAPHS, INPUTS, UNITS, affine, chain, cuba, every, lif
from tests.converter.small_models import random_net

PYTHON = environments() / "snn_mlir" / "bin" / "python"
# of every file in a folder: whether the package's own checker takes it
CHECKER = """
import json, pathlib, sys, warnings
warnings.simplefilter("ignore")
import snn_mlir
taken = {}
for path in pathlib.Path(sys.argv[1]).glob("*.nir"):
    try:
        taken[path.stem] = snn_mlir.check(path).ok
    except (AssertionError, ValueError):  # of nir.read
        taken[path.stem] = False
print(json.dumps(taken))
"""


def written(profile: str, layers: int = 1) -> nir.NIRGraph:
    return to_nir(random_net(layers=layers, levels=4), profile=profile)


def with_field(node: nir.NIRNode, field: str, value: float, at: int | None = None) -> nir.NIRGraph:
    """A neuron behind an Affine, with one number changed, of all neurons or of one."""
    getattr(node, field)[slice(None) if at is None else at] = value
    return chain(affine(UNITS, INPUTS), node)


def renamed_input() -> nir.NIRGraph:
    made = GRAPHS["LIF rt"]()
    nodes = {name.replace("input", "in"): node for name, node in made.nodes.items()}
    edges = [(a.replace("input", "in"), b) for a, b in made.edges]
    return nir.NIRGraph(nodes, edges)


def fields() -> dict[str, nir.NIRGraph]:
    """Each field of a neuron, spoiled in one neuron and in all of them."""
    makers = {
        "CubaLI": lambda: nir.CubaLI(*(every(v) for v in (8e-4, 4e-4, 8.0, 0.0)), w_in=every(4.0)),
        "CubaLIF": cuba,
        "I": lambda: nir.I(every(1.0)),
        "IF": lambda: nir.IF(every(1.0), every(1.0), every(0.0)),
        "LI": lambda: nir.LI(every(8e-4), every(8.0), every(0.0)),
        "LIF": lif,
    }
    found = {}
    for kind, make in makers.items():
        found[kind] = chain(affine(UNITS, INPUTS), make())
        for field in ("tau", "tau_syn", "tau_mem", "r", "w_in", "v_leak", "v_threshold", "v_reset"):
            if hasattr(make(), field):
                found[f"{kind} {field} all"] = with_field(make(), field, 0.5)
                found[f"{kind} {field} one"] = with_field(make(), field, 0.5, 2)
    return found


EVERYTHING = (
    {name: make() for name, make in GRAPHS.items()}
    | {f"{name} {layers}": written(name, layers) for name in PROFILES for layers in (1, 2)}
    | fields()
    | {"another name": renamed_input()}
)


def test_the_package_refuses_what_we_say_and_nothing_else(tmp_path) -> None:
    if not PYTHON.exists():
        pytest.skip("snn-mlir is not installed: scripts/vendors snn_mlir")
    names = dict(enumerate(EVERYTHING))
    for at, name in names.items():
        nir.write(tmp_path / f"{at}.nir", EVERYTHING[name])
    words = [str(PYTHON), "-c", CHECKER, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
    theirs = {names[int(at)]: ok for at, ok in json.loads(done.stdout).items()}
    ours = {
        name: not [why for rule in COMPILERS["snn_mlir"] for why in rule(given, DT)]
        for name, given in EVERYTHING.items()
    }
    assert ours == theirs
    assert 5 < sum(theirs.values()) < len(theirs) - 5


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("portable", ["one tau_syn in every CubaLIF; not so in l0_n4_cell", "a loop that is not"]),
        ("split", ["a loop that is not of one neuron and its synapse: l0_n2_gates"]),
        ("li", ["one tau in every LI; not so in l0_n4_cell", "one r in every LI", "a loop"]),
        ("readable", ["does not understand Delay, Scale, Threshold", "one tau in every LI"]),
        ("stepwise", ["one v_threshold in every LIF; not so in l0_n2_gates", "one tau", "a loop"]),
    ],
)
def test_none_of_our_profiles_is_taken_and_each_is_told_why(profile, said) -> None:
    found = support(written(profile), "snn_mlir", dt=DT)
    assert (found.state, found.share) == (REFUSED, None)
    assert all(any(words in why for why in found.reasons) for words in said)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (renamed_input(), "it wants a node named input"),
        (GRAPHS["nested LIF"](), "graphs within a graph (rnn)"),
        (GRAPHS["stray leaf"](), "lif leads to several nodes"),
        (with_field(lif(), "v_leak", 0.5), "v_leak = 0 in every LIF"),
        (with_field(cuba(), "v_reset", -0.5), "v_reset = 0 in every CubaLIF"),
        (with_field(cuba(), "w_in", 3.0), "w_in tau_mem/r = tau_syn in every CubaLIF"),
    ],
)
def test_a_refusal_names_what_is_in_the_way(given, said) -> None:
    assert said in "; ".join(support(given, "snn_mlir", dt=DT).reasons)


def test_a_graph_that_it_takes_is_never_called_supported() -> None:
    found = support(GRAPHS["rec LIF"](), "snn_mlir", dt=DT)
    assert (found.state, found.share) == (TAKEN, None)
    assert "was not run" in found.reasons[0]
    assert len(found.reasons) == 1
    slow = support(GRAPHS["LIF r1"](), "snn_mlir", dt=DT)
    assert slow.reasons[1] == "it takes tau/r for the step, which is not 0.0001 s in n1"
    assert lint(GRAPHS["rec LIF"](), dt=DT).consumers["snn_mlir"] == found
