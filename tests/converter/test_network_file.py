"""A spiking network comes back bit for bit; a forged or broken file is named before it is read."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save

from converter import convert, load_network, save_checkpoint, save_network
from spiking import Adaptive, Coincidence, Compound, Population
from spiking.errors import CheckpointError, GridError, NotFiniteError, ShapeError
from tests.converter.small_models import numbers, random_net, random_rate, random_x, same_numbers
from tests.spiking.coded_nets import CODES, coded_net


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"layers": 3, "levels": 5, "two_sided": False},
        {"readout": False, "activation": "hard_sigmoid"},
    ],
)
def test_round_trip_is_exact(words, tmp_path) -> None:
    net = random_net(1, **words)
    save_network(net, tmp_path / "n.safetensors")
    found = load_network(tmp_path / "n.safetensors")
    assert same_numbers(numbers(found), numbers(net))
    assert (found.code, found.grid) == (net.code, net.grid)
    assert not found.training
    assert torch.equal(found(random_x()), net(random_x()))


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
@pytest.mark.parametrize("forget", [None, Coincidence(6, 1, 8, 4.0)], ids=["constant", "computed"])
def test_every_code_comes_back(code, forget, tmp_path) -> None:
    if isinstance(code, Adaptive) and forget is not None:
        pytest.skip("an adaptive gate exceeds 1")
    net = coded_net(code, forget=forget, layers=2)
    save_network(net, tmp_path / "n.safetensors")
    found = load_network(tmp_path / "n.safetensors")
    assert same_numbers(numbers(found), numbers(net))
    assert (found.code, found.grid) == (net.code, net.grid)
    assert found.stack[0].forgetting == forget
    assert torch.equal(found(random_x()), net(random_x()))


def test_a_header_that_describes_no_code_is_named(tmp_path) -> None:
    path = tmp_path / "n.safetensors"
    save_network(coded_net(Compound(8)), path)
    with safe_open(path, "pt") as file:
        about = json.loads(file.metadata()["subspike"])
    huge = {"name": "population", "levels": 10**12, "two_sided": True}
    for code in (
        huge,
        {"name": "mixed", "parts": [huge]},
        {"name": "latency"},
        {"name": "compound", "levels": 0},
        {"levels": 3},
        7,
    ):
        text = json.dumps(about | {"code": code})
        path.write_bytes(save(load_file(path), {"subspike": text}))
        with pytest.raises(CheckpointError, match="does not describe a network"):
            load_network(path)


def test_a_network_off_the_grid_too(tmp_path) -> None:
    net = convert(random_rate(), code=Population(8)).network
    save_network(net, tmp_path / "n.safetensors")
    found = load_network(tmp_path / "n.safetensors")
    assert found.grid is None
    assert torch.equal(found(random_x()), net(random_x()))


def test_nan_is_not_written(tmp_path) -> None:
    net = random_net()
    with torch.no_grad():
        net.stack[0].bias[3] = float("nan")
    with pytest.raises(NotFiniteError, match=r"layers\.0\.bias"):
        save_network(net, tmp_path / "n.safetensors")
    assert list(tmp_path.iterdir()) == []


def forged(path, change=None, tensors=None) -> None:
    """A saved network with its header or tensors changed."""
    save_network(random_net(), path)
    with safe_open(path, "pt") as file:
        about = json.loads(file.metadata()["subspike"])
    values = load_file(path)
    if change:
        change(about)
    if tensors:
        tensors(values)
    path.write_bytes(save(values, {"subspike": json.dumps(about)}))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda a: a.update(schema=9), CheckpointError, "schema 9"),
        (lambda a: a.update(kind="other"), CheckpointError, "'other'"),
        (lambda a: a.update(colour=1), CheckpointError, "colour"),
        (lambda a: a.pop("grid"), CheckpointError, "grid"),
        (lambda a: a.update(hidden=[]), CheckpointError, "not those of a network"),
        (lambda a: a.update(hidden="5"), CheckpointError, "not those of a network"),
        (lambda a: a.update(inputs=True), CheckpointError, "not those of a network"),
        (lambda a: a["code"].update(levels=10**9), CheckpointError, "levels 1000000000"),
        (lambda a: a["code"].update(levels="8"), CheckpointError, "levels '8'"),
        (lambda a: a["code"].update(shade=1), CheckpointError, "shade"),
        (lambda a: a.update(activation="relu"), CheckpointError, "relu"),
        (lambda a: a.update(grid={}), CheckpointError, "grid|Grid|missing"),
        (lambda a: a.update(hidden=[7]), ShapeError, "weight_ih"),
        (lambda a: a.update(classes=None), CheckpointError, "readout"),
        (lambda a: a["grid"].update(weight_bits=2), GridError, "off the grid"),
    ],
)
def test_forged_headers_are_named(change, error, message, tmp_path) -> None:
    forged(tmp_path / "n.safetensors", change)
    with pytest.raises(error, match=message):
        load_network(tmp_path / "n.safetensors")


@pytest.mark.parametrize(
    ("tensors", "error", "message"),
    [
        (lambda t: t.pop("layers.0.bias"), CheckpointError, r"layers\.0\.bias"),
        (lambda t: t.update(extra=torch.zeros(1)), CheckpointError, "extra"),
        (
            lambda t: t.update({"layers.0.bias": t["layers.0.bias"].double()}),
            CheckpointError,
            "F64",
        ),
        (
            lambda t: t.update({"readout.bias": torch.full((4,), float("nan"))}),
            NotFiniteError,
            "readout.bias",
        ),
        (
            lambda t: t.update({"readout.bias": torch.full((4,), 1e-9)}),
            GridError,
            "readout.bias",
        ),
    ],
)
def test_forged_tensors_are_named(tensors, error, message, tmp_path) -> None:
    forged(tmp_path / "n.safetensors", tensors=tensors)
    with pytest.raises(error, match=message):
        load_network(tmp_path / "n.safetensors")


def test_other_and_truncated_files_are_named(tmp_path) -> None:
    path = tmp_path / "n.safetensors"
    save_checkpoint(random_rate(), path)
    with pytest.raises(CheckpointError, match="reads spiking networks"):
        load_network(path)
    path.write_bytes(save({"x": torch.zeros(1)}))
    with pytest.raises(CheckpointError, match="not one of ours"):
        load_network(path)
    save_network(random_net(), path)
    whole = path.read_bytes()
    for cut in (0, 7, 100, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(CheckpointError):
            load_network(path)
