"""Check a NIR file beside this one against golden.npz: verify_nir.py snntorch|norse|spikingjelly.

Needs numpy, nir and the simulator that is named, which brings torch.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch

here = Path(__file__).parent
golden = np.load(here / "golden.npz", allow_pickle=False)
about = json.loads(golden["about"].tobytes())
jelly = "spikingjelly.activation_based.nir_exchange"
# simulator: profile, file, its importer, what that is told; snnTorch always steps by 1e-4 s
READS = {
    "norse": ("portable", "network.nir", "norse.torch", "from_nir", {"dt": about["dt"]}),
    "snntorch": ("portable", "network.nir", "snntorch.import_nir", "import_from_nir", {}),
    "spikingjelly": ("split", "network.split.nir", jelly, "import_from_nir", {"dt": about["dt"]}),
}
profile, file, library, importer, words = READS[sys.argv[1]]
graph = nir.read(here / file)
torch.set_default_dtype(torch.float64)  # single precision rounds the decay of the cell otherwise
module = getattr(importlib.import_module(library), importer)(graph, **words).double()


def doubled(part: Any, given: Any) -> Any:
    """Spikes in double precision as well."""
    return tuple(v.double() if isinstance(v, torch.Tensor) else v for v in given)


def keep(part: Any, given: Any, made: Any) -> None:
    """What a node says at this step."""
    part.said = [*getattr(part, "said", []), made[0] if isinstance(made, tuple) else made]


parts = {path.split(".")[-1]: part for path, part in module.named_modules()}
nodes = [parts[name] for name in sorted(graph.nodes) if type(graph.nodes[name]) is nir.CubaLIF]
for part in module.modules():
    if not list(part.children()):
        part.register_forward_pre_hook(doubled)
for part in nodes:
    part.register_forward_hook(keep)
outputs, state = [], None
with torch.no_grad():
    for x in torch.from_numpy(golden["x"]).double().unbind(1):
        made, state = module(x) if state is None else module(x, state)
        outputs.append(made)
side_by_side = torch.cat([torch.stack(part.said, 1) for part in nodes], -1).numpy() > 0
differing = compared = 0
for name in golden.files:
    if name.startswith(f"places.{profile}."):
        # a relay says again what the gate o said
        population = name.removeprefix(f"places.{profile}.").replace(".relay", ".o")
        wanted = golden[f"spikes.{population}"]
        differing += int((side_by_side[..., golden[name]] != wanted).sum())
        compared += wanted.size
logits = torch.stack(outputs, 1).numpy()
equal = not about["logits"] or np.array_equal(logits, golden["output"])
sys.stdout.write(
    f"{differing} of {compared} spikes differ, logits {'equal' if equal else 'DIFFER'}\n"
)
sys.exit(0 if compared and not differing and equal else 1)
