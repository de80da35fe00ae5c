"""Random spiking networks for the tests of this folder."""

import torch

from converter import convert, quantize
from spiking import Population, SpikingNetwork, SubLSTM, SubLSTMClassifier


def random_rate(seed: int, *, layers: int = 1, activation: str = "sigmoid") -> SubLSTMClassifier:
    torch.manual_seed(seed)
    rnn = SubLSTM(3, 5, layers, batch_first=True, forget="fixed", activation=activation)
    model = SubLSTMClassifier(rnn, torch.nn.Linear(5, 4))
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.7 * torch.randn_like(value))
    return model.eval()


def random_network(
    seed: int,
    *,
    layers: int = 1,
    levels: int = 8,
    two_sided: bool = True,
    activation: str = "sigmoid",
    on_grid: bool = True,
) -> SpikingNetwork:
    rate = random_rate(seed, layers=layers, activation=activation)
    net = convert(rate, code=Population(levels, two_sided=two_sided)).network
    return quantize(net, input_max=4.0) if on_grid else net


def random_inputs(seed: int, *, batch: int = 3, steps: int = 9) -> torch.Tensor:
    return torch.randn(batch, steps, 3, generator=torch.Generator().manual_seed(seed))
