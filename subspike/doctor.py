"""What is installed here, what is missing, and the command that installs it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
from dataclasses import dataclass

import torch

from converter.consumers import CONSUMERS, ENGINES, Consumer
from hardware import TARGETS, Simulator, Target
from spiking.kernels import core

PRESENT, MISSING = "present", "missing"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for.

    part     what it is
    state    "present" or "missing"
    detail   its version or place; where it is missing, what cannot be done without it
    remedy   the command that installs it, "" where it is present
    """

    part: str
    state: str
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class _Library:
    distribution: str
    module: str
    purpose: str
    remedy: str


_LIBRARIES = (
    _Library("torch", "torch", "everything", "pip install -c constraints.txt ."),
    _Library("snntorch", "snntorch", "the spiking layers", "pip install -c constraints.txt ."),
    _Library("nir", "nir", "NIR files", "pip install -c constraints.txt ."),
    _Library("onnxruntime", "onnxruntime", "running ONNX", "pip install -c constraints.txt ."),
)


def doctor() -> tuple[Finding, ...]:
    """Look for every library, the compiler and the devices; imports none of the optional ones."""
    findings = [Finding("python", PRESENT, platform.python_version())]
    findings += [_library(entry) for entry in _LIBRARIES]
    findings += [_consumer(consumer) for consumer in (*CONSUMERS.values(), *ENGINES.values())]
    findings += [_compiler(), _core()]
    for target in TARGETS.values():
        findings += [_software(target, each, "run") for each in target.simulators]
        findings += [_software(target, target.mapper.software, "map")] if target.mapper else []
        findings += [_software(target, each, "price or build for") for each in target.tools]
    findings += _devices()
    return tuple(findings)


def _library(entry: _Library) -> Finding:
    if importlib.util.find_spec(entry.module) is None:
        return Finding(entry.distribution, MISSING, f"needed for {entry.purpose}", entry.remedy)
    return Finding(entry.distribution, PRESENT, importlib.metadata.version(entry.distribution))


def _consumer(consumer: Consumer) -> Finding:
    """Whether its environment is there; what lives beside us says its version."""
    part = f"reader {consumer.name}"
    if consumer.python is None:
        detail = f"needed to run {consumer.profile} files in {consumer.name} {consumer.release}"
        return Finding(part, MISSING, detail, consumer.command)
    if consumer.apart:
        return Finding(part, PRESENT, f"{consumer.release}, in {consumer.place}")
    found = importlib.metadata.version(consumer.module)
    other = (
        "" if found == consumer.release else f"; what we say of it was seen in {consumer.release}"
    )
    return Finding(part, PRESENT, found + other)


def _software(target: Target, simulator: Simulator, verb: str) -> Finding:
    part = f"{target.name}: {simulator.name}"
    if simulator.python is None:
        detail = f"needed to {verb} {target.name} in software that is not ours"
        return Finding(part, MISSING, detail, simulator.command)
    return Finding(part, PRESENT, f"proved with {simulator.release}, run by {simulator.python}")


def _compiler() -> Finding:
    found = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if found is None:
        return Finding(
            "C++ compiler",
            MISSING,
            "needed for the C++ core and to install xylosim",
            "apt-get install g++",
        )
    return Finding("C++ compiler", PRESENT, found)


def _core() -> Finding:
    found = core()
    if found.library is None:
        detail = f"kernels run in torch, several times slower: {found.detail}"
        return Finding("C++ core", MISSING, detail, "apt-get install g++")
    return Finding("C++ core", PRESENT, f"{found.instruction_set}, {found.detail}")


def _devices() -> list[Finding]:
    threads = f"cpu, {torch.get_num_threads()} threads"
    findings = [Finding("device cpu", PRESENT, threads)]
    if not torch.cuda.is_available():
        detail = "this torch sees no GPU; everything runs on the CPU"
        return [*findings, Finding("device cuda", MISSING, detail)]
    return findings + [
        Finding(f"device cuda:{index}", PRESENT, torch.cuda.get_device_name(index))
        for index in range(torch.cuda.device_count())
    ]
