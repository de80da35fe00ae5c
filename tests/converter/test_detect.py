"""What settles a layout: unique keys, a name, or a proof that singles one candidate out."""

import numpy as np
import pytest
import torch
from torch import nn

from converter.importing import import_checkpoint
from converter.proof import Proof
from spiking import SubLSTM, SubLSTMClassifier
from spiking.errors import CheckpointError, ConfigError, LayoutError, ShapeError
from tests.converter.plain_layouts import (
    PLAIN_LAYOUTS,
    PlainLayout,
    PlainRun,
    Sizes,
    State,
    miltonllera_torchscript_keys,
    neuralml_keys,
    run_ixaxaar,
    run_lstm,
    run_miltonllera_negated,
    run_neuralml,
    run_neuralml_product,
    torch_keys,
)

X = np.random.default_rng(11).normal(size=(6, 12, 3))


def reference(run: PlainRun) -> Proof:
    """The pair that someone would save from the original model: float32 inputs and outputs."""
    return Proof(
        torch.from_numpy(X).float(),
        torch.from_numpy(run.output).float(),
        (torch.from_numpy(run.h_n).float(), torch.from_numpy(run.c_n).float()),
    )


def labelled(run: PlainRun, x: np.ndarray) -> Proof:
    assert run.logits is not None
    return Proof(torch.from_numpy(x), labels=torch.from_numpy(run.logits.argmax(axis=1)))


def own_state(**words: object) -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    model = SubLSTM(3, 5, 2, **words)  # type: ignore[arg-type]  # words differ by test
    with torch.no_grad():
        for value in model.parameters():
            value.normal_()
    return dict(model.state_dict())


def test_keys_of_torch_are_ambiguous_and_all_readings_are_listed() -> None:
    with pytest.raises(LayoutError) as caught:
        import_checkpoint(torch_keys(Sizes(layers=2)))
    for word in ("ixaxaar", "subspike", "subspike-hard", "torch.nn.LSTM", "i,f,z,o", "layout="):
        assert word in str(caught.value)


def test_bare_state_dict_of_ours_is_never_guessed() -> None:
    with pytest.raises(LayoutError, match="several layouts"):
        import_checkpoint(own_state())
    with pytest.raises(LayoutError, match="subspike-hard"):
        import_checkpoint(own_state(forget="fixed"))


@pytest.mark.parametrize(
    ("plain", "fixed"), [(p, fixed) for p in PLAIN_LAYOUTS for fixed in {False, p.fixed}]
)
def test_reference_run_finds_the_layout(plain: PlainLayout, *, fixed: bool) -> None:
    state = plain.keys(Sizes(fixed=fixed, layers=2 if plain.deep else 1), 5)
    imported = import_checkpoint(state, proof=reference(plain.run(state, X)))
    assert (imported.layout, imported.settled_by) == (plain.name, "proof")
    assert imported.scores[0].startswith(plain.name)


@pytest.mark.parametrize("plain", PLAIN_LAYOUTS)
def test_labels_find_the_layout(plain: PlainLayout) -> None:
    x = np.random.default_rng(2).normal(size=(120, 12, 3))
    state = plain.keys(Sizes(classes=4), 6)
    imported = import_checkpoint(state, proof=labelled(plain.run(state, x), x))
    assert (imported.layout, imported.settled_by) == (plain.name, "proof")
    assert "accuracy 100.0 % (120 of 120)" in imported.scores[0]


