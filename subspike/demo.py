"""The main job on handwritten digits, offline: train, convert, tune, export, simulate, compare."""

from __future__ import annotations

from pathlib import Path

import torch

from converter import (
    FitSettings,
    convert,
    export,
    mixtures,
    multispike_to_nir,
    quantize,
    save_checkpoint,
    to_multispike,
    tune,
    tune_multispike,
    write_nir,
)
from spiking import Population

from .flow import PROFILES, Flow, concluded
from .stages import XYLO_DT, Subjects
from .tasks import load_task
from .train import TrainSettings, train

TASK = "digits-rows"
CODE = Population(levels=8)


def demo(
    folder: Path,
    *,
    margin: float = 0.01,
    seed: int = 0,
    device: torch.device | None = None,
    progress: bool = True,
) -> Flow:
    """Run the whole flow; every file it makes lies in `folder`, which must exist.

    rate.safetensors, export/ (network, NIR, ONNX, golden vectors, verifier) and xylo.nir.
    """
    device = torch.device("cpu") if device is None else device
    task = load_task(TASK)
    rate = train(task, settings=TrainSettings(seed=seed), device=device, progress=progress)
    conversion = convert(rate, code=CODE, seed=seed, device=device, progress=progress)
    tuned = tune(
        conversion.network,
        teacher=rate,
        data=mixtures(task.train_x, seed=seed),
        settings=FitSettings(epochs=30),
        seed=seed,
        device=device,
        progress=progress,
    )
    net = quantize(tuned.cpu(), input_bits=task.input_bits, input_max=task.input_max)
    multispike = tune_multispike(
        to_multispike(rate).network,
        teacher=rate,
        data=task.train_x,
        seed=seed,
        device=device,
        progress=progress,
    ).cpu()
    rate = rate.cpu()
    save_checkpoint(rate, folder / "rate.safetensors", notes={"task": task.name, "seed": str(seed)})
    export(net, folder / "export", task.test_x, profiles=PROFILES)
    write_nir(multispike_to_nir(multispike, dt=XYLO_DT), folder / "xylo.nir")
    subjects = Subjects(
        rate,
        net,
        task,
        folder / "export",
        device,
        converted=conversion.network.cpu(),
        tuned=tuned,
        multispike=multispike,
    )
    return concluded(
        subjects,
        calibration=f"all {len(task.train_x)} training samples, none of the test samples",
        margin=margin,
        seed=seed,
        coverage=conversion.coverage,
        progress=progress,
    )
