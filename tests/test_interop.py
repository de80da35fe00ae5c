"""The faults of others that docs/interop.md shows are there, in the releases that it names."""

import importlib.metadata
import importlib.util
import os
import re
import subprocess
import warnings

import pytest

from converter.consumers import CONSUMERS
from docs.make import ROOT

TEXT = (ROOT / "docs/interop.md").read_text()
FAULTS = TEXT[TEXT.index("## Faults") :]


def reproductions() -> list[tuple[str, str, str]]:
    """(heading, what must be installed, code) of every block."""
    found = []
    for section in FAULTS.split("\n### ")[1:]:
        heading, body = section.split("\n", 1)
        blocks = re.findall(r"```python\n(.*?)```", body, re.DOTALL)
        found += [(heading, re.match(r"# needs: (\w+)", code)[1], code) for code in blocks]
    return found


@pytest.mark.parametrize(
    ("heading", "needs", "code"),
    [pytest.param(*each, id=f"{each[0]} {at}") for at, each in enumerate(reproductions())],
)
def test_a_fault_is_reproduced_by_its_lines(heading, needs, code, tmp_path, monkeypatch) -> None:
    consumer = CONSUMERS.get(needs)
    monkeypatch.chdir(tmp_path)
    if consumer is not None and consumer.apart:
        if consumer.python is None:
            pytest.skip(f"not built here: {consumer.command}")
        done = subprocess.run(
            [consumer.python, "-W", "ignore", "-c", code],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"JAX_PLATFORMS": "cpu"},
        )
        assert done.returncode == 0, done.stderr
        return
    if importlib.util.find_spec(needs) is None:
        pytest.skip(f"{needs} is not installed here")
    assert importlib.metadata.version(needs) == heading.split()[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of their imports
        exec(compile(code, heading, "exec"), {"__name__": heading})


def test_there_is_a_reproduction_for_every_consumer_that_departs() -> None:
    needed = {needs for _, needs, _ in reproductions()}
    mapped = {name for name, consumer in CONSUMERS.items() if not consumer.importer}
    assert needed >= set(CONSUMERS) - mapped
