"""The rate subLSTM is its equations, with the manners of torch.nn.LSTM."""

import itertools

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from spiking import SubLSTM
from spiking.activation import ACTIVATIONS
from spiking.errors import ConfigError, ShapeError

DOUBLE = torch.float64


def plain(rnn: SubLSTM, x: Tensor) -> Tensor:
    """DESIGN section 1, sample by sample and step by step; x (time, features) of one sample."""
    act = ACTIVATIONS[rnn.activation].function
    for layer in range(rnn.num_layers):
        outputs = []
        for end in ["", "_reverse"][: rnn.num_directions]:
            suffix, size = f"l{layer}{end}", rnn.hidden_size
            h, c = torch.zeros(size, dtype=x.dtype), torch.zeros(size, dtype=x.dtype)
            found = []
            for x_t in x.flip(0) if end else x:
                a = rnn.get("weight_ih", suffix) @ x_t + rnn.get("bias_ih", suffix)
                a = a + rnn.get("weight_hh", suffix) @ h + rnn.get("bias_hh", suffix)
                z, i, o = (act(a[k * size : (k + 1) * size]) for k in range(3))
                if rnn.forget == "gated":
                    f = act(a[3 * size :])
                else:
                    f = torch.sigmoid(rnn.get("forget", suffix))
                c = f * c + z - i
                h = act(c) - o
                found.append(h)
            outputs.append(torch.stack(found[::-1] if end else found))
        x = torch.cat(outputs, dim=1)
    return x


def made(**words) -> SubLSTM:
    torch.manual_seed(3)
    rnn = SubLSTM(3, 4, **words).to(DOUBLE).eval()
    with torch.no_grad():
        for value in rnn.parameters():
            value.add_(0.3 * torch.randn_like(value))
    return rnn


@pytest.mark.parametrize(
    ("forget", "activation", "layers", "bias", "both"),
    list(
        itertools.product(
            ("gated", "fixed"), ("sigmoid", "hard_sigmoid"), (1, 3), (True, False), (False, True)
        )
    ),
)
def test_every_variant_equals_the_plain_equations(forget, activation, layers, bias, both) -> None:
    rnn = made(
        forget=forget, activation=activation, num_layers=layers, bias=bias, bidirectional=both
    )
    x = torch.randn(6, 2, 3, dtype=DOUBLE)
    output, _ = rnn(x)
    for sample in range(2):
        torch.testing.assert_close(output[:, sample], plain(rnn, x[:, sample]))


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
def test_shapes_are_those_of_lstm(both, batch_first) -> None:
    words = {"num_layers": 2, "batch_first": batch_first, "bidirectional": both}
    ours, theirs = SubLSTM(3, 4, **words), nn.LSTM(3, 4, **words)
    for x in (torch.randn(5, 2, 3), torch.randn(5, 3)):
        (out, (h, c)), (out2, (h2, c2)) = ours(x), theirs(x)
        assert (out.shape, h.shape, c.shape) == (out2.shape, h2.shape, c2.shape)


@pytest.mark.parametrize("both", [False, True])
def test_lengths_packed_and_alone_agree(both) -> None:
    rnn = made(forget="fixed", num_layers=2, bidirectional=both)
    x, lengths = torch.randn(6, 3, 3, dtype=DOUBLE), torch.tensor([2, 6, 4])
    output, (h, c) = rnn(x, lengths=lengths)
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    packed_out, (h2, c2) = rnn(packed)
    unpacked, _ = pad_packed_sequence(packed_out)
    assert torch.equal(output, unpacked)
    assert torch.equal(h, h2)
    assert torch.equal(c, c2)
    for sample, steps in enumerate(lengths.tolist()):
        alone, (h3, c3) = rnn(x[:steps, sample])
        torch.testing.assert_close(output[:steps, sample], alone)
        torch.testing.assert_close(h[:, sample], h3)
        torch.testing.assert_close(c[:, sample], c3)
        assert not output[steps:, sample].any()


def test_a_state_carries_on() -> None:
    rnn = made(num_layers=2)
    x = torch.randn(7, 2, 3, dtype=DOUBLE)
    whole, state = rnn(x)
    first, middle = rnn(x[:3])
    second, after = rnn(x[3:], middle)
    # not bit for bit: the projection of all steps is one product, whose rounding depends on size
    torch.testing.assert_close(whole, torch.cat([first, second]), rtol=0, atol=1e-14)
    torch.testing.assert_close(state, after, rtol=0, atol=1e-14)


@pytest.mark.parametrize("forget", ["gated", "fixed"])
def test_gradients_are_those_of_differences(forget) -> None:
    rnn = made(forget=forget)
    x = torch.randn(4, 2, 3, dtype=DOUBLE, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: rnn(v)[0], (x,))


def test_dropout_acts_between_layers_and_only_in_training() -> None:
    torch.manual_seed(0)
    rnn = SubLSTM(3, 8, num_layers=2, dropout=0.5)
    x = torch.randn(5, 2, 3)
    assert not torch.equal(rnn.train()(x)[0], rnn(x)[0])
    assert torch.equal(rnn.eval()(x)[0], rnn(x)[0])


def first_gradient(rnn: SubLSTM) -> float:
    x = torch.randn(784, 1, 1, generator=torch.Generator().manual_seed(1), requires_grad=True)
    rnn(x)[0][-1].sum().backward()
    return float(x.grad[0].abs().max())


def test_long_sequences_keep_a_gradient_to_their_start() -> None:
    torch.manual_seed(0)
    rnn = SubLSTM(1, 16, forget="fixed", t_max=784)
    forget = torch.sigmoid(rnn.get("forget", "l0").detach())
    assert 0.5 <= float(forget.min()) < float(forget.max()) < 1.0
    assert first_gradient(rnn) > 1e-8
    with torch.no_grad():
        rnn.get("forget", "l0").zero_()
    assert first_gradient(rnn) == 0.0


def test_empty_time_and_empty_batch() -> None:
    rnn = SubLSTM(3, 4)
    assert rnn(torch.zeros(0, 2, 3))[0].shape == (0, 2, 4)
    assert rnn(torch.zeros(5, 0, 3))[0].shape == (5, 0, 4)


def test_wrong_words_and_shapes_are_named() -> None:
    with pytest.raises(ConfigError, match="forget"):
        SubLSTM(3, 4, forget="sometimes")
    with pytest.raises(ConfigError, match="activation"):
        SubLSTM(3, 4, activation="relu")
    rnn = SubLSTM(3, 4)
    with pytest.raises(ShapeError, match="input"):
        rnn(torch.zeros(5, 2, 7))
    with pytest.raises(ShapeError, match="h_0"):
        rnn(torch.zeros(5, 2, 3), (torch.zeros(1, 3, 4), torch.zeros(1, 2, 4)))
    with pytest.raises(ShapeError, match=r"lengths\[1\]"):
        rnn(torch.zeros(5, 2, 3), lengths=torch.tensor([5, 6]))


def test_parameters_survive_a_round_trip() -> None:
    first, second = made(forget="fixed"), SubLSTM(3, 4, forget="fixed").to(DOUBLE)
    second.load_state_dict(first.state_dict())
    x = torch.randn(5, 2, 3, dtype=DOUBLE)
    assert torch.equal(first(x)[0], second(x)[0])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_computes_the_same() -> None:
    rnn = made(num_layers=2)
    x = torch.randn(5, 2, 3, dtype=DOUBLE)
    torch.testing.assert_close(rnn(x)[0], rnn.to("cuda")(x.to("cuda"))[0].cpu())
