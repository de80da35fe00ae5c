"""One network, the same spikes everywhere: the demo's and 100 random ones through every consumer.

    python -m benchmarks.conformance demo/export --out docs/conformance.json

Consumers that are not installed are not run, and say so; `scripts/consumers all` builds them.
Exit code 1 where a consumer did not do as predicted, or fewer than six agreed with every spike.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from converter import convert, load_network, quantize
from converter.conform import about, cases_of, conform, network_case, random_inputs, text
from converter.conform.running import EQUAL
from converter.consumers import CONSUMERS, ENGINES
from converter.nir_graph import PORTABLE_DT
from spiking import Population, SpikingNetwork, SubLSTM, SubLSTMClassifier
from subspike import load_task

FEWEST = 6
DEEP = 784


def random_network(seed: int) -> SpikingNetwork:
    """1 to 3 layers, K of 2 to 16, either activation, another forget for every unit."""
    torch.manual_seed(seed)
    inputs, hidden, layers, classes = 1 + seed % 4, 3 + seed % 5, 1 + seed % 3, 2 + seed % 6
    activation = ("sigmoid", "hard_sigmoid")[seed % 2]
    words = {"forget": "fixed", "activation": activation, "t_max": 9, "batch_first": True}
    rnn = SubLSTM(inputs, hidden, layers, **words)
    with torch.no_grad():
        for name, value in rnn.named_parameters():
            if not name.startswith("forget"):
                value.normal_()
    rate = SubLSTMClassifier(rnn, nn.Linear(hidden, classes)).eval()
    # three bits fewer than fit leave the stepwise profile room to raise its inputs
    net = convert(rate, code=Population((4, 8, 6, 16, 2)[seed % 5])).network
    finest = quantize(net).grid.weight_bits
    return quantize(net, weight_bits=max(1, finest - 3))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("exported", type=Path, help="export folder of the demo")
    words.add_argument("--nets", type=int, default=100)
    words.add_argument("--steps", type=int, default=50)
    words.add_argument("--deep", type=int, default=DEEP, help="steps of one more network")
    words.add_argument("--only", action="append", choices=sorted({**CONSUMERS, **ENGINES}))
    words.add_argument("--seconds", type=float, default=600.0, help="for each case of a consumer")
    words.add_argument("--out", type=Path, help="JSON to write")
    given = words.parse_args()
    everyone = {**CONSUMERS, **ENGINES}
    consumers = [everyone[name] for name in given.only or everyone]
    with tempfile.TemporaryDirectory(prefix="subspike-") as place:
        folder = Path(place)
        cases = list(cases_of(given.exported, consumers, folder, dt=PORTABLE_DT))
        trained = load_network(given.exported / "network.safetensors")
        todo = [("test samples", trained, load_task("digits-rows").test_x[:40])]
        for seed in range(given.nets):
            net = random_network(seed)
            todo.append((f"net {seed}", net, random_inputs(net, seed=seed, steps=given.steps)))
        deep = random_network(given.nets)
        x = random_inputs(deep, seed=given.nets, batch=2, steps=given.deep)
        todo.append((f"{given.deep} steps", deep, x))
        for name, net, x in tqdm(todo, "write", unit="net"):
            words = {"name": name.replace(" ", "-"), "dt": PORTABLE_DT}
            cases.append(network_case(net, x, consumers, folder, **words))
        found = conform(cases, consumers, dt=PORTABLE_DT, seconds=given.seconds)
    data = about(found)
    print(text(data))
    verdicts = {}
    for each in found.results:
        verdicts.setdefault(each.consumer.name, set()).add(each.verdict)
    equal = sorted(name for name, each in verdicts.items() if each == {EQUAL})
    print(f"\n{len(equal)} equal in every spike of {len(cases)} cases: {', '.join(equal)}")
    if given.out:
        kept = {"nets": given.nets, "steps": given.steps, "deep": given.deep, "cases": len(cases)}
        summary = {key: data[key] for key in ("conforms", "consumers", "pairs")}
        given.out.write_text(json.dumps(kept | summary, indent=1, sort_keys=True) + "\n")
    sys.exit(0 if found.conforms and len(equal) >= FEWEST else 1)


if __name__ == "__main__":
    main()
