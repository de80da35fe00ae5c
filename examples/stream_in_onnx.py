"""Run an exported network step by step where there is no torch: ONNX Runtime and numpy alone."""

from pathlib import Path

import numpy as np
import onnxruntime

import subspike as sp

task = sp.load_task("digits-rows")
rate = sp.train(task, settings=sp.TrainSettings(hidden=24, epochs=20), progress=False)
net = sp.quantize(sp.convert(rate).network, input_bits=task.input_bits)
bundle = sp.export(net, Path("export"), task.test_x[:32])
for name, drift in bundle.drifts.items():
    print(f"{name}: {drift.differing} of {drift.total} spikes differ")

session = onnxruntime.InferenceSession(str(bundle.files["onnx streaming"]))
state = {
    port.name: np.zeros((1, port.shape[1]), np.float64 if "double" in port.type else np.float32)
    for port in session.get_inputs()[1:]
}
names = [port.name for port in session.get_outputs()]
for step, x in enumerate(task.test_x[0].numpy()):
    found = dict(zip(names, session.run(None, {"x": x[None], **state}), strict=True))
    state = {name: found[f"{name}.next"] for name in state}
    spikes = sum(int(value.sum()) for value in found.values() if value.dtype == np.uint8)
    print(f"step {step}: {spikes} spikes, decision {int(found['logits'].argmax())}")
print(f"label {int(task.test_y[0])}")
