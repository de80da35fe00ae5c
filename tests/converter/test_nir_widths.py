"""How wide a node is, and what is no width."""

import nir
import numpy as np
import pytest

from converter.nir_widths import WIDEST, fields, mismatched, misshapen, numbers, says, shapes, takes
from tests.converter.nir_graphs import affine, cuba, every, lif

TWO = np.ones(2)


def single() -> nir.LIF:
    one = np.array(1.0)
    return nir.LIF(tau=one, r=one, v_leak=one, v_threshold=one)


@pytest.mark.parametrize(
    ("node", "taken", "said"),
    [
        (nir.Affine(np.ones((3, 5)), np.ones(3)), 5, 3),
        (nir.Linear(np.ones((3, 5))), 5, 3),
        (nir.Input({"input": np.array([2, 3, 4])}), 24, 24),
        (nir.Output({"output": np.array([7])}), None, None),
        (nir.Scale(TWO), 2, 2),
        (cuba(size=4), 4, 4),
        (single(), None, None),
        (nir.Delay(np.array(1e-3)), None, None),
    ],
)
def test_a_node_takes_and_says(node: nir.NIRNode, taken: int | None, said: int | None) -> None:
    assert (takes(node), says(node)) == (taken, said)
    assert misshapen(node) == []


def test_shapes_are_those_that_nir_compares() -> None:
    assert shapes(affine(3, 5)) == ((5,), (3,))
    assert shapes(nir.Linear(np.ones((3, 5)))) == ((5,), (3,))
    assert shapes(nir.Input({"input": np.array([2, 3])})) == ((2, 3), (2, 3))
    assert shapes(nir.Output({"output": np.array([1, 1, 1])})) == ((1, 1, 1), (1, 1, 1))
    assert shapes(lif()) == ((8,), (8,))
    assert shapes(single()) == ((), ())


def faulty(node: nir.NIRNode, **values: object) -> nir.NIRNode:
    for name, value in values.items():
        setattr(node, name, value)
    return node


@pytest.mark.parametrize(
    ("node", "field", "what"),
    [
        (faulty(affine(3, 5), bias=np.ones(5)), "bias", "(5,) for 3 rows"),
        (faulty(affine(3, 5), bias=np.ones((3, 1))), "bias", "(3, 1) for 3 rows"),
        (nir.Affine(np.ones((2, 3, 5)), np.ones(3)), "weight", "(2, 3, 5)"),
        (faulty(affine(3, 5), weight=np.ones(3)), "weight", "(3,)"),
        (faulty(affine(3, 5), weight=None), "weight", "()"),
        (faulty(affine(3, 5), weight=[[1.0], [2.0, 3.0]]), "weight", "()"),
        (nir.Linear(np.ones((0, 5))), "weight", "(0, 5)"),
        (faulty(lif(), v_reset=np.ones(7)), "v_reset", "(7,) in a node of 8"),
        (nir.Scale(np.ones((2, 3))), "scale", "(2, 3)"),
        (nir.Scale(np.ones(0)), "scale", "(0,)"),
        (nir.Input({"input": np.array([0])}), "shape", "[0]"),
        (nir.Input({"input": np.array([-2])}), "shape", "[-2]"),
        (nir.Input({"input": np.array([WIDEST, 2])}), "shape", str(WIDEST)),
        (nir.Input({"input": np.array([2.5])}), "shape", "2.5"),
        (nir.Input({"input": None}), "shape", "None"),
    ],
)
def test_arrays_that_cannot_be_meant_are_named(node, field: str, what: str) -> None:
    ((found, said),) = misshapen(node)
    assert found == field
    assert what in said


def test_edges_between_widths_are_found_and_numbers_that_fit_any_are_not() -> None:
    nodes = {
        "a": affine(3, 5),
        "b": lif(),
        "c": single(),
        "d": affine(8, 8),
        "o": nir.Output({"output": np.array([1])}),
    }
    edges = [("a", "b"), ("b", "d"), ("a", "c"), ("c", "d"), ("d", "o")]
    assert mismatched(nodes, edges) == [("a", "b", 3, 8)]


def test_fields_leave_types_and_metadata_out() -> None:
    assert set(fields(lif())) == {"tau", "r", "v_leak", "v_threshold", "v_reset"}
    assert fields(nir.Input({"input": np.array([2])})) == {}


def test_ragged_lists_are_no_numbers() -> None:
    assert numbers([[1.0], [2.0, 3.0]]).dtype == object
    assert np.array_equal(numbers(every(1.0, 2)), TWO)
