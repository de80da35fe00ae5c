"""Arguments that several verbs of the command line share."""

from __future__ import annotations

import argparse
from pathlib import Path

from .tasks import TASKS


def task(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Which data set, and where it lies."""
    parser.add_argument(
        "--task",
        choices=sorted(TASKS),
        default=None if required else "digits-rows",
        required=required,
        help="data set (default: digits-rows, which needs no download)",
    )
    parser.add_argument("--data", type=Path, help="folder or .npz for tasks that need a file")


def common(parser: argparse.ArgumentParser) -> None:
    """What most verbs take: device, seed, progress bars."""
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:1 (default: cpu)")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default: 0)")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def out(parser: argparse.ArgumentParser, what: str) -> None:
    """Where the result goes."""
    parser.add_argument("--out", type=Path, required=True, help=what)


def step(parser: argparse.ArgumentParser) -> None:
    """The time step of a file."""
    parser.add_argument(
        "--dt", type=float, default=1e-4, help="seconds per step of the file (default: 1e-4)"
    )
