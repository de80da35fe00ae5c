"""Every profile is the network, from file, spike for spike; and so equal to every other."""

import nir
import numpy as np
import pytest
import torch

from converter import PROFILES, from_nir, populations, read_nir, run_nir, to_nir, write_nir
from converter.profiles import Feed
from converter.profiles.profile import gathered, inputs, mixing, per_neuron
from spiking import Adaptive, Coincidence, Compound, Mixed, Native, Population, Rate
from spiking.codes.population import CELL_WEIGHT_STEP
from spiking.errors import ConfigError, ExportError
from tests.converter.small_models import numbers, random_net, random_x, same_numbers
from tests.spiking.coded_nets import coded_net

NETS = [
    {"levels": 2, "hidden": 3},
    {"levels": 8, "hidden": 5, "layers": 2},
    {"levels": 6, "hidden": 4, "layers": 3, "readout": False},
    {"levels": 4, "hidden": 6, "activation": "hard_sigmoid"},
    {"levels": 16, "hidden": 3, "activation": "hard_sigmoid", "layers": 2},
    {"levels": 10, "hidden": 1},
    {"levels": 3, "hidden": 4, "two_sided": False},
    {"levels": 8, "hidden": 3, "two_sided": False, "layers": 2},
    {"levels": 1, "hidden": 5, "two_sided": False, "readout": False},
    {"levels": 5, "hidden": 3, "two_sided": False, "activation": "hard_sigmoid", "layers": 3},
]
CARRIED = [
    (seed, name)
    for seed, words in enumerate(NETS)
    for name, profile in PROFILES.items()
    if words.get("two_sided", True) or profile.one_sided
]


@pytest.mark.parametrize(("seed", "name"), CARRIED)
def test_the_file_is_the_network(seed: int, name: str, tmp_path) -> None:
    net, x = random_net(seed, **NETS[seed]), random_x(seed, steps=20)
    dt = (1e-4, 1e-3)[seed % 2]
    path = tmp_path / "x.nir"
    write_nir(to_nir(net, profile=name, dt=dt), path)
    graph = read_nir(path)
    back = from_nir(graph)
    assert same_numbers(numbers(back), numbers(net))
    assert (back.code, back.grid) == (net.code, net.grid)
    inputs_ = net.encode(x)
    with torch.no_grad():
        wanted = net.run(x, record=True)
    done = run_nir(graph, inputs_.numpy(), dt=dt, semantics=PROFILES[name].semantics)
    assert done.counts == {}
    found = populations(done.spikes, net, profile=name)
    assert {key for key in found if not key.endswith("relay")} == wanted.spikes.keys()
    for key, raster in wanted.spikes.items():
        assert np.array_equal(found[key], raster.numpy()), key
        assert raster.any() or net.code.levels < 4
    for key in found:
        if key.endswith("relay"):
            assert np.array_equal(found[key], found[key.replace("relay", "o")])
    if wanted.logits is not None:
        assert np.array_equal(done.output, wanted.logits.numpy())
    else:
        counts = wanted.output.numpy() * net.code.levels
        assert np.array_equal(done.output @ said(net, name, done.output.shape[-1]).T, counts)


def said(net, name: str, width: int) -> np.ndarray:
    """What an output without a readout means in counts K h."""
    top = net.stack[-1]
    if width == top.hidden_size:
        return np.eye(width)
    signs = np.kron(np.eye(top.hidden_size), top.signs.numpy()[None, :])
    return np.concatenate([signs, -signs], axis=1)


def test_forgets_differ_from_unit_to_unit_in_these_nets() -> None:
    assert len(np.unique(random_net(1, **NETS[1]).stack[0].forget.detach().numpy())) == 5


@pytest.mark.parametrize("name", [name for name, each in PROFILES.items() if not each.one_sided])
def test_one_sided_populations_are_sent_to_profiles_that_carry_them(name: str) -> None:
    with pytest.raises(ExportError, match=r"profiles li and readable and stepwise can.*ONNX"):
        to_nir(random_net(two_sided=False), profile=name)


@pytest.mark.parametrize(
    ("code", "forget", "lacking"),
    [
        (Rate(4), None, "NIR has no reset by subtraction: |NIR has no reset by subtraction"),
        (Compound(8), None, "no graded spike"),
        (Adaptive(4), None, "no threshold that adapts"),
        (Mixed(Rate(2), Compound(8)), None, "no graded spike and no reset by subtraction"),
        (Mixed(Population(4), Population(8)), None, "one number of levels"),
        (Population(8), Native(), "no product of two signals"),
        (Rate(4), Coincidence(), "no reset by subtraction and no product of two signals"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_nir_lacks_is_said_with_what_carries_it(code, forget, lacking: str) -> None:
    for name in PROFILES:
        with pytest.raises(ExportError, match=f"{lacking}.*every profile carries.*to_onnx"):
            to_nir(coded_net(code, forget=forget), profile=name)


def test_an_unknown_profile_is_told_of_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'flat' is not known.*portable \(one chain.*split \("):
        to_nir(random_net(), profile="flat")
    for name, profile in PROFILES.items():
        assert profile.name == name
        assert profile.summary


def test_layers_are_wired_in_parts_that_add_up() -> None:
    rows, bias = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0])
    left = Feed("left", np.array([[1.0, -1.0], [0.0, 0.0], [0.0, 0.0]]))
    right = Feed("right", np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    nodes, edges = inputs("in", "target", rows, bias, (left, right))
    assert edges == [
        ("left", "in_0000"),
        ("in_0000", "target"),
        ("right", "in_0001"),
        ("in_0001", "target"),
    ]
    assert np.array_equal(nodes["in_0000"].weight, rows @ left.decode)
    assert np.array_equal(nodes["in_0000"].bias + nodes["in_0001"].bias, bias)
    graph = nir.NIRGraph(nodes, [], type_check=False)
    for at in (None, np.array([1])):
        weight, found = gathered(graph, "in", (left, right), at)
        assert np.array_equal(weight, rows if at is None else rows[at])
        assert np.array_equal(found, bias if at is None else bias[at])
    nodes, edges = inputs("in", "target", rows, bias, (Feed("input"),))
    assert list(nodes) == ["in"]
    weight, found = gathered(nir.NIRGraph(nodes, [], type_check=False), "in", (Feed("input"),))
    assert np.array_equal(weight, rows)


def test_mixing_gives_a_cell_neuron_its_value_over_its_threshold() -> None:
    layer = random_net(levels=4, hidden=2).stack[0]
    mixed = mixing(layer, CELL_WEIGHT_STEP)
    limits = np.abs(layer.cell_threshold.numpy())
    assert mixed.shape == (8, 8)
    assert np.array_equal(mixed[:4, 4:], np.zeros((4, 4)))
    np.testing.assert_allclose(np.abs(mixed[:4, 0]), 1.0 / limits, rtol=1e-12)
    assert np.array_equal(mixed / CELL_WEIGHT_STEP % 2, np.kron(np.eye(2), np.ones((4, 4))))


def test_neurons_of_a_unit_follow_its_row_with_their_signs() -> None:
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = per_neuron(rows, np.array([-1.0, 1.0]))
    assert np.array_equal(found, [[-1, -2], [1, 2], [-3, -4], [3, 4]])
