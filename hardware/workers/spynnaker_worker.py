"""sPyNNaker (Apache-2): partition, placement, keys and routes of a network on a virtual board.

Nothing runs there: a virtual board has no cores that compute. But everything that would be loaded
onto a real one is made, and is read back from the vendor's own database of it: the words of every
neuron's parameters and of every synapse.

Excitatory and inhibitory weights are projections of their own. A group whose neurons partly keep a
current becomes two populations, because a population is one binary: IF_curr_exp and IF_curr_delta.
"""

from __future__ import annotations

import importlib
import re
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .spynnaker_words import neurons, shifts, synapses

# a time step is a tick is a millisecond; numbers have 15 fractional bits
_TICK, _ONE = 1.0, 2.0**15
# keeps e^-16, which S16.15 has as 0
_FORGETFUL = 1.0 / 16.0
# regions of a core's memory; pyNN/models/neuron/population_machine_vertex.py
_CORE, _PARAMETERS, _TABLE, _ROWS = 1, 2, 5, 6
# exceptions that say that a network is too big: PACMAN's of its placer, partitioner, key allocator
# and router; sPyNNaker's of a row of synapses; SpiNNMachine's of a second board
_FULL = (
    "PacmanPlace",
    "PacmanPartition",
    "PacmanTooBig",
    "PacmanRout",
    "AllocationException",
    "MinimisationFailed",
    "TooBigException",
    "does not support multiple boards",
)


