"""Tasks are fixed splits of real data; a bad file is named before it costs memory."""

import gzip
import struct

import numpy as np
import pytest
import torch

from spiking.errors import (
    CheckpointError,
    ConfigError,
    EmptyDataError,
    NotFiniteError,
    ShapeError,
)
from subspike import Task, load_task


@pytest.mark.parametrize(("name", "shape"), [("digits-rows", (8, 8)), ("digits-pixels", (64, 1))])
def test_digits_are_the_same_split_every_time(name, shape) -> None:
    task, again = load_task(name), load_task(name)
    assert (len(task.train_x), len(task.test_x)) == (1297, 500)
    assert (task.steps, task.input_size, task.classes) == (*shape, 10)
    assert torch.equal(task.test_x, again.test_x)
    assert float(task.train_x.max()) == task.input_max == 1.0
    on_grid = task.test_x * 2**task.input_bits
    assert torch.equal(on_grid, on_grid.round())
    train = {x.numpy().tobytes() for x in task.train_x}
    assert sum(x.numpy().tobytes() in train for x in task.test_x) == 0


def write_idx(path, values: np.ndarray, *, magic: bytes = b"\0\0\x08", claim=None) -> None:
    shape = values.shape if claim is None else claim
    head = magic + bytes([len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
    whole = head + values.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(whole) if path.suffix == ".gz" else whole)


def mnist_like(folder) -> None:
    rng = np.random.default_rng(0)
    for part, count in (("train", 6), ("t10k", 4)):
        images = folder / f"{part}-images-idx3-ubyte.gz"
        write_idx(images, rng.integers(0, 256, (count, 28, 28)))
        write_idx(folder / f"{part}-labels-idx1-ubyte", np.arange(count))


def test_mnist_is_read_with_and_without_gzip(tmp_path) -> None:
    mnist_like(tmp_path)
    rows, pixels = (load_task(f"mnist-{n}", data=tmp_path) for n in ("rows", "pixels"))
    assert rows.train_x.shape == (6, 28, 28)
    assert pixels.test_x.shape == (4, 784, 1)
    assert torch.equal(rows.test_x.flatten(), pixels.test_x.flatten())
    assert rows.test_y.tolist() == [0, 1, 2, 3]
    assert float(rows.train_x.max()) <= 255 / 256


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"magic": b"\0\0\x0d"}, "not an idx file"),
        ({"claim": (2**31, 28, 28)}, "claims 1683627180032 bytes"),
        ({"claim": (7, 28, 28)}, "holds 4704 bytes where its header claims 5488"),
        ({"claim": (6, 784)}, "idx header of 2 axes"),
    ],
)
def test_bad_idx_files_are_named(words, message, tmp_path) -> None:
    mnist_like(tmp_path)
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", np.zeros((6, 28, 28)), **words)
    with pytest.raises(ConfigError, match=message):
        load_task("mnist-rows", data=tmp_path)


def test_missing_data_and_unknown_names_are_named(tmp_path) -> None:
    with pytest.raises(ConfigError, match="choose one of"):
        load_task("imagenet")
    with pytest.raises(ConfigError, match="needs --data"):
        load_task("mnist-rows")
    with pytest.raises(ConfigError, match=r"neither train-images-idx3-ubyte\.gz"):
        load_task("mnist-rows", data=tmp_path)
    with pytest.raises(ConfigError, match="needs --data"):
        load_task("file", data=tmp_path / "none.npz")


def arrays(**changes) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    whole = {
        "x_train": rng.normal(size=(9, 5, 2)),
        "y_train": np.arange(9) % 3,
        "x_test": rng.normal(size=(4, 5, 2)),
        "y_test": np.arange(4) % 3,
    }
    return whole | changes


def test_a_file_of_ones_own(tmp_path) -> None:
    np.savez_compressed(tmp_path / "mine.npz", **arrays())
    task = load_task("file", data=tmp_path / "mine.npz")
    assert (task.name, task.classes, task.input_size) == ("mine", 3, 2)
    assert task.input_max == float(task.train_x.abs().max())
    assert task.train_x.dtype == torch.float32


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"x_test": np.zeros((0, 5, 2)), "y_test": np.zeros(0)}, EmptyDataError, "test: the data"),
        ({"x_train": np.zeros((9, 0, 2))}, EmptyDataError, "no samples or steps"),
        ({"x_train": np.full((9, 5, 2), np.nan)}, NotFiniteError, "train: x holds NaN"),
        ({"x_train": np.zeros((9, 5))}, ShapeError, r"x has shape \(9, 5\)"),
        ({"y_test": np.arange(3)}, ShapeError, "test: x has shape"),
        ({"y_test": np.array([0, 1, -1, 2])}, ConfigError, "labels run from -1"),
        ({"y_test": np.array([0, 1, 0.5, 2])}, ConfigError, "y_test holds labels that are not"),
        ({"y_test": np.array([{}], dtype=object)}, CheckpointError, "of object"),
    ],
)
def test_bad_arrays_are_named(changes, error, message, tmp_path) -> None:
    np.savez(tmp_path / "mine.npz", **arrays(**changes))
    with pytest.raises(error, match=message):
        load_task("file", data=tmp_path / "mine.npz")


def test_missing_arrays_and_cut_files_are_named(tmp_path) -> None:
    path = tmp_path / "mine.npz"
    np.savez(path, x_train=np.zeros(3))
    with pytest.raises(ConfigError, match=r"\['x_test', 'y_test', 'y_train'\] are missing"):
        load_task("file", data=path)
    np.savez(path, **arrays())
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(CheckpointError, match="not a whole"):
        load_task("file", data=path)


def test_a_task_of_ones_own_checks_itself() -> None:
    x, y = torch.zeros(2, 3, 1), torch.tensor([0, 5])
    with pytest.raises(ConfigError, match=r"expected 0\.\.1"):
        Task("t", "s", x, y, x, y, classes=2)
