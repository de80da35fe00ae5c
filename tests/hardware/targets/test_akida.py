"""The numbers of Akida Pico, and that nothing is claimed which nobody has published."""

from converter import to_nir
from hardware import TARGETS, deploy, emulate
from tests.spiking.random_nets import random_inputs, random_network

TARGET = TARGETS["akida-pico"]


def test_limits() -> None:
    limits = TARGET.cores.limits
    assert (limits["state channels"], limits["filter words"]) == (256, 8192)
    assert TARGET.cores.count == 1


def test_states_have_16_bits_and_the_host_32() -> None:
    how = TARGET.format
    assert (how.leaky.low, how.leaky.high) == (-(2**15), 2**15 - 1)
    assert (how.current.bits, how.decay, how.fires) == (32, "half_up", "beyond")


def test_energy_and_time_are_unavailable_and_say_why() -> None:
    net = random_network(3)
    whole = deploy(to_nir(net, dt=1e-4), TARGET, dt=1e-4)
    run = emulate(whole.network, net.encode(random_inputs(3)).numpy())
    for meter, words in ((TARGET.energy[0], "publishes no energy"), (TARGET.seconds, "no clocks")):
        found = meter(whole, run)
        assert (found.value, found.kind) == (None, "unavailable")
        assert words in found.scope
