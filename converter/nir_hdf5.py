"""What a NIR file holds, of any release from 0.2 to 1.0.8; bounded, and not yet judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import nir

from spiking.errors import GraphError

from .hdf5 import MOST_BYTES, array, require_modest, text, texts
from .hdf5_heap import require_whole_heaps
from .nir_flat import DEEPEST, MOST_EDGES

# what early releases did not write, as the node then is to be understood
_UNWRITTEN: dict[str, dict[str, Any]] = {
    "Conv1d": {"input_shape": None},
    "Conv2d": {"input_shape": None},
}


def open_nir(path: Path, *, most_bytes: int = MOST_BYTES) -> nir.NIRGraph:
    """The graph in a file, whatever is wrong with its nodes and numbers: `lint` judges them.

    Raises GraphError for a file that is not there, not HDF5, not NIR, that claims more than
    `most_bytes`, or that holds what no NIR file holds.
    """
    if not path.is_file():
        raise GraphError(f"{path}: there is no such file")
    try:
        require_whole_heaps(path)
        with h5py.File(path, "r") as file:
            require_modest(file, most_bytes=most_bytes)
            if "node" not in file:
                raise GraphError("it holds no node, so it is no NIR file")
            return _graph(file["node"])
    except GraphError as error:
        raise GraphError(f"{path}: {error}") from error
    except Exception as error:  # h5py and nir raise OSError, KeyError, AssertionError, TypeError...
        raise GraphError(
            f"{path}: not a readable NIR file ({type(error).__name__}: {error}); is it whole?"
        ) from error


def _graph(group: Any, depth: int = 0) -> nir.NIRGraph:
    kind = _type(group)
    if kind != "NIRGraph":
        raise GraphError(f"{group.name} is a single {kind}, not a graph")
    if depth > DEEPEST:
        raise GraphError(f"{group.name}: graphs within graphs, more than {DEEPEST} deep")
    missing = [name for name in ("nodes", "edges") if name not in group]
    if missing:
        raise GraphError(f"{group.name} is a graph without {' and '.join(missing)}")
    nodes = {
        name: _graph(item, depth + 1) if _type(item) == "NIRGraph" else _node(item)
        for name, item in group["nodes"].items()
    }
    metadata = _metadata(group["metadata"]) if "metadata" in group else {}
    return nir.NIRGraph(nodes, _edges(group["edges"]), metadata=metadata, type_check=False)


def _type(group: Any) -> str:
    if not isinstance(group, h5py.Group) or "type" not in group:
        raise GraphError(f"{group.name} is no node; a name with '/' is parted so when written")
    return text(group["type"])


def _edges(item: Any) -> list[tuple[str, str]]:
    if 0 in item.shape:
        return []
    if item.shape[1:] != (2,) or item.shape[0] > MOST_EDGES:
        raise GraphError(f"{item.name}: edges of shape {item.shape}, not (up to {MOST_EDGES}, 2)")
    ends = texts(item)
    return list(zip(ends[::2], ends[1::2], strict=True))


def _node(group: Any) -> nir.NIRNode:
    kind = _type(group)
    fields = {name: item for name, item in group.items() if name != "metadata"}
    inner = [name for name, item in fields.items() if not isinstance(item, h5py.Dataset)]
    if inner:
        raise GraphError(f"{group.name} holds a group called {', '.join(inner)}")
    read: dict[str, Any] = _UNWRITTEN.get(kind, {}) | {n: _value(v) for n, v in fields.items()}
    if "metadata" in group:
        read["metadata"] = _metadata(group["metadata"])
    try:
        made: nir.NIRNode = nir.ir.dict2NIRNode(read)
    except Exception as error:  # nir asserts types, shapes and names
        raise GraphError(
            f"{group.name}: nir {nir.version} makes no {kind} of {', '.join(sorted(fields))} "
            f"({type(error).__name__}: {error})"
        ) from error
    return made


def _value(item: Any) -> Any:
    """A number, an array of them, a text, or a list of them."""
    if item.shape is None:
        return None
    if h5py.check_string_dtype(item.dtype) is None:
        numbers = array(item)
        return numbers if numbers.ndim else numbers[()]
    return text(item) if item.shape == () else texts(item)


def _metadata(group: Any, depth: int = 0) -> dict[str, Any]:
    """What it says, which is advice; a group in it is a dictionary."""
    if depth > DEEPEST or not isinstance(group, h5py.Group):
        raise GraphError(f"{group.name}: metadata that are no dictionary, or too deep")
    return {
        name: _metadata(item, depth + 1) if isinstance(item, h5py.Group) else _value(item)
        for name, item in group.items()
    }
