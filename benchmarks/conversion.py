"""Every code on a trained model, untuned and tuned: accuracy, spikes, operations, energy.

    python -m benchmarks.conversion rate.safetensors --task mnist-pixels --data FOLDER --out F.md

Every row that is done stands in a file of its own under --work, and a run that was stopped goes on
with the rest; a tuned network is kept there too.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from converter import (
    FitSettings,
    calibrate,
    convert,
    import_checkpoint,
    load_network,
    quantize,
    save_network,
    tune,
)
from converter.digest import digest
from spiking import Compound, Native, Population, Rate, Shunt
from subspike.cost import MAC_PJ, Cost, cost, rate_cost
from subspike.statistics import paired, verdict, wilson
from subspike.tasks import load_task

MARGIN = 0.003
# codes of every model; a computed forget is formed by Native unless the row says otherwise
CODES = {
    "population, K=4": Population(4),
    "population, K=8": Population(8),
    "population, K=16": Population(16),
    "population, K=8, one-sided": Population(8, two_sided=False),
    "rate, pairs, T=4, no carry": Rate(4, opponent=False, carry=False),
    "rate, pairs, T=4": Rate(4, opponent=False),
    "rate, pairs, T=8, hard reset": Rate(8, opponent=False, reset="hard"),
    "rate, opponent, T=2": Rate(2),
    "rate, opponent, T=4": Rate(4),
    "rate, opponent, T=8": Rate(8),
    "compound, graded deltas, 8 levels": Compound(8),
    "compound, graded deltas, 16 levels": Compound(16),
    "compound, graded deltas, 32 levels": Compound(32),
    "compound, signed digits, 16 levels": Compound(16, message="bits"),
}
# (code, forget in words); the coincidence's reach comes from the data
GATED = {
    "shunt, m=4": "population, K=16",
    "shunt, m=6": "population, K=16",
    "coincidence": "population, K=16",
    "coincidence, coarse": "population, K=16",
}
TUNED = (
    "population, K=4",
    "population, K=8",
    "rate, opponent, T=2",
    "rate, opponent, T=4",
    "compound, graded deltas, 8 levels",
    "compound, graded deltas, 16 levels",
)


def main() -> None:
    """Measure what is not measured yet, then write the table."""
    given = arguments()
    task = load_task(given.task, data=given.data)
    rate = import_checkpoint(given.rate).model.eval()
    given.work.mkdir(parents=True, exist_ok=True)
    x, y = task.test_x[: given.samples], task.test_y[: given.samples]
    wanted = rows(rate.rnn.forget)
    wanted = [name for name in wanted if given.only is None or given.only in name]
    base = stored(given.work / f"{digest(rate)[:12]}-rate.json", lambda: rate_cost(rate, x, y))
    found = {}
    for name in tqdm(wanted, "rows", unit="row", disable=None):
        path = given.work / f"{digest(rate)[:12]}-{slug(name)}.json"
        if not path.exists() and given.table_only:
            continue
        found[name] = stored(
            path, lambda name=name, path=path: measured(name, rate, task, given, path)
        )
    text = table(rate, task, base, found)
    if given.out is None:
        sys.stdout.write(text)
    else:
        given.out.write_text(text)


def rows(forget: str) -> list[str]:
    """Names of all rows of a model."""
    plain = [*CODES, *(f"{name}, tuned" for name in TUNED)]
    if forget == "fixed":
        return plain
    return [*plain, *(f"{code}, {way}" for way, code in GATED.items())]


def measured(name, rate, task, given, path) -> Cost:
    """One row: convert, perhaps tune, put on the grid, run."""
    x, y = task.test_x[: given.samples], task.test_y[: given.samples]
    net = network(name, rate, task, given, path.with_suffix(".safetensors"))
    net = quantize(net, input_bits=task.input_bits, input_max=task.input_max)
    return cost(net, x, y, progress=True, label=name)


def network(name, rate, task, given, kept):
    """The network of a row, before the grid."""
    for way, code in GATED.items():
        if name == f"{code}, {way}":
            return convert(rate, code=CODES[code], forget=product(way, rate, task)).network
    plain = name.removesuffix(", tuned")
    forget = Native() if rate.rnn.forget == "gated" else None
    net = convert(rate, code=CODES[plain], forget=forget).network
    if plain == name:
        return net
    if kept.exists():
        return load_network(kept)
    fast = isinstance(CODES[plain], Compound) or (
        isinstance(CODES[plain], Population) and forget is None
    )
    data = task.train_x[: given.tuning if fast else given.tuning // 4]
    tuned = tune(
        net,
        teacher=rate,
        data=data,
        settings=FitSettings(
            epochs=given.epochs if fast else 2, batch_size=32, learning_rate=given.learning_rate
        ),
        checkpoint=kept.with_suffix(".progress"),
    )
    save_network(tuned, kept)
    return tuned


def product(way, rate, task):
    """How the forget is formed."""
    if way.startswith("shunt"):
        return Shunt(int(way.rpartition("=")[2]))
    ranges = calibrate(rate, task.train_x[:500], indices=range(500))
    words = {"leaks": 12, "per_octave": 1, "levels": 32} if "coarse" in way else {}
    return ranges.coincidence(**words)


def stored(path: Path, make) -> Cost:
    """What was measured before, or now."""
    if path.exists():
        about = json.loads(path.read_text())
        return Cost(**{**about, "correct": np.array(about["correct"], dtype=bool)})
    made = make()
    about = {**made.__dict__, "correct": [int(each) for each in made.correct]}
    path.write_text(json.dumps(about))
    return made


def slug(name: str) -> str:
    """A file name."""
    return "".join(c if c.isalnum() else "-" for c in name)


def table(rate, task, base: Cost, found: dict[str, Cost]) -> str:
    """Markdown."""
    macs = base.input_ops
    lines = [
        (
            f"{task.name}, {len(base.correct)} test samples, {rate.rnn.forget} forget, "
            f"{rate.rnn.hidden_size} units; rate model {percent(base)}, "
            f"{macs / 1e6:.2f} M multiplications an inference."
        ),
        "",
        (
            "| code | accuracy, % [95 %] | to rate, points [95 %] | verdict at 0.3 | spikes "
            "| per unit and step | operations | of dense | energy | micro-steps | neurons |"
        ),
        "|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    units = rate.rnn.hidden_size * rate.rnn.num_layers * task.steps
    for name, each in found.items():
        delta = paired(base.correct, each.correct).delta
        shift = f"{100 * delta.value:+.2f} [{100 * delta.low:+.2f}, {100 * delta.high:+.2f}]"
        lines.append(
            f"| {name} | {percent(each)} | {shift} | {verdict(delta, MARGIN)} "
            f"| {each.spikes / 1e3:.1f} k | {each.spikes / units:.2f} "
            f"| {each.operations / 1e6:.2f} M | {each.operations / macs:.2f} "
            f"| {each.energy / (MAC_PJ * macs):.2f} | {each.micro_steps} | {each.neurons} |"
        )
    return "\n".join(lines) + "\n"


def percent(each: Cost) -> str:
    """Accuracy with Wilson's interval."""
    a = wilson(int(each.correct.sum()), len(each.correct))
    return f"{100 * a.value:.2f} [{100 * a.low:.2f}, {100 * a.high:.2f}]"


def arguments() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rate", type=Path)
    parser.add_argument("--task", required=True)
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
