"""Checkpoints of others: read safely, their layout settled, made into our rate model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from spiking import SubLSTM, SubLSTMClassifier
from spiking.errors import LayoutError

from .archive import named_tensors, read_safetensors, read_tensors
from .checkpoint import is_own, load_checkpoint
from .defects import named_defects
from .detect import Overrides, model_candidate, settle
from .proof import Proof, Score, decide, scored
from .translate import to_model

OWN_LAYOUT = "subspike"


@dataclass(frozen=True)
class Imported:
    """A public checkpoint as our rate model.

    model       `SubLSTMClassifier` where the file has a readout, else `SubLSTM`; both take
                (batch, time, input) and are in eval mode
    layout      name of the layout it was read in
    settled_by  "header" (our own file), "keys", "argument" or "proof"
    scores      one line for each candidate of the proof, best first
    notes       known defects of such files and of this one, in sentences
    """

    model: SubLSTM | SubLSTMClassifier
    layout: str
    settled_by: str
    scores: tuple[str, ...]
    notes: tuple[str, ...]


def import_checkpoint(
    source: str | Path | Mapping[str, Tensor],
    *,
    layout: str | None = None,
    proof: Proof | None = None,
    activation: str | None = None,
    cell_activation: str | None = None,
    forget: str | None = None,
    device: torch.device | str = "cpu",
) -> Imported:
    """Read a subLSTM that another program, or `torch.save`, has written.

    source           a .pt, .pth, .safetensors or .npz file, or a state_dict
    layout           a name in `LAYOUTS`; needed where several have the file's keys, unless:
    proof            data that single out one of them (see `Proof`); a named layout that the
                     proof contradicts is refused
    activation, cell_activation, forget
                     words of `Layout` that override the table, for a changed copy of a repository

    Raises CheckpointError for a file that is damaged, holds code or has unknown keys, LayoutError
    listing the candidates (with scores) where the layout is not settled, ShapeError and
    NotFiniteError naming the tensor.
    """
    if isinstance(source, str | Path) and Path(source).suffix.lower() == ".safetensors":
        tensors, header = read_safetensors(Path(source))
        if is_own(header):
            return _own(Path(source), layout=layout, proof=proof, device=device)
        state = named_tensors(tensors, where=str(source))
    elif isinstance(source, str | Path):
        state = read_tensors(Path(source))
    else:
        state = named_tensors(source, where="state_dict")
    settled = settle(
        state,
        layout=layout,
        proof=proof,
        overrides=Overrides(activation, cell_activation, forget),
    )
    return Imported(
        to_model(settled.weights).to(device),
        settled.weights.fit.layout.name,
        settled.by,
        tuple(str(score) for score in settled.scores),
        named_defects(settled.weights, proved=proof is not None),
    )


def _own(
    path: Path, *, layout: str | None, proof: Proof | None, device: torch.device | str
) -> Imported:
    if layout not in (None, OWN_LAYOUT):
        raise LayoutError(f"{path}: its header says {OWN_LAYOUT!r}, not layout={layout!r}")
    model = load_checkpoint(path, device=device)
    scores: tuple[Score, ...] = ()
    if proof is not None:
        candidate = model_candidate(model, name=OWN_LAYOUT, wrapper="")
        scores = scored([candidate], proof)
        decide(scores, proof)
    return Imported(model, OWN_LAYOUT, "header", tuple(map(str, scores)), ())
