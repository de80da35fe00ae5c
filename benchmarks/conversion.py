"""Every code on a trained model, untuned and tuned: accuracy, spikes, operations, energy.

    python -m benchmarks.conversion CHECKPOINT=TASK ... --data FOLDER --out FILE.md

Every row that is done stands in a file of its own under --work, and a run that was stopped goes on
with the rest; a tuned network is kept there too.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from converter import (
    FitSettings,
    calibrate,
    convert,
    correct_bias,
    distil,
    import_checkpoint,
    load_network,
    quantize,
    save_network,
    to_multispike,
    tune,
    tune_multispike,
)
from converter.digest import digest
from spiking import (
    Adaptive,
    CodedNetwork,
    Compound,
    Mixed,
    Native,
    Population,
    Rate,
    Shunt,
    SpikingNetwork,
    twin_trace,
)
from subspike.cost import MAC_PJ, Cost, cost, rate_cost
from subspike.statistics import paired, verdict, wilson
from subspike.tasks import load_task

MARGIN = 0.003
HEAD = """# Every code, measured

Written by `make bench-conversion`; do not edit. Untuned rows saw no data. *Operations* are
synaptic: a spike at every weight that is not 0, and every input that is not 0 likewise; *of dense*
is their share of the rate model's multiplications. *Energy* is the same in pJ of Horowitz 2014
(45 nm, float32: 0.9 for an addition, 4.6 for a multiplication with it, which graded deltas and
analog inputs need) over the rate model's: below 1 the spiking network wins, and 1 over it is how
often as many spikes would break even.
*Ticks* are micro-steps of the network's clock for one step of the input. *Differ*: values of h that
the spikes, one by one, say otherwise than the quantised twin, of the first test samples.

The models are in `benchmarks/models/`, made by (seed 0; the headers hold the settings; an hour each
on one core of a 2-core machine for the first two):

    subspike train --task mnist-pixels --data FOLDER --hidden 100 --forget fixed \\
        --epochs 24 --batch-size 64 --learning-rate 5e-3 --label-smoothing 0 \\
        --out mnist-fixed.safetensors
    subspike train --task mnist-pixels --data FOLDER --hidden 100 --forget gated \\
        --epochs 22 --batch-size 64 --learning-rate 5e-3 --label-smoothing 0 \\
        --out mnist-gated.safetensors
    subspike train --task digits-rows --activation adaptive --hidden 40 --epochs 20 \\
        --out digits-adaptive.safetensors

Rows are tuned on 4096 training samples, three epochs; those whose twin steps in torch (rate codes,
and populations with a computed forget) on 1024, two epochs. A tuned network that is no better on
held-out samples is the untuned one again. Biases are corrected, and the reach of coincidences
found, on the first 500 training samples; a forget is distilled on 4096.

