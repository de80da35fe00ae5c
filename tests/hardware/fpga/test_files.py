"""The project's files are whole, and plain."""

import json

from hardware.fpga.files import SOURCES, TESTBENCH
from tests.hardware.fpga.networks import configured, random_network


def test_a_project_has_sources_sizes_memories_and_its_order() -> None:
    network = random_network(2)
    files = configured(network, lanes=2).files
    # so small a network's tables all lie in logic
    memories = [f"{name}_tail.hex" for name in ("blocks", "columns", "weights", "rows", "rungs")]
    others = [TESTBENCH, "network.vh", "network.json", "places.hex"]
    assert sorted(files) == sorted([*SOURCES, *memories, *others])
    sizes = dict(
        line.removeprefix("localparam ").rstrip(";").split(" = ")
        for line in files["network.vh"].decode().splitlines()
        if line.startswith("localparam")
    )
    for name in ("weights", "rows", "rungs"):
        assert len(files[f"{name}_tail.hex"].splitlines()) == int(sizes[name.upper()])
        assert sizes[f"{name.upper()}_HEAD"] == "0"
    made = json.loads(files["network.json"])
    assert made["groups"] == [group.name for group in network.groups]
    assert len(made["order"]) + len(made["wires"]) == sum(map(len, network.groups))


def test_equal_networks_make_equal_files() -> None:
    first, second = (configured(random_network(5)).files for _ in range(2))
    assert first == second
