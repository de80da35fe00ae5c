"""The public faces: what a package's `__init__` names is all there is, sorted, and documented."""

import importlib

import pytest

PACKAGES = ("converter", "hardware", "spiking", "subspike")


@pytest.mark.parametrize("name", PACKAGES)
def test_a_face_is_sorted_whole_and_documented(name: str) -> None:
    package = importlib.import_module(name)
    names = list(package.__all__)
    constants = sorted(n for n in names if n.isupper())
    classes = sorted(n for n in names if n[0].isupper() and not n.isupper())
    functions = sorted(n for n in names if n[0].islower())
    assert names == constants + classes + functions
    assert len(set(names)) == len(names)
    for each in names:
        value = getattr(package, each)
        assert each.isupper() or value.__doc__, f"{name}.{each} says nothing"


def test_the_flow_of_nine_lines_is_on_the_roof() -> None:
    roof = importlib.import_module("subspike")
    flow = {"convert", "tune", "quantize", "to_nir", "check", "place", "simulate", "compare"}
    assert flow <= set(roof.__all__)
