"""The public subLSTM checkpoints, as data: which keys, which row order, which cell.

Shapes never tell them apart: a file read in the wrong order loads without a word and scores
chance. Each fact was read in the repository named in `source`, at the commits named there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

WEIGHT_IH = "weight_ih"
WEIGHT_HH = "weight_hh"
BIAS_IH = "bias_ih"
BIAS_HH = "bias_hh"
FORGET = "forget"

FORGET_WORDS = ("gate", "clamp", "sigmoid", "raw")

_TWO_BIASES = ((BIAS_IH, BIAS_HH), ())
_LINEAR_NAMES = ("linear", "decoder", "readout")


@dataclass(frozen=True)
class Refusal:
    """Keys of a layout that name something a subLSTM here cannot be."""

    pattern: str
    reason: str


@dataclass(frozen=True)
class Layout:
    """What the numbers of one repository's checkpoint mean.

    name                what `import_checkpoint(..., layout=)` calls it
    source              repository, and which of its commits write these keys
    keys                role -> templates; {k} layer number, {d} "" or "_reverse", {g} gate name
    gates               row order with a computed forget, of the letters i, f, z, o
    fixed_gates         row order with a constant forget; "" where the repository has none
    activation          of the gates
    cell_activation     of the cell, in h = act(c) - o
    forget              how the constant is stored: "clamp" (clipped to [0, 1]), "sigmoid" (a
                        logit), "raw" (the constant itself), "gate" (there is none)
    biases              the sets of biases that a layer may have
    first_layer         number of the first layer in the keys
    numbered            False where keys carry no layer number, so one layer is all there is
    transposed          weights multiply from the right, x @ W
    gate_names          letter -> {g}, where every gate has its own arrays
    readouts            (weight key, bias key) of the linear readout, by order of preference
    readout_activation  what the repository applies to the logits before its loss
    wrapper_output      "softmax" or "log_softmax" where its classifier ends in one
    bidirectional       whether `_reverse` keys are a true backward direction
    unused_reverse      where they are not, and a single layer ignores them: what goes wrong with
                        more layers
    refused             keys that mean something a subLSTM here is not
    notes               what the owner of any such file has to know
    """

    name: str
    source: str
    keys: Mapping[str, tuple[str, ...]]
    gates: str
    fixed_gates: str = ""
    activation: str = "sigmoid"
    cell_activation: str = "sigmoid"
    forget: str = "gate"
    biases: tuple[tuple[str, ...], ...] = _TWO_BIASES
    first_layer: int = 0
    numbered: bool = True
    transposed: bool = False
    gate_names: Mapping[str, str] = field(default_factory=dict)
    readouts: tuple[tuple[str, str], ...] = tuple(
        (f"{name}.weight", f"{name}.bias") for name in _LINEAR_NAMES
    )
    readout_activation: str = "identity"
    wrapper_output: str = ""
    bidirectional: bool = False
    unused_reverse: str = ""
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()

    def row_order(self, *, fixed: bool) -> str:
        """The letters of the row blocks, "" where the layout has no such variant."""
        return self.fixed_gates if fixed else self.gates


_TORCH_KEYS = {
    WEIGHT_IH: ("weight_ih_l{k}{d}",),
    WEIGHT_HH: ("weight_hh_l{k}{d}",),
    BIAS_IH: ("bias_ih_l{k}{d}",),
    BIAS_HH: ("bias_hh_l{k}{d}",),
}
_OWN_KEYS = {**_TORCH_KEYS, FORGET: ("forget_l{k}{d}",)}

SUBSPIKE = Layout(
    name="subspike",
    source="a bare state_dict of this project's SubLSTM; save_checkpoint needs no guess",
    keys=_OWN_KEYS,
    gates="ziof",
    fixed_gates="zio",
    forget="sigmoid",
    bidirectional=True,
)

SUBSPIKE_HARD = Layout(
    name="subspike-hard",
    source='as "subspike", built with activation="hard_sigmoid"',
    keys=_OWN_KEYS,
    gates="ziof",
    fixed_gates="zio",
    activation="hard_sigmoid",
    cell_activation="hard_sigmoid",
    forget="sigmoid",
    bidirectional=True,
)

IXAXAAR = Layout(
    name="ixaxaar",
    source="ixaxaar/pytorch-sublstm = PyPI pytorch-sublstm 0.0.2 (2017-11)",
    keys=_TORCH_KEYS,
    gates="ifzo",
    refused=(
        Refusal(
            r"(weight|bias)_[ih]h_l\d+_reverse$",
            "its bidirectional=True pairs step t of one direction with step T-1-t of the other "
            "and fails on current torch; such a file is no bidirectional subLSTM",
        ),
    ),
    notes=(
        "this repository accepts dropout and ignores it: the model was trained without",
        (
            "its commit 0ec63df (2017-11-16) computed an LSTM under the same keys; only a proof "
            "on data can exclude that"
        ),
    ),
)

NEURALML = Layout(
    name="neuralml",
    source="neuralml/pytorch-subLSTM (2018-11 to 2019-04); biases were b_i_, b_r_ until 2018-12",
    keys={
        WEIGHT_IH: ("W_{k}{d}",),
        WEIGHT_HH: ("R_{k}{d}",),
        BIAS_IH: ("bi_{k}{d}", "b_i_{k}{d}"),
        BIAS_HH: ("bh_{k}{d}", "b_r_{k}{d}"),
        FORGET: ("f_{k}{d}",),
    },
    gates="iozf",
    fixed_gates="ioz",
    forget="clamp",
    wrapper_output="softmax",
    unused_reverse="with bidirectional=True its loop takes the reverse weights of layer 0 for "
    "layer 1, so the file does not say what was trained",
)

MILTONLLERA_BASIC = Layout(
    name="miltonllera-basic",
    source="miltonllera/pytorch-subLSTM `basic` (2019-11), and neuralml branch convert-to-modular",
    keys={
        WEIGHT_IH: ("layer_{k}.input_layer.weight",),
        WEIGHT_HH: ("layer_{k}.recurrent_layer.weight",),
        BIAS_IH: ("layer_{k}.input_layer.bias",),
        BIAS_HH: ("layer_{k}.recurrent_layer.bias",),
        FORGET: ("layer_{k}.f_gate",),
    },
    gates="iozf",
    fixed_gates="ioz",
    forget="clamp",
    first_layer=1,
    wrapper_output="log_softmax",
)

MILTONLLERA_TORCHSCRIPT = Layout(
    name="miltonllera-torchscript",
    source="miltonllera/pytorch-subLSTM `torchscript` (benchmarks --script, 2019-10 to 2019-11)",
    keys={
        # 2019-10-14 to 2019-11-15 the input weights stood one level up, without their bias
        WEIGHT_IH: ("layers.{k}.cell.weight_ih", "layers.{k}.weight_ih"),
        WEIGHT_HH: ("layers.{k}.cell.weight_hh",),
        BIAS_IH: ("layers.{k}.cell.bias_ih",),
        BIAS_HH: ("layers.{k}.cell.bias_hh",),
        FORGET: ("layers.{k}.cell.forgetgate",),
    },
    gates="ifzo",
    fixed_gates="izo",
    cell_activation="tanh",
    forget="sigmoid",
    biases=((BIAS_IH, BIAS_HH), (BIAS_HH,)),
    wrapper_output="log_softmax",
    refused=(
        Refusal(
            r"\.cell\.layernorm_[ihc]\.",
            "layer_norm=True normalises inside the cell, which no subLSTM here does (its own "
            "forward fails as well)",
        ),
        Refusal(
            r"(^|\.)layers\.\d+\.directions\.",
            "its bidirectional=True never ran: the function that reverses time is not defined",
        ),
    ),
    notes=("this layout's output is tanh(c) - o, kept as cell_activation='tanh'",),
)

CIMACMILLAN = Layout(
    name="cimacmillan",
    source="cimacmillan/pytorch-subLSTM ext/ (C++ and its Python module, commit 428e259)",
    keys={WEIGHT_IH: ("W",), WEIGHT_HH: ("R",), BIAS_IH: ("bias",)},
    gates="ifzo",
    biases=((BIAS_IH,),),
    numbered=False,
)

MICHAEL1788 = Layout(
    name="michael1788",
    source="michael1788/subLSTM models/subLSTM.py (TensorFlow 1, 2018-01), saved by np.savez",
    keys={WEIGHT_IH: ("W{g}",), WEIGHT_HH: ("U{g}",), BIAS_IH: ("b{g}",)},
    gates="ifzo",
    biases=((BIAS_IH,),),
    numbered=False,
    transposed=True,
    gate_names={"i": "i", "f": "f", "z": "c", "o": "og"},
    readouts=(("Wo", "bo"),),
    readout_activation="relu",
    refused=(
        Refusal(
            r"(^|\.)[WUb](i|f|og|c)_l[12]$",
            "subLSTMTwoLayers.py multiplies i and z in its second layer and reads out its cell "
            "state: it is no subLSTM",
        ),
    ),
)

LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        SUBSPIKE,
        SUBSPIKE_HARD,
        IXAXAAR,
        NEURALML,
        MILTONLLERA_BASIC,
        MILTONLLERA_TORCHSCRIPT,
        CIMACMILLAN,
        MICHAEL1788,
    )
}