@pytest.mark.parametrize("words", [{}, {"bidirectional": True}, {"activation": "hard_sigmoid"}])
@pytest.mark.parametrize("forget", ["gated", "fixed"])
def test_reference_run_finds_our_own(words: dict[str, object], forget: str) -> None:
    state = own_state(forget=forget, **words)
    original = SubLSTM(3, 5, 2, forget=forget, **words)  # type: ignore[arg-type]  # as above
    original.load_state_dict(state)
    x = torch.from_numpy(X).float()
    output, (h_n, c_n) = original(x.transpose(0, 1))
    proof = Proof(x, output.detach().transpose(0, 1), (h_n.detach(), c_n.detach()))
    imported = import_checkpoint(state, proof=proof)
    assert imported.layout == ("subspike-hard" if "activation" in words else "subspike")
    assert isinstance(imported.model, SubLSTM)
    assert imported.model.bidirectional == ("bidirectional" in words)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_lstm_is_recognised_and_refused(*, bidirectional: bool) -> None:
    torch.manual_seed(0)
    lstm = nn.LSTM(3, 5, 2, batch_first=True, bidirectional=bidirectional)
    x = torch.from_numpy(X).float()
    output, (h_n, c_n) = lstm(x)
    proof = Proof(x, output.detach(), (h_n.detach(), c_n.detach()))
    with pytest.raises(LayoutError, match=r"this file is torch\.nn\.LSTM; .*multiplicative"):
        import_checkpoint(lstm.state_dict(), proof=proof)
    with pytest.raises(LayoutError, match=r"torch\.nn\.LSTM"):
        import_checkpoint(lstm.state_dict(), layout="subspike", proof=proof)


def test_lstm_is_recognised_by_labels() -> None:
    x = np.random.default_rng(2).normal(size=(120, 12, 3))
    state = torch_keys(Sizes(classes=4), 6)
    with pytest.raises(LayoutError, match=r"this file is torch\.nn\.LSTM"):
        import_checkpoint(state, proof=labelled(run_lstm(state, x), x))


def test_short_lived_meanings_are_recognised_and_refused() -> None:
    product = neuralml_keys(Sizes(layers=2), 5)
    with pytest.raises(LayoutError, match="this file is neuralml of 2019-03-18"):
        import_checkpoint(product, proof=reference(run_neuralml_product(product, X)))
    for fixed in (False, True):
        negated = miltonllera_torchscript_keys(Sizes(layers=2, fixed=fixed), 5)
        with pytest.raises(LayoutError, match="this file is miltonllera of 2019-10-12"):
            import_checkpoint(negated, proof=reference(run_miltonllera_negated(negated, X)))


def test_named_layout_that_the_proof_contradicts_is_refused() -> None:
    state = torch_keys(Sizes(), 5)
    proof = reference(run_ixaxaar(state, X))
    assert import_checkpoint(state, layout="ixaxaar", proof=proof).settled_by == "proof"
    with pytest.raises(LayoutError, match="layout='subspike', but the proof says 'ixaxaar'"):
        import_checkpoint(state, layout="subspike", proof=proof)


def test_reference_of_another_model_proves_nothing() -> None:
    state = torch_keys(Sizes(), 5)
    stranger = run_ixaxaar(torch_keys(Sizes(), 6), X)
    with pytest.raises(LayoutError, match=r"no candidate is within 0\.0001") as caught:
        import_checkpoint(state, proof=reference(stranger))
    assert str(caught.value).count("largest relative error") == 4


def test_reference_that_two_readings_share_is_not_decisive() -> None:
    """With all weights zero every row order computes the same."""
    state = {name: 0.0 * value for name, value in torch_keys(Sizes(), 5).items()}
    with pytest.raises(LayoutError, match="two candidates agree"):
        import_checkpoint(state, proof=reference(run_ixaxaar(state, X)))


def test_few_labels_are_not_decisive() -> None:
    state = torch_keys(Sizes(classes=4), 6)
    run = run_ixaxaar(state, X[:3])
    with pytest.raises(LayoutError, match="no better than the commonest class"):
        import_checkpoint(state, proof=labelled(run, X[:3]))


def test_labels_that_fit_no_reading_are_not_decisive() -> None:
    x = np.random.default_rng(2).normal(size=(120, 12, 3))
    state = torch_keys(Sizes(classes=4), 6)
    labels = torch.from_numpy(np.random.default_rng(5).integers(0, 4, size=120))
    with pytest.raises(LayoutError, match="does not settle"):
        import_checkpoint(state, proof=Proof(torch.from_numpy(x), labels=labels))


