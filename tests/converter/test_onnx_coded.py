"""Networks in any code: what ONNX cannot carry is refused by name, before anything is written."""

import numpy as np
import pytest
import torch

from converter import export, run_onnx, to_onnx
from converter.onnx_about import about_onnx
from converter.onnx_coded import coded_kind
from spiking.codes import Adaptive, Compound, Population, Rate
from spiking.errors import ExportError
from spiking.forgetting import Native, Shunt
from tests.converter.small_models import random_x
from tests.spiking.coded_nets import coded_net


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"code": Adaptive(4)}, r"Adaptive\(window=4\) fires in hundreds of micro-steps"),
        ({"code": Population(4), "forget": Shunt(3)}, r"Shunt.*convert with forget=Native\(\)"),
    ],
)
def test_what_cannot_be_carried_is_named(words, message) -> None:
    with pytest.raises(ExportError, match=message):
        to_onnx(coded_net(**words))


def test_the_states_are_the_network_s(monkeypatch) -> None:
    # by definition: the compiled core has a sigmoid, and so a last bit of the cell, of its own
    monkeypatch.setattr("spiking.kernels.usable", lambda _: False)
    net, x = coded_net(Rate(4), forget=Native()), random_x(steps=6)
    with torch.no_grad():
        after = net.run(x).state[0]
    found = run_onnx(to_onnx(net), x.numpy()).state
    assert np.array_equal(found["l0.cell"], after.cell.numpy())
    assert np.array_equal(found["l0.counts"], after.counts.numpy())
    assert np.array_equal(found["l0.memory.d"], after.memory["d"].numpy())
    assert np.array_equal(found["l0.memory.h"], after.memory["h"].numpy())


def test_a_name_says_all_that_its_step_depends_on() -> None:
    names = {
        coded_kind(coded_net(code, forget=forget).stack[0], unit=unit).name
        for code in (Compound(8), Compound(8, "bits"), Population(4), Rate(4), Rate(4, carry=False))
        for forget in (None, Native())
        for unit in (2.0**-12, 2.0**-13)
    }
    assert len(names) == 20
    assert all(name.replace("_", "").isalnum() and len(name) <= 200 for name in names)


def test_an_export_folder_holds_what_carries_the_network(tmp_path) -> None:
    net = coded_net(Compound(8), forget=Native())
    bundle = export(net, tmp_path, random_x(), profiles=("portable",), dt=1e-3)
    assert "no product" in bundle.refused["nir"]
    assert {name: found.differing for name, found in bundle.drifts.items()} == {
        "onnx": 0,
        "onnx streaming": 0,
    }
    assert not (tmp_path / "verify_nir.py").exists()
    from onnx import load

    about = about_onnx(load(bundle.files["onnx"]))
    assert about["code"] == {"name": "compound", "levels": 8, "message": "delta"}
    assert (about["forget"], about["dt"]) == ({"name": "native"}, 1e-3)
