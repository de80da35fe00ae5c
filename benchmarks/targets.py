"""The digits demo and sequential MNIST (100 units) on every target, into docs/targets.json.

    python -m benchmarks.targets --mnist FOLDER --out docs/targets.json [--only NAME] [--samples N]

A row is written as soon as it is known, and one that is there for the same network and teacher, on
as many samples or more, is not measured again: a run that was ended goes on. `make docs` draws the
tables.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from converter import load_network
from converter.digest import digest
from hardware import TARGETS
from spiking.files import write_whole
from subspike import load_task
from subspike.commands import on_grid, rate_of
from subspike.deployment import deployed
from subspike.deployment_table import answered, data, rows_of, table
from subspike.order import Order


@dataclass(frozen=True)
class Work:
    """A network, its teacher, its task, and how many samples the simulators run."""

    file: Path
    teacher: Path
    task: str
    folder: Path | None
    compared: int


def measured(work: Work, targets: list[str], kept: dict, *, renew: bool, **order):
    """The network's entry in the document after every target."""
    task = load_task(work.task, data=work.folder)
    net = on_grid(load_network(work.file), task)
    about = {
        "network": str(work.file),
        "sha256": digest(net),
        "teacher": str(work.teacher),
        "task": task.name,
        "split": task.split,
        "compared": work.compared,
        "simulators": {s.name: s.release for each in TARGETS.values() for s in each.simulators},
    }
    same = all(kept.get(key) == about[key] for key in ("sha256", "teacher", "split", "compared"))
    rows = {row["target"]: row for row in kept.get("targets", ())} if same else {}
    whole = Order(net, task, teacher=rate_of(work.teacher), compared=work.compared, **order)
    asked = len(task.test_x[: whole.samples])
    for name in tqdm(targets, task.name, unit="target"):
        row = rows.get(name)
        if renew or row is None or (row["fits"] and row["samples"] < asked):
            (rows[name],) = data(deployed(whole, [name]))["targets"]
        yield about | {"targets": [rows[each] for each in sorted(rows)]}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--demo", type=Path, default=Path("demo"), help="its folder")
    words.add_argument("--mnist", type=Path, required=True, help="folder of the MNIST files")
    words.add_argument("--only", action="append", choices=sorted(TARGETS), help="anew, kept or not")
    words.add_argument("--samples", type=int, help="of the test part (default: all)")
    words.add_argument("--compared", type=int, nargs=2, default=(8, 1), help="demo's, MNIST's")
    words.add_argument("--seconds", type=float, default=3600.0, help="that a simulator may take")
    words.add_argument("--out", type=Path, required=True)
    words.add_argument("--task", choices=("digits-rows", "mnist-pixels"), help="default: both")
    given = words.parse_args()
    models, demo = Path("benchmarks/models"), given.demo / "export/network.safetensors"
    mnist, rate = models / "mnist-population8.safetensors", models / "mnist-fixed.safetensors"
    works = [
        Work(demo, given.demo / "rate.safetensors", "digits-rows", None, given.compared[0]),
        Work(mnist, rate, "mnist-pixels", given.mnist, given.compared[1]),
    ]
    found = json.loads(given.out.read_text()) if given.out.exists() else {}
    for work in works:
        if given.task not in (None, work.task):
            continue
        targets, kept = given.only or sorted(TARGETS), found.get(work.task, {})
        words = {"seconds": given.seconds, "samples": given.samples, "renew": bool(given.only)}
        for entry in measured(work, targets, kept, **words):
            found[work.task] = entry
            write_whole(given.out, f"{json.dumps(found, indent=1)}\n".encode())
        rows = rows_of(found[work.task])
        print(f"{work.file}, {work.task}\n\n{table(rows)}\n")
        if answered(rows):
            print("a target that fits loses more than half a point, or differs\n")


if __name__ == "__main__":
    main()