def run(
    about: Mapping[str, Any], arrays: Mapping[str, Any], arriving: Any, watched: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Where everything lies and what would be loaded.

    arriving  not used
    watched   the board's version, alone
    returns   {"refusal": {"said": text}} where it does not fit, else
              {"core": {"where": (cores, 3) x, y, processor, "sdram": bytes (cores,)},
               "of": {group or "input": its neurons' core (neurons,)},
               "key": {group or "input": routing key, -1 without (neurons,)},
               "chip": {"entries": (chips, 3) x, y, entries of the routing table},
               "loaded": {"threshold GROUP", "bias GROUP", "current_decay GROUP": (neurons,),
                          "shift GROUP": (neurons, 2),
                          "weight SOURCE GROUP", "delay SOURCE GROUP": (neurons, sources)}}
    """
    del arriving
    _configure(Path.home(), board=watched[0])
    sim: Any = importlib.import_module("pyNN.spiNNaker")  # it reads what has just been written
    sim.setup(timestep=_TICK)
    try:
        parts = _populations(sim, about, arrays)
        _connect(sim, about, arrays, parts)
        sim.run(_TICK)
    except Exception as error:
        if any(word in _said(error) for word in _FULL):
            return _refused(_said(error))
        raise
    boards = _boards()
    if boards > 1:
        return _refused(f"the virtual machine grew to {boards} boards")
    return _found(parts, {name: len(rows) for name, rows in _sizes(about, arrays).items()})


def _refused(said: str) -> dict[str, dict[str, Any]]:
    return {"refusal": {"said": np.frombuffer(said.encode(), np.uint8)}}


def _boards() -> int:
    """Boards of the virtual machine, which grows until a network has room."""
    from spynnaker.pyNN.data import SpynnakerDataView as View

    return -(-int(View.get_machine().n_chips) // int(View.get_machine_version().n_chips_per_board))


def _said(error: BaseException) -> str:
    text = re.sub(r"<[\w.]*?(\w+) object at \w+>", r"\1", str(error))
    return f"{type(error).__name__}: {' '.join(text.split())}"


def _configure(home: Path, *, board: str) -> None:
    """The file without which it writes one and gives up."""
    words = f"[Machine]\nversion = {int(board)}\nvirtual_board = True\n[Mode]\nmode = Production\n"
    (home / ".spynnaker.cfg").write_text(words)


def _sizes(about: Mapping[str, Any], arrays: Mapping[str, Any]) -> dict[str, Any]:
    entry = about["entry"]
    digits = entry["digits"] if entry["way"] == "digits" else 1
    sizes = {"input": np.arange(entry["inputs"] * digits + len(entry["clocks"]))}
    for at, group in enumerate(about["groups"]):
        sizes[group["name"]] = np.arange(len(arrays[f"group{at}.bias"]))
    return sizes


def _populations(
    sim: Any, about: Mapping[str, Any], arrays: Mapping[str, Any]
) -> list[tuple[str, Any, Any]]:
    """(group, its neurons, population of them)."""
    sizes = _sizes(about, arrays)
    silent = sim.SpikeSourceArray(spike_times=[[0.0] for _ in sizes["input"]])
    parts = [("input", sizes["input"], sim.Population(len(sizes["input"]), silent, label="input"))]
    for at, group in enumerate(about["groups"]):
        name = group["name"]
        home = arrays[f"cores{about['placed'].index(name)}"]
        tau, threshold = arrays[f"group{at}.current_decay"], arrays[f"group{at}.threshold"]
        into = [
            (s, arrays[f"synapses{n}.weight"])
            for n, s in enumerate(about["synapses"])
            if s["target"] == name
        ]
        shift = max((s["shift"] for s, _ in into), default=0)
        heard = sum(w.any(axis=0).sum() for _, w in into)
        events = sum(np.count_nonzero(w, axis=1) for _, w in into) + np.zeros(len(tau), int)
        for rows in (np.nonzero(tau > 0)[0], np.nonzero(tau == 0)[0]):
            if not len(rows):
                continue
            words = {
                "tau_m": _FORGETFUL,
                "cm": _FORGETFUL,
                "v_rest": 0.0,
                "v_reset": 0.0,
                "v": 0.0,
                "tau_refrac": 0.0,
                "v_thresh": list(threshold[rows] / _ONE),
                "i_offset": list(arrays[f"group{at}.bias"][rows] / _ONE),
            }
            keeps = list(tau[rows] / _ONE)
            model = (
                sim.IF_curr_exp(**words, tau_syn_E=keeps, tau_syn_I=keeps)
                if tau[rows[0]]
                else sim.IF_curr_delta(**words)
            )
            more = {
                # between two powers of two, so that nothing decides on rounding
                "max_expected_summed_weight": [0.75 * 2.0**shift] * 2,
                "neurons_per_core": _a_core(
                    events[rows], int(np.bincount(home[rows]).max()), about["limits"]
                ),
                "incoming_spike_buffer_size": max(256, 1 << int(heard).bit_length()),
                "n_synapse_cores": 0,
            }
            label = name if tau[rows[0]] else f"{name}, delta"
            made = sim.Population(len(rows), model, label=label, additional_parameters=more)
            parts.append((name, rows, made))
    return parts


def _a_core(events: Any, most: int, limits: Mapping[str, int]) -> int:
    """The largest number, up to `most`, of neurons whose events a core can add up in a tick.

    The vendor cuts a population into equal parts, our placement where a core is full.
    """
    limit = limits.get("synaptic events a tick", int(events.sum()))
    for count in range(most, 1, -1):
        if np.add.reduceat(events, np.arange(0, len(events), count)).max() <= limit:
            return count
    return 1


def _connect(
    sim: Any, about: Mapping[str, Any], arrays: Mapping[str, Any], parts: Sequence[Any]
) -> None:
    for at, each in enumerate(about["synapses"]):
        weight = arrays[f"synapses{at}.weight"]
        unit = 2.0 ** each["shift"] / _ONE
        for source, columns, before in parts:
            for target, rows, after in parts:
                if (source, target) != (each["source"], each["target"]):
                    continue
                here = weight[np.ix_(rows, columns)]
                for kind, part in (("excitatory", here > 0), ("inhibitory", here < 0)):
                    # by source, then by target: 7.4.1 counts the rows of a list in another order
                    # wrongly (from_list_connector.py, __numpy_group splits what it has not sorted)
                    pre, post = np.nonzero(part.T)
                    if not len(post):
                        continue
                    size = np.abs(here[post, pre]) * unit
                    late = np.full(len(post), each["delay"] * _TICK)
                    table = np.stack([pre, post, size, late], axis=1)
                    one_by_one = sim.FromListConnector(table)
                    sim.Projection(before, after, one_by_one, receptor_type=kind)


def _found(parts: Sequence[Any], sizes: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    from pacman.utilities.utility_calls import get_keys
    from spynnaker.pyNN.data import SpynnakerDataView as View

    where: list[tuple[int, int, int]] = []
    sdram: list[int] = []
    of = {name: np.full(size, -1) for name, size in sizes.items()}
    key = {name: np.full(size, -1) for name, size in sizes.items()}
    lies: list[tuple[int, str, Any]] = []
    infos = View.get_routing_infos()
    for name, rows, population in parts:
        vertex = population._vertex
        for machine in vertex.machine_vertices:
            placed = View.get_placement_of_vertex(machine)
            part = machine.vertex_slice
            mine = rows[part.lo_atom : part.hi_atom + 1]
            of[name][mine] = len(where)
            for partition in infos.get_partitions_from(machine):
                base = infos.get_key_from(machine, partition)
                key[name][mine] = get_keys(base, part, vertex.n_colour_bits)
            lies.append((len(where), name, mine))
            where.append((placed.x, placed.y, placed.p))
            steps = View.get_plan_n_timestep()
            sdram.append(machine.sdram_required.get_total_sdram(steps))
    tables = View.get_precompressed().routing_tables
    counts = {(table.x, table.y): table.number_of_entries for table in tables}
    entries = [(x, y, counts.get((x, y), 0)) for x, y in sorted({(x, y) for x, y, _ in where})]
    return {
        "core": {"where": np.array(where), "sdram": np.array(sdram)},
        "of": of,
        "key": key,
        "chip": {"entries": np.array(entries).reshape(-1, 3)},
        "loaded": _loaded(View.get_ds_database_path(), where, lies, key, sizes),
    }


def _loaded(
    database: str,
    where: Sequence[tuple[int, int, int]],
    lies: Sequence[tuple[int, str, Any]],
    key: Mapping[str, Any],
    sizes: Mapping[str, int],
) -> dict[str, Any]:
    """What the words say that would be written into the board's memory."""
    found: dict[str, Any] = {}
    with sqlite3.connect(database) as stored:
        for core, name, mine in lies:
            if name == "input":
                continue
            regions = {
                number: np.frombuffer(content, np.uint32).astype(np.int64)
                for number, content in stored.execute(
                    "SELECT region_num, content FROM region WHERE x=? AND y=? AND p=? AND "
                    "content IS NOT NULL AND length(content) % 4 = 0",
                    where[core],
                )
            }
            size, core_words = sizes[name], regions[_CORE]
            for part, values in neurons(regions[_PARAMETERS], len(mine)).items():
                found.setdefault(f"{part} {name}", np.zeros(size, np.int64))[mine] = values
            shifted = found.setdefault(f"shift {name}", np.zeros((size, 2), np.int64))
            shifted[mine] = shifts(core_words)
            for source, keys in key.items():
                shape = (size, sizes[source])
                dense = found.setdefault(f"weight {source} {name}", np.zeros(shape, np.int64))
                late = found.setdefault(f"delay {source} {name}", np.zeros(shape, np.int64))
                heard = synapses(core_words, regions[_TABLE], regions[_ROWS], keys)
                for column, targets, weights, delays in heard:
                    np.add.at(dense[:, column], mine[targets], weights)
                    late[mine[targets], column] = delays
    return found
