"""An export folder, a network's file and a NIR file are cases; a wrong folder is found out."""

import numpy as np
import pytest

from converter import CONSUMERS, convert, export, read_golden, save_network, write_golden
from converter.conform import cases_of, conform
from converter.consumers import ENGINES
from spiking import Rate
from spiking.errors import CheckpointError, DriftError
from tests.converter.small_models import random_net, random_rate, random_x

CHOSEN = [CONSUMERS["snntorch"], CONSUMERS["spikingjelly"], ENGINES["onnxruntime"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("export")
    export(random_net(3, layers=2), place, random_x(3, steps=12))
    return place


def test_a_folder_is_its_golden_vectors_and_random_inputs(folder, tmp_path) -> None:
    golden, drawn = cases_of(folder, CHOSEN, tmp_path, dt=1e-4)
    assert np.array_equal(golden.x, read_golden(folder / "golden.npz").x)
    assert len(drawn.x) > 1
    # files that are there are read as they are, others are written
    assert golden.readings["snntorch"].file == folder / "network.nir"
    assert golden.readings["onnxruntime"].file == folder / "network.onnx"
    assert golden.readings["spikingjelly"].file.parent == tmp_path
    # a file of another step is not this one's
    chosen = [CONSUMERS["norse"]]
    (slow, _) = cases_of(folder, chosen, tmp_path, dt=1e-3)
    assert slow.readings["norse"].file.parent == tmp_path
    assert slow.readings["norse"].predicted.state == "supported"


def test_everyone_beside_torch_reads_it_to_the_same_spikes(folder, tmp_path) -> None:
    chosen = [each for each in CONSUMERS.values() if not each.apart]
    chosen += [ENGINES["onnxruntime"], ENGINES["onnx_reference"]]
    found = conform(
        cases_of(folder, chosen, tmp_path, dt=1e-4), chosen, dt=1e-4, seconds=120, progress=False
    )
    assert found.conforms, [each for each in found.results if not each.foreseen]
    equal = {each.consumer.name for each in found.results if each.verdict == "equal"}
    assert equal >= {"snntorch", "onnxruntime", "onnx_reference"}
    supported = [each for each in found.results if each.predicted.state == "supported"]
    assert {each.verdict for each in supported} <= {"equal", "not run"}


def test_a_file_of_another_network_in_the_folder_is_found_out(folder, tmp_path) -> None:
    other = tmp_path / "other"
    export(random_net(4, layers=2), other, random_x(3, steps=12))
    (other / "network.nir").write_bytes((folder / "network.nir").read_bytes())
    chosen = CHOSEN[:1]
    cases = cases_of(other, chosen, tmp_path, dt=1e-4)
    found = conform(cases, chosen, dt=1e-4, seconds=120, progress=False)
    assert {each.verdict for each in found.results} == {"differs"}
    assert not found.conforms


def test_golden_vectors_of_another_network_are_named(folder, tmp_path) -> None:
    other = tmp_path / "other"
    export(random_net(4, layers=2), other, random_x(3, steps=12))
    write_golden(read_golden(folder / "golden.npz"), other / "golden.npz")
    with pytest.raises(DriftError, match=r"golden\.npz differs"):
        cases_of(other, CHOSEN, tmp_path, dt=1e-4)


def test_a_network_file_is_put_on_the_grid_and_other_codes_go_by_onnx(tmp_path) -> None:
    rate = random_rate(0)
    save_network(convert(rate).network, tmp_path / "off.safetensors")
    (case,) = cases_of(tmp_path / "off.safetensors", CHOSEN, tmp_path, dt=1e-4)
    assert all(each.file for each in case.readings.values())
    save_network(convert(rate, code=Rate(4)).network, tmp_path / "rate.safetensors")
    (case,) = cases_of(tmp_path / "rate.safetensors", CHOSEN, tmp_path, dt=1e-4)
    assert "NIR has no reset" in case.readings["snntorch"].predicted.reasons[0]
    with pytest.raises(CheckpointError):
        cases_of(tmp_path / "none.safetensors", CHOSEN, tmp_path, dt=1e-4)
