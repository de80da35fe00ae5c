"""What a chip's rounding changes in the demo's network: decisions, and spikes of every group.

    python -m benchmarks.rounding [demo/export/network.safetensors] --target loihi1 --target loihi2

All samples of the task, of the training part too. Spikes are compared with those of the `digital`
target, whose integers are exact but for 16 fractional bits of the cell.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from converter import load_network, to_nir
from converter.nir_graph import PORTABLE_DT
from hardware import TARGETS, deploy, emulate
from subspike import load_task


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument(
        "network", type=Path, nargs="?", default=Path("demo/export/network.safetensors")
    )
    words.add_argument("--target", action="append", required=True, choices=sorted(TARGETS))
    given = words.parse_args()
    task, net = load_task("digits-rows"), load_network(given.network)
    x = torch.cat([task.train_x, task.test_x])
    labels, test = torch.cat([task.train_y, task.test_y]).numpy(), len(task.train_y)
    with torch.no_grad():
        float_says = net(x).argmax(1).numpy()
    graph, inputs = to_nir(net, dt=PORTABLE_DT), net.encode(x).numpy()
    runs = {
        name: emulate(deploy(graph, TARGETS[name], dt=PORTABLE_DT).network, inputs)
        for name in ("digital", *given.target)
    }

    def accuracies(says: np.ndarray) -> str:
        right = says == labels
        return f"{right.mean():.2%} of {len(right)}, {right[test:].mean():.1%} of the test part"

    print(f"float: {accuracies(float_says)}")
    for name in given.target:
        says = runs[name].outputs[:, -1].argmax(1)
        print(f"{name}: {accuracies(says)}, as float {(says == float_says).mean():.2%}")
        for group, exact in runs["digital"].spikes.items():
            other = runs[name].spikes[group] != exact
            print(f"    {group}: {other.sum()} of {other.size} spikes differ, {other.mean():.2%}")


if __name__ == "__main__":
    main()
