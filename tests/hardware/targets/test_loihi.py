"""The numbers of Loihi, and that both chips compute alike but for two registers."""

from dataclasses import replace

from hardware import TARGETS

ONE, TWO = TARGETS["loihi1"], TARGETS["loihi2"]


def test_limits() -> None:
    assert ONE.cores.count == TWO.cores.count == 128
    limits = ONE.cores.limits
    assert (limits["neurons"], limits["in-axons"], limits["out-axons"]) == (1024, 4096, 4096)
    assert limits["synapse bits"] == 2**20
    assert (limits["compartment formats"], limits["threshold formats"]) == (32, 16)
    assert TWO.cores.limits["neurons"] == 8192


def test_formats_differ_in_the_registers_of_loihi_1() -> None:
    assert (ONE.format.arrival.bits, ONE.format.drive.bits) == (22, 24)
    assert replace(ONE.format, arrival=None, drive=None) == TWO.format


def test_every_synapse_takes_a_tick() -> None:
    assert {(t.latency.enter, t.latency.loop, t.latency.leave) for t in (ONE, TWO)} == {(1, 1, 1)}
