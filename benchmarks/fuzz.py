"""Ten thousand broken and hostile files, each read in a guarded process: a named error, or a model.

    python -m benchmarks.fuzz [--files 10000] [--seed 0] [--keep FOLDER]

Half are NIR, half ONNX, with some golden vectors: bytes turned, cut, spliced, and structure
rewritten (tests/converter/*_mutations.py). What is read is also run. A file is a fault where a
reader raises anything but our errors, dies, takes more time or memory than its limit, starts a
program, opens a file to write, or leaves one. Faults are kept in FOLDER; the exit code is their
number, at most 1.
"""

import argparse
import contextlib
import json
import os
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from tqdm import tqdm

BATCH = 1000  # files that one process reads
SECONDS = 600.0  # without a word from it, on a machine that may be busy
JUDGED = 16  # one in so many NIR files is linted as well
CPU_SECONDS = 20.0  # of one file
MEMORY = 4 * 2**30  # of address space beyond what the libraries take
SHARES = {"nir": 0.48, "onnx": 0.48, "golden": 0.04}
# what no reader does, by the names of Python's audit events
FORBIDDEN = (
    *("exec", "marshal", "pickle", "ctypes.dlopen", "subprocess", "socket", "shutil"),
    *("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.remove", "os.rename", "os.mkdir"),
)


def bases(folder: Path) -> None:
    """Good files of every kind, to be spoiled."""
    import nir

    from converter import make_golden, to_nir, to_onnx, write_golden, write_nir
    from tests.converter.nir_graphs import GRAPHS
    from tests.converter.onnx_nets import drawn_coded
    from tests.converter.small_models import random_net, random_rate, random_rnn, random_x

    small = {"levels": 2, "hidden": 3}
    nets = [random_net(0, **small), random_net(1, layers=2, **small)]
    for at, net in enumerate(nets):
        for profile in ("portable", "split", "li", "readable", "stepwise"):
            write_nir(to_nir(net, profile=profile), folder / f"{profile}{at}.nir")
        write_nir(to_nir(net), folder / f"old{at}.nir", dialect="1.0.4")
    for name, make in GRAPHS.items():
        nir.write(folder / f"{name.replace(' ', '_')}.nir", make())
    for path in Path("tests/converter/nir_releases").glob("*.nir"):
        (folder / path.name).write_bytes(path.read_bytes())
    coarse = random_net(2, weight_bits=5, **small)
    models = {
        "plain": to_onnx(nets[0]),
        "layers": to_onnx(nets[1], functions=True),
        "step": to_onnx(nets[1], streaming=True),
        "int8": to_onnx(coarse, weights="int8", functions=True),
        "rate": to_onnx(random_rate(forget="gated")),
        "double": to_onnx(random_rnn().double(), streaming=True, functions=True),
        "compound": to_onnx(drawn_coded("compound, digits, native", 1)[0], functions=True),
        "pairs": to_onnx(drawn_coded("rate, pairs, native", 0)[0], streaming=True),
    }
    for name, model in models.items():
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
    golden = make_golden(nets[0], random_x(batch=2, steps=3), dt=1e-4, profiles=("split",))
    write_golden(golden, folder / "vectors.golden")


def judge_nir_file(path: Path) -> None:
    """Every finding at once; it writes in a folder of its own."""
    from converter.lint import lint
    from converter.nir_hdf5 import open_nir

    lint(open_nir(path))


def read_nir_file(path: Path) -> str:
    """Read, rebuilt and run."""
    from converter import from_nir, read_nir, run_nir
    from spiking.errors import SubspikeError

    graph = read_nir(path)
    try:
        from_nir(graph)
        outcome = "ours"
    except SubspikeError:
        outcome = "read"
    source = next(node for node in graph.nodes.values() if type(node).__name__ == "Input")
    width = int(np.prod(next(iter(source.output_type.values()))))
    run_nir(graph, np.ones((1, 3, width)), dt=1e-4)
    return f"{outcome} and ran"


def read_onnx_file(path: Path) -> str:
    """Read, its metadata believed or not, and run."""
    from converter import load_onnx, run_onnx
    from converter.onnx_about import about_onnx
    from spiking.errors import SubspikeError

    model = load_onnx(path)
    try:
        about_onnx(model)
        outcome = "ours"
    except SubspikeError:
        outcome = "read"
    axes = model.graph.input[0].type.tensor_type.shape.dim
    shape = [(2, 3)[: len(axes) - 1], axes[-1].dim_value] if axes else []
    run_onnx(model, np.ones(np.hstack(shape).astype(int), np.float32))
    return f"{outcome} and ran"


def read_golden_file(path: Path) -> str:
    """Read."""
    from converter import read_golden

    read_golden(path)
    return "read"


def mutations(kind: str):
    """(rng, bytes) -> bytes for one kind of file."""
    from tests.converter import byte_mutations, nir_mutations, onnx_mutations

    return {
        "nir": nir_mutations.mutated,
        "onnx": onnx_mutations.mutated,
        "golden": byte_mutations.mutated,
    }[kind]


READERS = {"nir": read_nir_file, "onnx": read_onnx_file, "golden": read_golden_file}


class Watch:
    """What Python does while a file is read, by its audit events."""

    def __init__(self) -> None:
        self.on, self.seen = False, []
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple) -> None:
        if not self.on:
            return
        writes = event == "open" and (
            set(str(arguments[1] or "r")) & set("wax+")
            or (isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR))
        )
        if writes or event.startswith(FORBIDDEN):
            self.seen.append(f"{event} {arguments!r:.80}")


