"""Small tasks with fixed splits: real data that ships inside packages, or the user's own file."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spiking.errors import ConfigError, EmptyDataError, NotFiniteError, ShapeError
from spiking.npz import read_npz

_DIGITS_TRAIN = 1297
_MOST_BYTES = 2**32


@dataclass(frozen=True)
class Task:
    """Labelled sequences, split once and for all.

    name        how reports call it
    split       how the two parts were made
    train_x     (samples, time, input) float32, train_y (samples,) int64; test_x, test_y alike
    classes     number of labels
    input_bits  inputs are multiples of 2^-input_bits, which the grid of `quantize` follows
    input_max   largest magnitude of an input
    """

    name: str
    split: str
    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    classes: int
    input_bits: int = 8
    input_max: float = 1.0

    def __post_init__(self) -> None:
        """Named errors for empty, misshapen or non-finite data."""
        for part, x, y in (
            ("train", self.train_x, self.train_y),
            ("test", self.test_x, self.test_y),
        ):
            if x.dim() != 3 or y.dim() != 1 or len(x) != len(y):
                raise ShapeError(
                    f"{self.name}, {part}: x has shape {tuple(x.shape)}, y {tuple(y.shape)}; "
                    "expected (samples, time, input) and (samples,)"
                )
            if len(x) == 0 or x.shape[1] == 0:
                raise EmptyDataError(f"{self.name}, {part}: the data set holds no samples or steps")
            if not bool(torch.isfinite(x).all()):
                raise NotFiniteError(f"{self.name}, {part}: x holds NaN or infinity")
            if int(y.min()) < 0 or int(y.max()) >= self.classes:
                raise ConfigError(
                    f"{self.name}, {part}: labels run from {int(y.min())} to {int(y.max())}; "
                    f"expected 0..{self.classes - 1}"
                )

    @property
    def input_size(self) -> int:
        """Entries of the input at one step."""
        return int(self.train_x.shape[2])

    @property
    def steps(self) -> int:
        """Steps of a sequence."""
        return int(self.train_x.shape[1])


def load_task(name: str, *, data: Path | None = None) -> Task:
    """The task called `name` (see TASKS), or the one in `data`.

    data  for "mnist-rows" and "mnist-pixels" the folder with the four idx files (gzip or not);
          for "file" an .npz with x_train, y_train, x_test, y_test (no pickles)

    Raises ConfigError for an unknown name, a missing path or a file of another kind,
    CheckpointError for an .npz that is cut off or holds more than numbers.
    """
    if name not in TASKS:
        raise ConfigError(f"task {name!r} is not known; choose one of {sorted(TASKS)}")
    return TASKS[name](data)


def _digits(shape: tuple[int, int], name: str) -> Task:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    x = torch.tensor(bunch.images / 16.0, dtype=torch.float32).reshape(-1, *shape)
    y = torch.tensor(bunch.target, dtype=torch.int64)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    train, test = order[:_DIGITS_TRAIN], order[_DIGITS_TRAIN:]
    return Task(
        name=name,
        split=f"scikit-learn digits, torch.randperm seed 0, {len(train)} train, {len(test)} test",
        train_x=x[train],
        train_y=y[train],
        test_x=x[test],
        test_y=y[test],
        classes=10,
        input_bits=4,
    )


def _mnist(shape: tuple[int, int], name: str, folder: Path | None) -> Task:
    if folder is None:
        raise ConfigError(f"task {name!r} needs --data, the folder of the four MNIST idx files")
    parts = [
        _read_idx(folder, f"{part}-{kind}")
        for part in ("train", "t10k")
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
    ]
    images = [torch.from_numpy(part.astype(np.float32)) / 256.0 for part in parts[::2]]
    labels = [torch.from_numpy(part.astype(np.int64)) for part in parts[1::2]]
    return Task(
        name=name,
        split="MNIST, official split, pixel / 256",
        train_x=images[0].reshape(-1, *shape),
        train_y=labels[0],
        test_x=images[1].reshape(-1, *shape),
        test_y=labels[1],
        classes=10,
    )


def _read_idx(folder: Path, stem: str) -> NDArray[np.uint8]:
    """One idx file of unsigned bytes; its header is checked against what follows it."""
    path = next((p for p in (folder / f"{stem}.gz", folder / stem) if p.is_file()), None)
    if path is None:
        raise ConfigError(f"{folder}: neither {stem}.gz nor {stem} is there")
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        magic = file.read(4)
        if len(magic) < 4 or magic[:3] != b"\0\0\x08":
            raise ConfigError(f"{path}: not an idx file of unsigned bytes")
        axes = magic[3]
        header = file.read(4 * axes)
        if axes not in (1, 3) or len(header) < 4 * axes:
            raise ConfigError(f"{path}: idx header of {axes} axes is not that of MNIST or cut off")
        shape = struct.unpack(f">{axes}I", header)
        count = int(np.prod([int(n) for n in shape], dtype=object))
        if count > _MOST_BYTES:
            raise ConfigError(f"{path}: claims {count} bytes")
        body = file.read(count + 1)
    if len(body) != count:
        raise ConfigError(f"{path}: holds {len(body)} bytes where its header claims {count}")
    return np.frombuffer(body, dtype=np.uint8).reshape(shape)


def _from_file(path: Path | None) -> Task:
    if path is None or not path.is_file():
        raise ConfigError(f"task 'file' needs --data, an .npz file; {path} is none")
    arrays = read_npz(path, most_bytes=_MOST_BYTES)
    missing = sorted({f"{a}_{part}" for a in "xy" for part in ("train", "test")} - set(arrays))
    if missing:
        raise ConfigError(f"{path}: arrays {missing} are missing; found {sorted(arrays)}")
    x = {k: torch.tensor(arrays[f"x_{k}"].astype(np.float32)) for k in ("train", "test")}
    y = {k: torch.tensor(_whole(arrays, f"y_{k}", path)) for k in ("train", "test")}
    largest = max((float(v.abs().max()) for v in x.values() if v.numel()), default=1.0)
    return Task(
        name=path.stem,
        split=f"as stored in {path.name}",
        train_x=x["train"],
        train_y=y["train"],
        test_x=x["test"],
        test_y=y["test"],
        classes=max((int(v.max()) + 1 for v in y.values() if v.numel()), default=1),
        input_max=largest or 1.0,
    )


def _whole(arrays: dict[str, NDArray[Any]], name: str, path: Path) -> NDArray[np.int64]:
    labels = arrays[name].astype(np.int64)
    if not np.array_equal(labels, arrays[name]):
        raise ConfigError(f"{path}: {name} holds labels that are not whole numbers")
    return labels


TASKS: dict[str, Callable[[Path | None], Task]] = {
    "digits-pixels": lambda _: _digits((64, 1), "digits-pixels"),
    "digits-rows": lambda _: _digits((8, 8), "digits-rows"),
    "file": _from_file,
    "mnist-pixels": lambda folder: _mnist((784, 1), "mnist-pixels", folder),
    "mnist-rows": lambda folder: _mnist((28, 28), "mnist-rows", folder),
}
