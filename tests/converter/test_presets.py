"""Each preset is the library: what it predicts for a file is what the library makes of it.

snnTorch, Norse and SpikingJelly run here; the others run where `scripts/consumers` put them.
"""

import functools
import importlib
from pathlib import Path

import nir
import numpy as np
import pytest

from converter import LITERAL, PRESETS, PROFILES, run_nir, to_nir, write_nir
from converter.consumers import CONSUMERS, Job, run_guarded
from converter.support import REFUSED, SUPPORTED, in_file_order, verdict
from converter.trial import tried
from spiking.errors import ExportError
from tests.converter.nir_graphs import DT
from tests.converter.nir_graphs import GRAPHS as THEIRS
from tests.converter.small_models import random_net

OURS = {
    f"{profile}, {words['layers']} layers": functools.partial(
        lambda profile, words: to_nir(random_net(levels=4, **words), profile=profile),
        profile,
        words,
    )
    for profile in PROFILES
    for words in ({"layers": 1}, {"layers": 2, "readout": False})
}
GRAPHS = THEIRS | OURS

INSIDE = ("norse", "snntorch", "spikingjelly")
# a loop hangs it, and is predicted to
PATIENT = sorted(set(PRESETS) - {"spyx"})


def worker(name: str):
    """The library's adapter, or a skip with the reason."""
    consumer = CONSUMERS.get(name)
    if consumer is None or consumer.python is None:
        pytest.skip(f"{name} is not installed here")
    return importlib.import_module(f"converter.consumers.workers.{name}_worker")


def ran_inside(name: str, file: Path, x: np.ndarray):
    """(spikes, output), or the error that the library raised."""
    try:
        return worker(name).run(nir.read(file), x, DT)
    except Exception as error:  # noqa: BLE001 - whatever a library raises is its answer
        return error


@functools.cache
def trial_of(graph: str):
    return tried(GRAPHS[graph](), dt=DT, batch=3, steps=60)


def agrees(spikes: dict, wanted: dict, counts: dict | None = None) -> bool:
    """Whether every node that the library told of fired as predicted."""
    for node, fired in spikes.items():
        often = None if fired.dtype == bool else (counts or {}).get(node)
        predicted = wanted[node] if often is None else np.minimum(often, 255)
        if not np.array_equal(fired > 0 if often is None else fired, predicted):
            return False
    return True


def require_foretold(name: str, graph: str, found) -> None:
    """The library did to this graph what `support` and the preset say of it.

    found  (spikes, output), or anything else where the library refused
    """
    trial = trial_of(graph)
    said = verdict(GRAPHS[graph](), trial, name)
    if said.state == REFUSED:
        if isinstance(found, tuple):
            spikes, output = found
            meant = trial.meant
            whole = meant.spikes.keys() <= spikes.keys() and agrees(spikes, meant.spikes)
            same = output.shape == meant.output.shape and np.allclose(output, meant.output)
            assert not (whole and same), f"{name} runs {graph!r} well, against {said.reasons}"
        return
    assert isinstance(found, tuple), f"{name} was to run {graph!r}: {found}"
    spikes, output = found
    predicted = run_nir(in_file_order(trial.graph), trial.x, dt=DT, semantics=PRESETS[name])
    # sinabs says more than once that it fires; of the others a spike is a spike
    spikes = {node: np.asarray(fired) for node, fired in spikes.items()}
    assert agrees(spikes, predicted.spikes, predicted.counts), (
        f"{name} fires otherwise in {graph!r}"
    )
    # adapters see no nodes of inner graphs; their output then tells
    assert spikes or graph.startswith("nested")
    assert output.shape == predicted.output.shape
    np.testing.assert_allclose(output, predicted.output, rtol=1e-5, atol=1e-5)
    if said.state == SUPPORTED:
        assert agrees(spikes, trial.meant.spikes), f"{name} was to be right about {graph!r}"


@pytest.mark.parametrize("graph", sorted(GRAPHS))
@pytest.mark.parametrize("name", INSIDE)
def test_a_library_does_what_its_preset_says(name: str, graph: str, tmp_path) -> None:
    worker(name)
    nir.write(tmp_path / "x.nir", GRAPHS[graph]())
    require_foretold(name, graph, ran_inside(name, tmp_path / "x.nir", trial_of(graph).x))


@pytest.mark.parametrize("name", sorted(set(PRESETS) - set(INSIDE)))
def test_a_library_of_its_own_environment_does_too(name: str, tmp_path) -> None:
    worker_of_its_own(name)
    jobs: dict[str, Job] = {}
    for at, graph in enumerate(GRAPHS):
        refused = verdict(GRAPHS[graph](), trial_of(graph), name).state == REFUSED
        if refused and name not in PATIENT:
            continue
        file = tmp_path / f"{at}.nir"
        try:
            write_nir(GRAPHS[graph](), file, dialect=CONSUMERS[name].dialect)
        except ExportError:
            assert refused, f"{name} was to read {graph!r}, which its release of nir cannot say"
            continue
        jobs[graph] = Job(file, trial_of(graph).x)
    assert len(jobs) > 10
    for graph, answer in zip(
        jobs, run_guarded(CONSUMERS[name], list(jobs.values()), dt=DT), strict=True
    ):
        ran = (answer.spikes, answer.output) if answer.state == "ran" else answer.reason
        require_foretold(name, graph, ran)


def worker_of_its_own(name: str) -> None:
    consumer = CONSUMERS.get(name)
    if consumer is None or consumer.python is None:
        pytest.skip(f"{name} has no environment here: scripts/consumers {name}")


def test_presets_differ_from_each_other_and_from_the_literal_reading() -> None:
    readings = [LITERAL, *PRESETS.values()]
    for at, one in enumerate(readings):
        assert one not in readings[at + 1 :]


def test_every_consumer_that_reads_nir_has_a_preset() -> None:
    known = {name for name, each in CONSUMERS.items() if each.profile != "onnx"}
    assert known <= set(PRESETS)


def test_a_library_that_reorders_is_told_from_one_that_does_not() -> None:
    """The graphs are hard enough: on each preset some graph differs from the literal reading."""
    for name in PRESETS:
        shares = [
            verdict(GRAPHS[graph](), trial_of(graph), name).share
            for graph in ("LIF rt", "LIF loop", "tie", "packed output first", "rec LIF in order")
        ]
        assert any(shares), name