"""
# codes of every model; a computed forget is formed by Native unless the row says otherwise
CODES = {
    "population, K=4": Population(4),
    "population, K=8": Population(8),
    "population, K=16": Population(16),
    "population, K=8, one-sided": Population(8, two_sided=False),
    "mixed, population, K=4 for z and i, 16 for o and c": Mixed(Population(4), Population(16)),
    "mixed, rate T=4 for u, graded deltas of 8 levels for h": Mixed(Rate(4), Compound(8)),
    "rate, pairs, T=4, no carry": Rate(4, opponent=False, carry=False),
    "rate, pairs, T=4": Rate(4, opponent=False),
    "rate, pairs, T=8, hard reset": Rate(8, opponent=False, reset="hard"),
    "rate, opponent, T=2": Rate(2),
    "rate, opponent, T=4": Rate(4),
    "rate, opponent, T=8": Rate(8),
    "compound, graded deltas, 4 levels": Compound(4),
    "compound, graded deltas, 8 levels": Compound(8),
    "compound, graded deltas, 16 levels": Compound(16),
    "compound, graded deltas, 32 levels": Compound(32),
    "compound, signed digits, 16 levels": Compound(16, message="bits"),
    "adaptive, 25 ms": Adaptive(25),
    "adaptive, 50 ms": Adaptive(50),
    "adaptive, 100 ms": Adaptive(100),
    "adaptive, 200 ms": Adaptive(200),
}
# (code, forget in words); the coincidence's reach comes from the data
GATED = {
    "distilled": "population, K=16",
    "shunt, m=4": "population, K=16",
    "shunt, m=6": "population, K=16",
    "coincidence, coarse": "population, K=16",
    "coincidence": "population, K=16",
    "coincidence, fine": "population, K=16",
}
# rows whose biases are corrected on 500 training samples, and not a weight besides
CORRECTED = {
    "population, K=8, biases corrected": "population, K=8",
    "rate, opponent, T=4, biases corrected": "rate, opponent, T=4",
}
# how finely coincidences see leak and cell; the default is 24 leaks, 2 an octave, and 64 levels
GRIDS = {
    "coincidence, coarse": {"leaks": 12, "per_octave": 1, "levels": 32},
    "coincidence": {},
    "coincidence, fine": {"leaks": 48, "per_octave": 4, "levels": 256},
}
# how rows are tuned: (code, loss for a spike)
TUNED = {
    "population, K=4, tuned": ("population, K=4", 0.0),
    "population, K=8, tuned": ("population, K=8", 0.0),
    "population, K=16, tuned": ("population, K=16", 0.0),
    "rate, pairs, T=4, tuned": ("rate, pairs, T=4", 0.0),
    "rate, opponent, T=2, tuned": ("rate, opponent, T=2", 0.0),
    "rate, opponent, T=4, tuned": ("rate, opponent, T=4", 0.0),
    "compound, graded deltas, 8 levels, tuned": ("compound, graded deltas, 8 levels", 0.0),
    "compound, graded deltas, 8 levels, tuned to fewer spikes": (
        "compound, graded deltas, 8 levels",
        0.3,
    ),
    "compound, graded deltas, 8 levels, tuned to fewest spikes": (
        "compound, graded deltas, 8 levels",
        2.0,
    ),
    "compound, signed digits, 16 levels, tuned": ("compound, signed digits, 16 levels", 0.0),
}
# in the chip's own integers, by a network of its own (spiking.MultiSpikeNetwork)
MULTISPIKE = ("multi-spike, Xylo's integers", "multi-spike, Xylo's integers, tuned")
# samples whose every spike is spelled out and compared with the twin
SPELLED = 20
BATCH = 200


def main() -> None:
    """Measure what is not measured yet, then write the tables."""
    given = arguments()
    given.work.mkdir(parents=True, exist_ok=True)
    parts = []
    for word in given.models:
        path, _, name = word.rpartition("=")
        path, task = Path(path), load_task(name, data=given.data)
        rate = import_checkpoint(path).model.eval()
        prefix = given.work / digest(rate)[:12]
        x, y = task.test_x[: given.samples], task.test_y[: given.samples]
        base = stored(Path(f"{prefix}-rate.json"), lambda r=rate: (rate_cost(r, x, y), None))[0]
        wanted = [n for n in rows(rate) if given.only is None or given.only in n]
        found = {}
        for name in tqdm(wanted, f"{path.stem}", unit="row", disable=None):
            place = Path(f"{prefix}-{slug(name)}.json")
            if place.exists() or not given.table_only:
                found[name] = stored(
                    place, lambda n=name, r=rate, p=place: measured(n, r, task, given, p)
                )
        parts.append(table(path, rate, task, base, found))
    text = HEAD + "\n".join(parts)
    if given.out is None:
        sys.stdout.write(text)
    else:
        given.out.write_text(text)


def rows(rate) -> list[str]:
    """Names of all rows of a model."""
    if rate.rnn.activation == "adaptive":
        return [name for name, code in CODES.items() if isinstance(code, Adaptive)]
    plain = [name for name in (*CODES, *CORRECTED, *TUNED) if not name.startswith("adaptive")]
    if rate.rnn.forget == "fixed":
        return [*plain, *MULTISPIKE]
    tuned = [name for name in plain if name in TUNED]
    formed = [f"{code}, {way}" for way, code in GATED.items()]
    return [*(name for name in plain if name not in TUNED), *formed, *tuned]


def measured(name, rate, task, given, path) -> tuple[Cost, list[int]]:
    """One row: convert, perhaps tune, put on the grid, run.

    Beside its cost: how many values of h differ between twin and spikes, of how many.
    """
    x, y = task.test_x[: given.samples], task.test_y[: given.samples]
    if name in MULTISPIKE:
        return multispike(name, rate, task, given)
    net = network(name, rate, task, given, path.with_suffix(".safetensors"))
    net = quantize(net, input_bits=task.input_bits, input_max=task.input_max)
    found = cost(net, x, y, progress=True, label=name)
    few = x[: 1 if "fine" in name else SPELLED]  # a million coincidence neurons take their time
    with torch.no_grad():
        spelled = net.run(few).output
        closed = (
            net.run(few, spell=False).output
            if isinstance(net, CodedNetwork)
            else twin_trace(net, few, gates=False)["l0.h"]
        )
    return found, [int((spelled != closed).sum()), spelled.numel()]


def network(name, rate, task, given, kept):
    """The network of a row, before the grid."""
    for way, code in GATED.items():
        if name == f"{code}, distilled":
            data = task.train_x[: given.tuning]
            settings = FitSettings(epochs=12, batch_size=32, learning_rate=2e-3)
            return convert(distil(rate, data, settings=settings).model, code=CODES[code]).network
        if name == f"{code}, {way}":
            return convert(rate, code=CODES[code], forget=product(way, rate, task)).network
    code, penalty = TUNED.get(name, (CORRECTED.get(name, name), 0.0))
    forget = Native() if rate.rnn.forget == "gated" else None
    net = convert(rate, code=CODES[code], forget=forget).network
    if name in CORRECTED:
        return correct_bias(net, teacher=rate, data=task.train_x[:500])
    if name not in TUNED:
        return net
    if kept.exists():
        return load_network(kept)
    # codes without a compiled twin step in torch, a hundred times slower
    fast = isinstance(net, SpikingNetwork) or isinstance(net.code, Compound)
    tuned = tune(
        net,
        teacher=rate,
        data=task.train_x[: given.tuning if fast else given.tuning // 4],
        settings=FitSettings(
            epochs=given.epochs if fast else 2, batch_size=32, learning_rate=given.learning_rate
        ),
        spike_penalty=penalty,
        checkpoint=kept.with_suffix(".progress"),
    )
    save_network(tuned, kept)
    return tuned


def multispike(name, rate, task, given) -> tuple[Cost, list[int]]:
    """The multi-spike network; its trace in the core against the definition in torch."""
    net = to_multispike(rate).network
    if name.endswith("tuned"):
        settings = FitSettings(epochs=2, batch_size=32, learning_rate=1e-2)
        data = task.train_x[: given.tuning // 4]
        net = tune_multispike(net, teacher=rate, data=data, settings=settings)
    x, y = task.test_x[: given.samples], task.test_y[: given.samples]
    with torch.no_grad():
        hidden, whole = net.hidden_size, net.integers()
    fan_out = (whole.weight_hh != 0).sum(0) + (whole.weight_out != 0).sum(0)
    fan_in = (whole.weight_ih != 0).sum(0)
    correct, spikes, synops = [], 0.0, 0.0
    for a, b in zip(x.split(BATCH), y.split(BATCH), strict=True):
        with torch.no_grad():
            trace = net.trace(a)
        fired = trace["n2_hidden"].double().sum((0, 1)).view(4, hidden)  # of z, i, o, s
        correct.append((trace["n5_readout"][:, -1].argmax(1) == b).numpy())
        spikes += float(fired.sum())
        synops += float(fired[:2].sum() + (fired[2:] * fan_out).sum())
        synops += float((net.encode(a).double().sum((0, 1)) * fan_in).sum())
    slow = net.trace(x[:SPELLED])["n2_hidden"].detach()
    with torch.no_grad():
        fast = net.trace(x[:SPELLED])["n2_hidden"]
    ticks, count = net.code.hold, len(x)
    found = Cost(np.concatenate(correct), spikes / count, synops / count, 0.0, ticks, 4 * hidden)
    return found, [int((slow != fast).sum()), slow.numel()]


def product(way, rate, task):
    """How the forget is formed."""
    if way.startswith("shunt"):
        return Shunt(int(way.rpartition("=")[2]))
    ranges = calibrate(rate, task.train_x[:500], indices=range(500))
    return ranges.coincidence(**GRIDS[way])


def stored(path: Path, make) -> tuple[Cost, list[int] | None]:
    """What was measured before, or now."""
    if not path.exists():
        made, equal = make()
        about = {**made.__dict__, "correct": [int(each) for each in made.correct]}
        path.write_text(json.dumps({"cost": about, "equal": equal}))
    kept = json.loads(path.read_text())
    about = kept["cost"]
    return Cost(**{**about, "correct": np.array(about["correct"], dtype=bool)}), kept["equal"]


def slug(name: str) -> str:
    """A file name."""
    return "".join(c if c.isalnum() else "-" for c in name)


def table(path: Path, rate, task, base: Cost, found) -> str:
    """Markdown of one model."""
    macs = base.input_ops
    lines = [
        f"## {path.stem}: {rate.rnn.forget} forget, {rate.rnn.hidden_size} units",
        "",
        (
            f"{task.name}, {len(base.correct)} test samples. Rate model {percent(base)} %, "
            f"{macs / 1e6:.2f} M multiplications an inference."
        ),
        "",
        (
            "| code | accuracy, % [95 %] | to rate, points [95 %] | margin 0.3 | spikes "
            "| per unit, step | operations | of dense | energy | ticks | neurons | differ |"
        ),
        "|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    units = rate.rnn.hidden_size * rate.rnn.num_layers * task.steps
    for name, (each, equal) in found.items():
        delta = paired(base.correct, each.correct).delta
        shift = f"{100 * delta.value:+.2f} [{100 * delta.low:+.2f}, {100 * delta.high:+.2f}]"
        lines.append(
            f"| {name} | {percent(each)} | {shift} | {verdict(delta, MARGIN)} "
            f"| {each.spikes / 1e3:.1f} k | {each.spikes / units:.2f} "
            f"| {each.operations / 1e6:.2f} M | {each.operations / macs:.2f} "
            f"| {each.energy / (MAC_PJ * macs):.2f} | {each.micro_steps} | {each.neurons} "
            f"| {equal[0]}/{equal[1] / 1e6:.2f} M |"
        )
    return "\n".join(lines) + "\n"


def percent(each: Cost) -> str:
    """Accuracy with Wilson's interval."""
    a = wilson(int(each.correct.sum()), len(each.correct))
    return f"{100 * a.value:.2f} [{100 * a.low:.2f}, {100 * a.high:.2f}]"


def arguments() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", metavar="CHECKPOINT=TASK")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path, default=Path("build/conversion"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--tuning", type=int, default=4096)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--only", help="rows whose name holds this")
    parser.add_argument("--table-only", action="store_true", help="measure nothing anew")
    return parser.parse_args()


if __name__ == "__main__":
    main()
