"""From a rate model to Xylo: convert, tune, check, place, and run it in the chip's integers."""

import torch

import subspike as sp

task = sp.load_task("digits-rows")
rate = sp.train(task, settings=sp.TrainSettings(hidden=24, epochs=20), progress=False)
net = sp.to_multispike(rate).network
net = sp.tune_multispike(net, teacher=rate, data=task.train_x, progress=False)

graph = sp.multispike_to_nir(net, dt=1e-3)
for name in ("xylo-audio2", "xylo-audio3", "xylo-imu"):
    faults = sp.check(graph, sp.TARGETS[name], dt=1e-3)
    print(f"{name}: {'fits' if not faults else f'{len(faults)} rules are broken'}")
    for fault in faults:
        print(f"  {fault}")

deployed = sp.deploy(graph, sp.TARGETS["xylo-audio3"], dt=1e-3)
inputs = net.encode(task.test_x).numpy()
run = sp.emulate(deployed.network, inputs)  # sp.simulate(deployed, inputs): XyloSim, the same bits
decided = torch.from_numpy(run.outputs[:, -1]).argmax(1)
print(f"{float((decided == task.test_y).double().mean()):.1%} on Xylo, ", end="")
with torch.no_grad():
    print(f"{float((rate(task.test_x).argmax(1) == task.test_y).double().mean()):.1%} as rates")
print(f"{run.synops.mean():.3g} synaptic operations per digit, {run.trace.overflows} saturations")