def child(kind: str, seed: int, indices: range, folder: Path) -> None:
    """Spoil and read files; a JSON line before and after each."""
    from spiking.errors import SubspikeError

    reader, mutate = READERS[kind], mutations(kind)
    good = sorted((folder / "bases").glob(f"*.{kind}"))
    for at, path in enumerate(good):  # whatever is imported late is imported now
        with contextlib.suppress(SubspikeError):
            reader(path)
            if kind == "nir" and at < 3:
                judge_nir_file(path)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    place = Path(tempfile.mkdtemp(dir=folder))
    case, watch = place / f"case.{kind}", Watch()
    os.chdir(place)
    for index in indices:
        rng = np.random.default_rng([seed, index])
        data = mutate(rng, good[int(rng.integers(len(good)))].read_bytes())
        case.write_bytes(data)
        say(at=index)
        before, started, fault = peak(), time.process_time(), ""
        # the system ends a process that is over, also within a library that never returns
        resource.setrlimit(resource.RLIMIT_CPU, (int(started + 2 * CPU_SECONDS), -1))
        try:
            if kind == "nir" and index % JUDGED == 0:
                judge_nir_file(case)
            watch.on = True
            outcome = reader(case)
        except SubspikeError as error:
            outcome = type(error).__name__
        except BaseException as error:  # noqa: BLE001 - what the fuzzer is for
            outcome, fault = "fault", f"{type(error).__name__}: {error}"[:500]
        watch.on = False
        seconds = time.process_time() - started
        if watch.seen or case.read_bytes() != data or list(place.iterdir()) != [case]:
            fault = (
                f"it did {watch.seen}, the folder holds {sorted(p.name for p in place.iterdir())}"
            )
        if seconds > CPU_SECONDS:
            fault = f"it took {seconds:.0f} s"
        watch.seen.clear()
        say(index=index, outcome=outcome, fault=fault, seconds=seconds, grown=peak() - before)


def say(**words) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def peak() -> int:
    """The most memory that this process ever held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def guarded(kind: str, seed: int, indices: range, folder: Path):
    """What the child says of each file; a file on which it died or hung is a fault."""
    at = indices.start
    while at < indices.stop:
        words = [kind, str(seed), str(at), str(indices.stop), str(folder)]
        command = [sys.executable, "-m", "benchmarks.fuzz", "--child", *words]
        log = folder / "stderr.txt"
        with log.open("w") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        last, word = None, {}
        try:
            while select.select([process.stdout], [], [], SECONDS)[0]:
                line = process.stdout.readline()
                if not line:
                    break
                word = json.loads(line)
                if "at" in word:
                    last = word["at"]
                else:
                    yield word
        finally:
            process.kill()
            process.wait()
        if last is None:
            raise SystemExit(f"the child did not start: {log.read_text()[-2000:]}")
        if word.get("index") == last:
            at = last + 1
            continue
        code = process.returncode
        fault = f"its process died with {code} or hung: {log.read_text()[-300:]}"
        yield {"index": last, "outcome": "fault", "fault": fault, "seconds": 0.0, "grown": 0}
        at = last + 1


def kept(kind: str, seed: int, index: int, folder: Path, keep: Path) -> None:
    """Write the file of a fault where it stays."""
    good = sorted((folder / "bases").glob(f"*.{kind}"))
    rng = np.random.default_rng([seed, index])
    data = mutations(kind)(rng, good[int(rng.integers(len(good)))].read_bytes())
    keep.mkdir(parents=True, exist_ok=True)
    (keep / f"{seed}-{index}.{kind}").write_bytes(data)


def main() -> int:
    if sys.argv[1:2] == ["--child"]:
        kind, seed, first, last, folder = sys.argv[2:]
        child(kind, int(seed), range(int(first), int(last)), Path(folder))
        return 0
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--files", type=int, default=10_000)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--kind", choices=sorted(READERS), help="only files of this kind")
    words.add_argument("--keep", type=Path, default=Path("fuzz-faults"))
    given = words.parse_args()
    shares = {given.kind: 1.0} if given.kind else SHARES
    faults, outcomes = [], {kind: Counter() for kind in shares}
    slowest, grown = dict.fromkeys(shares, 0.0), dict.fromkeys(shares, 0)
    with tempfile.TemporaryDirectory(prefix="subspike-fuzz-") as place:
        folder = Path(place)
        (folder / "bases").mkdir()
        bases(folder / "bases")
        with tqdm(total=given.files, unit="file") as bar:
            for kind, share in shares.items():
                count = round(share * given.files)
                for start in range(0, count, BATCH):
                    indices = range(start, min(start + BATCH, count))
                    for word in guarded(kind, given.seed, indices, folder):
                        bar.update()
                        outcomes[kind][word["outcome"]] += 1
                        slowest[kind] = max(slowest[kind], word["seconds"])
                        grown[kind] = max(grown[kind], word["grown"])
                        if word["fault"]:
                            faults.append((kind, word["index"], word["fault"]))
                            kept(kind, given.seed, word["index"], folder, given.keep)
                            bar.write(f"{kind} {word['index']}: {word['fault']}")
    for kind, found in outcomes.items():
        listed = ", ".join(f"{n} {name}" for name, n in found.most_common())
        print(
            f"{kind}: {sum(found.values())} files; {listed}; slowest {slowest[kind]:.2f} s of CPU, "
            f"most memory for one {grown[kind] / 2**20:.0f} MiB"
        )
    print(f"{len(faults)} faults{f', kept in {given.keep}' if faults else ''}")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
