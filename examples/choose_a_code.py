"""A gated rate model into the cheapest code that loses nothing, and why another one loses."""

import tempfile
from pathlib import Path

import subspike as sp

task = sp.load_task("digits-rows")
settings = sp.TrainSettings(hidden=24, forget="gated", epochs=20)
rate = sp.train(task, settings=settings, progress=False)

# from one noisy run: how many levels the output needs
foretold = sp.predict_levels(rate, task.train_x[-500:], task.train_y[-500:], margin=0.01)
print(f"{foretold.needed} levels are enough, the noise of h grows by {foretold.gain:.1f}")

# by trying, on training data; the study is a file and goes on where it was stopped
with tempfile.TemporaryDirectory() as folder:
    found = sp.search(
        sp.Question(rate, task, metric="operations"),
        storage=Path(folder) / "study.db",
        margin=0.01,
        trials=15,
        progress=False,
    )
if found.best is None:
    raise SystemExit("nothing keeps the margin; take more trials")
print(f"cheapest: {found.best.code}, forget {found.best.forget}, {found.best.cost:.3g} operations")

# every stage beside the rate model, on the test part
net = sp.convert(rate, code=found.best.code, forget=found.best.forget).network
net = sp.quantize(net, input_bits=task.input_bits)
flow = sp.compared_coded(rate, net, task, progress=False)
print(sp.written(flow, Path(tempfile.mkdtemp())).text)

# a code that is too coarse, and what would put it right
coarse = sp.convert(rate, code=sp.Rate(steps=1), forget=sp.Shunt(shift=2)).network
coarse = sp.quantize(coarse, input_bits=task.input_bits)
for cause in sp.diagnose(rate, coarse, task.train_x[-300:], task.train_y[-300:]).causes:
    print(f"{cause.name}: {cause.evidence}; putting it right wins {100 * cause.gain:.1f} points")
