"""Pictures are SVG, the same bytes for the same comparison, and share a page without clashing."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from spiking import Compound
from subspike import pictures
from subspike.search import Found, Tried
from tests.subspike.made import BROKEN, FAILED, GOOD, comparison

SPIKES = {
    "l0.z": np.random.default_rng(0).random((8, 12)) < 0.3,
    "l0.s": np.zeros((8, 6), bool),
}
TRIED = [Tried(Compound(k), None, 0.2 / k - 0.01, 1e4 * k) for k in (4, 8, 16)]
FOUND = Found(TRIED[1], tuple(TRIED), tuple(TRIED), "operations", 0.02, 0.9)
DRAWN = {
    "deployment": lambda: pictures.deployment([GOOD, BROKEN, FAILED], margin=0.5),
    "pareto": lambda: pictures.pareto(FOUND),
    "accuracy": lambda: pictures.accuracy(comparison()),
    "waterfall": lambda: pictures.waterfall(comparison()),
    "levels": lambda: pictures.levels(comparison()),
    "error": lambda: pictures.error(comparison()),
    "raster": lambda: pictures.raster(SPIKES),
}
WORDS = {
    "deployment": ["digital", "xylo-imu", "outputs_fit", "failed"],
    "pareto": ["operations per inference", "Compound(levels=8, message='delta')"],
    "accuracy": ["rate", "spiking", "NIR"],
    "waterfall": ["-1.5", "+0.0", "spiking"],
    "levels": ["rate model", "accuracy, %", "foretold"],
    "error": ["l0.z", "l0.h"],
    "raster": ["l0.z (12)", "l0.s (6)"],
}


def texts(svg: str) -> list[str]:
    return [
        "".join(node.itertext()).strip() for node in ET.fromstring(svg).iter() if "text" in node.tag
    ]


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_a_picture_says_what_it_shows_and_repeats_itself(name) -> None:
    svg = DRAWN[name]()
    assert svg == DRAWN[name]()
    found = [text.replace("\N{MINUS SIGN}", "-") for text in texts(svg)]
    for word in WORDS[name]:
        assert word in found
    assert "http://" not in re.sub(
        r'xmlns(:\w+)?="[^"]*"|<!DOCTYPE[^>]*>', "", svg.split("<g", 1)[1]
    )


def test_pictures_on_one_page_share_no_ids_and_every_reference_resolves() -> None:
    drawn = [DRAWN[name]() for name in sorted(DRAWN)]
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in drawn]
    for one, svg in zip(ids, drawn, strict=True):
        used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
        assert used
        assert used <= one
    assert len(set.union(*ids)) == sum(map(len, ids))


def test_a_raster_has_a_mark_for_every_spike() -> None:
    # both span the same steps and neurons, so that ticks and lines are the same
    few, many = (
        pictures.raster({"l0.z": spikes}).count("<use ")
        for spikes in (np.eye(5, dtype=bool), np.ones((5, 5), bool))
    )
    assert many - few == 20
