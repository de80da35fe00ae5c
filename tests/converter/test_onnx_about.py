"""A file says what it is, and is believed only when its numbers are those it was written with."""

import json

import pytest

from converter import to_onnx
from converter.digest import digest
from converter.onnx_about import METADATA_KEY, about_onnx
from spiking.errors import GraphError
from tests.converter.small_models import random_net, random_rate


def forged(model, **changes):
    entry = next(entry for entry in model.metadata_props if entry.key == METADATA_KEY)
    entry.value = json.dumps(json.loads(entry.value) | changes)
    return model


def test_it_tells_the_code_the_grid_the_time_and_where_it_came_from() -> None:
    net = random_net(layers=2, levels=6)
    about = about_onnx(to_onnx(net, streaming=True, functions=True, dt=2e-3))
    assert about["weights"] == digest(net)
    assert about["code"] == {"name": "population", "levels": 6, "two_sided": True}
    assert about["grid"]["weight_bits"] == net.grid.weight_bits
    assert (about["dt"], about["axes"], about["hidden"]) == (2e-3, ["batch", "input"], [5, 5])
    assert (about["streaming"], about["storage"], about["functions"]) == (True, "float", 1)
    rate = about_onnx(to_onnx(random_rate(forget="gated")))
    assert (rate["model"], rate["forget"], rate["functions"]) == ("rate", "gated", 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": 1}, "schema 1, expected 2"),
        ({"dt": "soon"}, r"lacks \['dt'\]"),
        ({"dt": -1.0}, "dt is -1.0"),
        ({"hidden": None}, r"lacks \['hidden'\]"),
        ({"numbers": "0" * 64}, "not those that it was written with"),
    ],
)
def test_what_is_forged_is_refused(changes, message) -> None:
    with pytest.raises(GraphError, match=message):
        about_onnx(forged(to_onnx(random_net()), **changes))


def test_a_changed_constant_or_function_shows() -> None:
    made = to_onnx(random_net())
    values = bytearray(made.graph.initializer[0].raw_data)
    values[0] ^= 1
    made.graph.initializer[0].raw_data = bytes(values)
    with pytest.raises(GraphError, match="not those"):
        about_onnx(made)
    made = to_onnx(random_net(), functions=True)
    made.functions[0].node[0].op_type = "Mul"
    with pytest.raises(GraphError, match="not those"):
        about_onnx(made)


def test_a_file_that_says_nothing_or_nonsense() -> None:
    made = to_onnx(random_net())
    made.metadata_props[0].value = '{"schema": NaN}'
    with pytest.raises(GraphError, match="not valid JSON"):
        about_onnx(made)
    del made.metadata_props[:]
    with pytest.raises(GraphError, match="no metadata 'subspike'"):
        about_onnx(made)
