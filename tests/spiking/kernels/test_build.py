"""The core is built once, kept, and its absence is an answer and not a crash."""

import shutil

import pytest
import torch

from spiking.activation import ACTIVATIONS
from spiking.forgetting import Native
from spiking.kernels import Weights, cpu
from spiking.kernels.build import INSTRUCTION_SETS, best_instruction_set, core
from tests.spiking.coded_nets import CODES, coded_net, inputs

needs_compiler = pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler here")
ORDER = list(INSTRUCTION_SETS)
ALL_KINDS = ("population", "rate, opponent", "rate, hard reset", "compound, bits")


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """An empty cache, and no memory of what was loaded."""
    monkeypatch.setenv("SUBSPIKE_CACHE", str(tmp_path))
    monkeypatch.delenv("SUBSPIKE_KERNELS", raising=False)
    monkeypatch.delenv("CXX", raising=False)
    core.cache_clear()
    yield tmp_path / "subspike"
    core.cache_clear()


@needs_compiler
def test_it_is_built_once_and_kept(fresh) -> None:
    found = core()
    assert found.library is not None, found.detail
    (kept,) = fresh.iterdir()
    assert found.detail == str(kept)
    assert fresh.stat().st_mode & 0o077 == 0
    before = kept.stat().st_mtime_ns
    core.cache_clear()
    assert core().detail == str(kept)
    assert kept.stat().st_mtime_ns == before


@needs_compiler
@pytest.mark.parametrize("name", ORDER[ORDER.index(best_instruction_set()) :])
def test_every_instruction_set_gives_the_same(name, monkeypatch) -> None:
    torch.manual_seed(0)
    weights = Weights(torch.randn(60, 3), torch.randn(60, 20), torch.randn(60), torch.rand(20))
    leaves = [w.requires_grad_() for w in weights]
    x, zeros, act = torch.randn(9, 7, 3), torch.zeros(7, 20), ACTIVATIONS["sigmoid"]
    networks = [coded_net(CODES[each], forget=Native(), hidden=20) for each in ALL_KINDS]
    found, said = [], []
    for chosen in (best_instruction_set(), name):
        made = core(chosen)
        assert made.library is not None, made.detail
        for module in ("cpu", "spikes", "coded"):
            monkeypatch.setattr(f"spiking.kernels.{module}.core", lambda made=made: made)
        run = cpu.run(x, weights, zeros, zeros, gate=act, output=act, keep=cpu.ALL)
        found.append([run.h.detach(), *torch.autograd.grad(run.h.sum(), leaves)])
        with torch.no_grad():
            said.append([net.run(inputs(batch=7)).output for net in networks])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    for one, other in zip(*said, strict=True):
        assert torch.equal(one, other)


def test_without_a_compiler_there_is_a_reason(fresh, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    found = core()
    assert found.library is None
    assert "no C++ compiler" in found.detail


def test_a_compiler_that_fails_is_quoted(fresh, monkeypatch, tmp_path) -> None:
    broken = tmp_path / "broken"
    broken.write_text('#!/bin/sh\n[ "$1" = --version ] && exit 0\necho out of ink >&2\nexit 1\n')
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))
    assert "out of ink" in core().detail
    core.cache_clear()
    monkeypatch.setenv("CXX", str(tmp_path / "none"))
    assert core().library is None
    assert list(fresh.iterdir()) == []


def test_it_can_be_turned_off(fresh, monkeypatch) -> None:
    monkeypatch.setenv("SUBSPIKE_KERNELS", "reference")
    assert core().library is None
    assert not cpu.usable(torch.zeros(1))


def test_a_cache_that_cannot_be_written_is_an_answer(fresh, monkeypatch, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SUBSPIKE_CACHE", str(tmp_path / "file"))
    assert "could not be built" in core().detail