def test_classifier_outputs_prove_as_logits_or_as_probabilities() -> None:
    state = neuralml_keys(Sizes(classes=4), 6)
    logits = run_neuralml(state, X).logits
    assert logits is not None
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for output in (logits, shares):
        proof = Proof(torch.from_numpy(X), torch.from_numpy(output))
        imported = import_checkpoint(state, proof=proof)
        assert imported.layout == "neuralml"
        assert isinstance(imported.model, SubLSTMClassifier)


def test_padded_samples_count_only_their_valid_steps() -> None:
    state = torch_keys(Sizes(layers=2), 5)
    lengths = torch.tensor([12, 1, 7, 12, 3, 5])
    output = np.zeros((6, 12, 5))
    for sample, length in enumerate(lengths.tolist()):
        output[sample, :length] = run_ixaxaar(state, X[sample : sample + 1, :length]).output[0]
    output[1, 1:] = 99.0
    proof = Proof(torch.from_numpy(X), torch.from_numpy(output), lengths=lengths)
    assert import_checkpoint(state, proof=proof).layout == "ixaxaar"


def test_overrides_change_the_named_layout() -> None:
    state = own_state(activation="hard_sigmoid", cell_activation="tanh")
    original = SubLSTM(3, 5, 2, activation="hard_sigmoid", cell_activation="tanh")
    original.load_state_dict(state)
    x = torch.from_numpy(X).float()
    output = original(x.transpose(0, 1))[0].detach().transpose(0, 1)
    words = {"activation": "hard_sigmoid", "cell_activation": "tanh"}
    imported = import_checkpoint(state, layout="subspike", **words, proof=Proof(x, output))
    assert isinstance(imported.model, SubLSTM)
    assert torch.equal(imported.model(x)[0], output)
    with pytest.raises(ConfigError, match="forget='squash'"):
        import_checkpoint(state, layout="subspike", forget="squash")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"weight": torch.ones(2, 2)}, "no known layout has keys like weight"),
        ({"W_0": torch.ones(8, 3)}, "missing: R_0"),
        ({"W_0": torch.ones(8, 3), "R_0": torch.ones(8, 2), "x": torch.ones(1)}, "understood: x"),
        (
            {"W_0": torch.ones(8, 3), "R_0": torch.ones(8, 2), "bi_0": torch.ones(8)},
            "missing: bh_0",
        ),
        ({"W_1": torch.ones(8, 3), "R_1": torch.ones(8, 2)}, "numbers are 1, expected"),
        (
            {"layer_1.input_layer.weight": torch.ones(8, 3), "layer_3.f_gate": torch.ones(2)},
            "numbers are 1, 3, expected to count from 1",
        ),
    ],
)
def test_unexplained_keys_are_named(keys: dict[str, torch.Tensor], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        import_checkpoint(keys)


def test_named_layout_must_explain_the_keys() -> None:
    with pytest.raises(LayoutError, match=r"no key .* 'ixaxaar'; its keys fit neuralml"):
        import_checkpoint(neuralml_keys(Sizes()), layout="ixaxaar")
    with pytest.raises(ConfigError, match="layout='nobody' is not known; choose one of"):
        import_checkpoint(neuralml_keys(Sizes()), layout="nobody")
    with pytest.raises(LayoutError, match=r"does not explain the keys \(not understood: forget_l0"):
        import_checkpoint(own_state(forget="fixed"), layout="ixaxaar")


def test_gru_of_torch_has_the_wrong_number_of_rows() -> None:
    gru = nn.GRU(3, 5).state_dict()
    with pytest.raises(ShapeError, match=r"weight_ih_l0 has shape \(15, 3\); expected \(20, 3\)"):
        import_checkpoint(gru, layout="ixaxaar")


def test_two_recurrent_modules_are_refused() -> None:
    one = neuralml_keys(Sizes())
    both: State = {f"a.{k}": v for k, v in one.items()} | {f"b.{k}": v for k, v in one.items()}
    with pytest.raises(LayoutError, match="2 recurrent modules"):
        import_checkpoint(both)
