"""Spikes and synaptic operations: the analytic count against one made spike by spike."""

from __future__ import annotations

import torch
from torch import nn

from converter import convert, populations, quantize, run_nir, to_nir
from spiking import Population, SubLSTM, SubLSTMClassifier, activity, dense_macs


def _network(layers: int):
    torch.manual_seed(layers)
    rnn = SubLSTM(3, 5, layers, batch_first=True, forget="fixed", t_max=9)
    rate = SubLSTMClassifier(rnn, nn.Linear(5, 4))
    with torch.no_grad():
        rnn.weight_hh_l0[2] = 0.0
        rate.readout.weight[1] = 0.0
    return quantize(convert(rate, code=Population(levels=4)).network)


def test_the_analytic_count_equals_the_events_counted_in_the_graph() -> None:
    x = torch.rand(6, 9, 3)
    for layers in (1, 2, 3):
        net = _network(layers)
        run = net.run(x)
        done = run_nir(to_nir(net), net.encode(x).numpy(), dt=1e-4)
        cost = activity(net, run.counts)
        assert cost.synops.tolist() == sum(done.synops.values()).tolist()
        rasters = populations(done.spikes, net)
        spikes = sum(r.sum((1, 2, 3)) for name, r in rasters.items() if "relay" not in name)
        relays = sum(r.sum((1, 2, 3)) for name, r in rasters.items() if "relay" in name)
        assert cost.spikes.tolist() == spikes.tolist()
        assert cost.relays.tolist() == relays.tolist()


def test_dense_macs_counts_every_product_of_the_rate_model() -> None:
    rnn = SubLSTM(3, 5, 2, forget="gated")
    per_step = 4 * 5 * (3 + 5) + 4 * 5 * (5 + 5)
    assert dense_macs(rnn, steps=7, classes=2) == 7 * per_step + 2 * 5
