"""Devices by name; one that is not here says what would bring it."""

import pytest
import torch

from spiking.errors import ConfigError, MissingSoftwareError
from subspike.devices import device_named


def test_the_cpu_is_always_here() -> None:
    assert device_named("cpu") == torch.device("cpu")


def test_a_word_that_is_no_device() -> None:
    with pytest.raises(ConfigError, match=r"'quantum'.*cpu, cuda or cuda:1"):
        device_named("quantum")


def test_a_gpu_that_is_not_here() -> None:
    name = f"cuda:{torch.cuda.device_count()}"
    with pytest.raises(MissingSoftwareError, match=rf"'{name}' is not here.*Install it with"):
        device_named(name)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_that_is_here() -> None:
    assert device_named("cuda").type == "cuda"
