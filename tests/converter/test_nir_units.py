"""Seconds, milliseconds or steps: said by the reader, doubted where it cannot be."""

import nir
import numpy as np
import pytest

from converter import read_nir, run_nir, write_nir
from converter.nir_hdf5 import open_nir
from converter.nir_units import in_seconds, plausible, time_constants
from spiking.errors import ConfigError, GraphError
from tests.converter.nir_graphs import DT, GRAPHS, INPUTS, UNITS, chain, cuba, every, graph, rng

PER_SECOND = {"s": 1.0, "ms": 1e3, "steps": 1.0 / DT}


def timed() -> nir.NIRGraph:
    """Every field that is a time."""
    nodes = {
        "a": cuba(),
        "b": nir.LIF(every(8e-4), every(8.0), every(0.0), every(1.0)),
        "c": nir.Delay(every(2 * DT)),
        "i": nir.Affine(rng().normal(size=(UNITS, INPUTS)), np.zeros(UNITS)),
    }
    return graph(nodes, "input>i>a>b>c>output")


def in_unit(unit: str) -> nir.NIRGraph:
    found = timed()
    for node in found.nodes.values():
        for field in ("tau", "tau_mem", "tau_syn", "delay"):
            if hasattr(node, field):
                setattr(node, field, getattr(node, field) * PER_SECOND[unit])
    return found


@pytest.mark.parametrize("unit", sorted(PER_SECOND))
def test_a_file_in_any_unit_gives_the_same_run(unit: str, tmp_path) -> None:
    write_nir(in_unit(unit), tmp_path / "x.nir")
    read = read_nir(tmp_path / "x.nir", unit=unit, dt=DT)
    x = rng(1).random((2, 50, INPUTS)) < 0.5
    wanted = run_nir(timed(), x, dt=DT)
    found = run_nir(read, x, dt=DT)
    assert wanted.spikes["b"].any()
    for name, fired in wanted.spikes.items():
        assert np.array_equal(found.spikes[name], fired)
    assert np.array_equal(found.output, wanted.output)


@pytest.mark.parametrize(
    ("given", "said", "meant"),
    [
        ("s", "ms", "'s' could be meant"),
        ("s", "steps", "'s' could be meant"),
        ("ms", "steps", "'ms' could be meant"),
        ("steps", "s", "40000 to 80000 steps.*'steps' could be meant"),
    ],
)
def test_a_unit_that_cannot_be_meant_is_refused_with_those_that_can(
    given: str, said: str, meant: str
) -> None:
    with pytest.raises(GraphError, match=meant):
        in_seconds(in_unit(given), unit=said, dt=DT)


def test_a_file_that_fits_no_unit_says_so() -> None:
    given = timed()
    given.nodes["b"].tau = every(1e9)
    with pytest.raises(GraphError, match="no unit could be meant"):
        in_seconds(given, unit="s", dt=DT)


def test_milliseconds_and_seconds_can_both_be_meant_and_nobody_guesses() -> None:
    given = chain(nir.Linear(np.ones((UNITS, INPUTS))), cuba(5e-2, 5e-2))
    assert (in_seconds(given, unit="s", dt=5e-5).nodes["n1"].tau_mem == 5e-2).all()
    assert (in_seconds(given, unit="ms", dt=5e-5).nodes["n1"].tau_mem == 5e-5).all()


def test_inner_graphs_are_scaled_too_and_nothing_else_is() -> None:
    given = GRAPHS["nested CubaLIF"]()
    inner = given.nodes["rnn"].nodes["lif"]
    inner.tau_mem, inner.tau_syn = inner.tau_mem * 1e3, inner.tau_syn * 1e3
    found = in_seconds(given, unit="ms", dt=DT)
    scaled = found.nodes["rnn"].nodes["lif"]
    assert np.array_equal(scaled.tau_mem, inner.tau_mem * 1e-3)
    assert np.array_equal(scaled.r, inner.r)
    assert (inner.tau_mem == 0.8).all(), "the given graph keeps its numbers"
    assert len(time_constants(given)) == 2 * UNITS


def test_a_graph_without_time_constants_may_be_of_any_unit(tmp_path) -> None:
    plain = chain(nir.Linear(np.ones((UNITS, INPUTS))))
    write_nir(plain, tmp_path / "x.nir")
    for unit in PER_SECOND:
        assert read_nir(tmp_path / "x.nir", unit=unit).nodes.keys() == plain.nodes.keys()


def test_what_is_no_number_is_left_to_others_to_judge() -> None:
    given = timed()
    given.nodes["b"].tau[0] = np.nan
    given.nodes["a"].tau_mem = np.array(["a"] * UNITS)
    assert np.isfinite(time_constants(given)).all()
    assert len(time_constants(given)) == 2 * UNITS - 1


def test_bounds_include_their_ends() -> None:
    assert plausible(np.array([1e-4, 1.0]), 1e-4)
    assert not plausible(np.array([0.9e-4]), 1e-4)
    assert not plausible(np.array([1.1]), 1e-4)


def test_an_unknown_unit_is_told_of_the_known_ones(tmp_path) -> None:
    write_nir(timed(), tmp_path / "x.nir")
    with pytest.raises(ConfigError, match=r"'us' is not known.*'s', 'ms', 'steps'"):
        in_seconds(open_nir(tmp_path / "x.nir"), unit="us", dt=DT)
