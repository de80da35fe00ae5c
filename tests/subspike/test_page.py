"""The report page stands alone, escapes what it is told, and opens in a real browser."""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from subspike.page import page, write_page
from tests.subspike.made import comparison

ROOT = Path(__file__).parents[2]
RASTER = {"l0.z": np.eye(8, dtype=bool)}


class Reader(HTMLParser):
    """Tags, in order, and whether every one that opens also closes."""

    VOID = ("meta", "br", "path", "use", "rect", "line")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.seen.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href") and not str(value).startswith("#"):
                self.outside.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_from_outside() -> None:
    reader = Reader()
    text = page(comparison(), raster=RASTER)
    reader.feed(text)
    assert reader.open == []
    assert reader.outside == []
    assert "script" not in reader.seen
    assert reader.seen.count("figure") == 5
    assert "@import" not in text
    assert "url(http" not in text


def test_words_are_escaped() -> None:
    text = page(comparison())
    assert "made &lt;by&gt; hand" in text
    assert "8 levels &lt;of&gt; a sigmoid" in text
    assert "no such software &amp; no chip" in text
    assert "<by>" not in text


def test_every_stage_run_or_not_is_on_the_page() -> None:
    text = page(comparison(lost=5))
    for name in ("rate", "spiking", "NIR", "chip"):
        assert f"<td>{name}</td>" in text
    assert 'class="verdict degraded"' in text


def browser() -> str:
    done = subprocess.run([ROOT / "scripts/browser"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("no Chromium here, and none could be installed")
    return done.stdout.strip()


def test_a_real_browser_lays_it_out_without_network(tmp_path) -> None:
    write_page(comparison(), tmp_path / "report.html", raster=RASTER)
    command = [
        browser(),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=2000",
    ]
    address = (tmp_path / "report.html").as_uri()
    done = subprocess.run(
        [*command, "--dump-dom", address], capture_output=True, text=True, check=True, timeout=120
    )
    assert len(re.findall(r"<svg", done.stdout)) == 5
    assert "Rate model against its spiking network" in done.stdout
    picture = tmp_path / "page.png"
    subprocess.run(
        [*command, f"--screenshot={picture}", "--window-size=1100,1400", address],
        capture_output=True,
        check=True,
        timeout=120,
    )
    from matplotlib.image import imread

    pixels = imread(picture)
    assert pixels.shape[:2] == (1400, 1100)
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 50
