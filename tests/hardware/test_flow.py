"""The verbs: refusals list everything, what does not exist is named."""

from dataclasses import replace

import numpy as np
import pytest

from converter import to_nir
from hardware import (
    TARGETS,
    Cores,
    check,
    configure,
    deploy,
    place,
    quantize,
    simulate,
    target_named,
)
from hardware.artefacts import packed
from hardware.placement import neurons, sources
from spiking.errors import ConfigError, DoesNotFitError
from tests.hardware.chips import DT, chain
from tests.spiking.random_nets import random_network as random_rate


def test_a_network_too_large_for_xylo_is_refused_with_every_rule() -> None:
    graph = chain(inputs=17, outputs=9, hidden=70, w_rec=np.ones((70, 70)))
    with pytest.raises(DoesNotFitError) as caught:
        place(graph, TARGETS["xylo-audio2"], dt=DT)
    assert [f.rule for f in caught.value.violations] == [
        "inputs_fit",
        "outputs_fit",
        "fan_out_fits",
    ]
    for words in ("3 rules", "has 17, limit 16", "has 9, limit 8", "has 70, limit 64"):
        assert words in str(caught.value)


def test_checking_changes_nothing_and_needs_a_time_step() -> None:
    graph = chain()
    assert check(graph, TARGETS["xylo-audio3"], dt=DT) == ()
    with pytest.raises(ConfigError, match="dt"):
        check(graph, TARGETS["xylo-audio3"], dt=0.0)


def test_deploying_is_the_stages_in_their_order() -> None:
    graph, target = chain(), TARGETS["xylo-audio3"]
    whole = deploy(graph, target, dt=DT)
    network, placement = quantize(graph, target, dt=DT), place(graph, target, dt=DT)
    assert packed(whole)[0] == packed(configure(network, placement))[0]
    assert placement.count == 1
    assert {name: used.tolist() for name, used in placement.used.items()} == {
        "neurons": [7],
        "synapses": [4 * 2 + 4 + 3 * 4],
        "input synapses": [8],
    }


def test_a_core_that_is_too_small_and_a_chip_with_too_few_are_named() -> None:
    small = Cores(2, {"neurons": 2, "sources": 3}, {"neurons": neurons, "sources": sources})
    target = replace(TARGETS["xylo-audio3"], cores=small)
    faults = check(chain(), target, dt=DT)
    assert [(f.rule, f.have, f.limit) for f in faults] == [
        ("cores_suffice", "7 cores", "2"),
        ("a_core_holds_it", "4 sources", "3"),
    ]


def test_unknown_targets_and_simulators_are_named() -> None:
    with pytest.raises(ConfigError, match="xylo-audio3"):
        target_named("abacus")
    whole = deploy(chain(), TARGETS["xylo-audio3"], dt=DT)
    with pytest.raises(ConfigError, match=r"\['xylosim'\] do"):
        simulate(whole, np.zeros((1, 2, 2)), simulator="abacus")
    digital = deploy(to_nir(random_rate(1), dt=DT), TARGETS["digital"], dt=DT)
    with pytest.raises(ConfigError, match="no vendor simulator"):
        simulate(digital, np.zeros((1, 2, 3)))
