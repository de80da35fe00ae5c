"""Read somebody else's checkpoint: its layout is refused until it is named or proved on data."""

import torch

import subspike as sp
from spiking.errors import LayoutError

# a file as ixaxaar/pytorch-sublstm writes it: torch's own keys, rows in the order i, f, z, o
task = sp.load_task("digits-rows")
trained = sp.train(
    task, settings=sp.TrainSettings(hidden=24, forget="gated", epochs=15), progress=False
)
theirs = {}
for name, value in trained.rnn.state_dict().items():
    z, i, o, f = value.chunk(4)
    theirs[f"rnn.{name}"] = torch.cat([i, f, z, o])
theirs |= {f"decoder.{name}": value for name, value in trained.readout.state_dict().items()}
torch.save(theirs, "theirs.pt")

try:
    sp.import_checkpoint("theirs.pt")
except LayoutError as error:
    print(f"refused: {error}\n")

proof = sp.Proof(task.train_x[:256], labels=task.train_y[:256])
found = sp.import_checkpoint("theirs.pt", proof=proof)
print(f"read as {found.layout}, settled by {found.settled_by}")
print("\n".join(found.scores))
with torch.no_grad():
    right = (found.model(task.test_x).argmax(1) == task.test_y).double().mean()
print(f"{float(right):.1%} of the test samples")
