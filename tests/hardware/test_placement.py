"""Cores are filled in order, none beyond its limits, and what is used is counted."""

from dataclasses import replace

import numpy as np

from hardware import Cores
from hardware.placement import destinations, input_synapses, neurons, placed, sources, synapses
from tests.hardware.chips import random_network

LOADS = {
    "neurons": neurons,
    "synapses": synapses,
    "sources": sources,
    "input synapses": input_synapses,
}


def test_every_neuron_lies_on_a_core_that_holds_it() -> None:
    for seed in range(10):
        network, _ = random_network(seed)
        limits = {"neurons": 4, "synapses": 90, "sources": 30}
        chip = Cores(None, limits, LOADS, {"destinations": destinations})
        found = placed(network, chip)
        assert sum(found.used["neurons"]) == sum(map(len, network.groups))
        assert found.used["synapses"].sum() == sum(
            np.count_nonzero(each.weight) for each in network.synapses
        )
        for name, limit in limits.items():
            alone = found.used["neurons"] == 1
            assert (found.used[name][~alone] <= limit).all()
            assert np.array_equal(found.utilization[name], found.used[name] / limit)
        for cores in found.cores.values():
            assert (np.diff(cores) >= 0).all()
        assert found.count == len(found.used["neurons"])


def test_loads_are_counted_neuron_by_neuron() -> None:
    network, _ = random_network(3)
    found = placed(network, Cores(None, {"neurons": 3}, LOADS, {"destinations": destinations}))
    pairs = np.zeros(found.count, int)
    for core in range(found.count):
        seen, count, given = set(), 0, 0
        for each in network.synapses:
            for to, home in enumerate(found.cores[each.target]):
                for source in np.nonzero(each.weight[to])[0] if home == core else ():
                    seen.add((each.source, int(source)))
                    count += 1
                    given += each.source == "input"
        assert found.used["sources"][core] == len(seen)
        assert (found.used["synapses"][core], found.used["input synapses"][core]) == (count, given)
        for name, source in seen - {s for s in seen if s[0] == "input"}:
            pairs[found.cores[name][source]] += 1
    assert np.array_equal(found.used["destinations"], pairs)


def test_a_limit_without_a_load_that_has_it_is_only_reported() -> None:
    network, _ = random_network(3)
    found = placed(network, Cores(1, {}, LOADS))
    assert found.count == 1
    assert found.utilization == {}


def test_a_neuron_that_fits_no_core_gets_one_of_its_own() -> None:
    network, _ = random_network(3)
    found = placed(network, replace(Cores(None, {"sources": 0}, LOADS)))
    assert found.used["neurons"].tolist() == [1] * found.count
