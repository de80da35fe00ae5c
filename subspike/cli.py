"""The command line: `subspike VERB ...`; one table of verbs, one place that writes."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from spiking import processes
from spiking.codes.compound import MESSAGES
from spiking.errors import ConfigError, SubspikeError

from . import commands, inquiries, interchange
from .answer import BAD_INPUT, Answer
from .arguments import common, out, task
from .search import METRICS, TARGETS

Add = Callable[[argparse.ArgumentParser], None]


@dataclass(frozen=True)
class Verb:
    """One subcommand: what it does, an example, its arguments and the function behind it."""

    summary: str
    example: str
    add: Add
    run: Callable[[argparse.Namespace], Answer]


def _add_train(parser: argparse.ArgumentParser) -> None:
    task(parser)
    out(parser, "checkpoint to write (.safetensors)")
    parser.add_argument("--hidden", type=int, default=40, help="units per layer (default: 40)")
    parser.add_argument("--layers", type=int, default=1, help="layers (default: 1)")
    parser.add_argument("--forget", choices=("fixed", "gated"), default="fixed")
    parser.add_argument(
        "--activation", choices=("sigmoid", "hard_sigmoid", "adaptive"), default="sigmoid"
    )
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=1e-2)
    parser.add_argument("--label-smoothing", type=float, default=0.05)
    common(parser)


def _add_convert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rate", type=Path, help="rate checkpoint, ours or a public layout")
    out(parser, "spiking network to write (.safetensors)")
    parser.add_argument("--code", choices=commands.code_names(), default="population")
    parser.add_argument(
        "--levels",
        type=int,
        default=8,
        help="levels of a value: neurons K of a population, micro-steps T of a rate code, "
        "milliseconds of an adaptive one (default: 8)",
    )
    parser.add_argument(
        "--one-sided", action="store_true", help="one-sided populations, rate codes in pairs"
    )
    parser.add_argument(
        "--message", choices=MESSAGES, default="delta", help="what a compound unit sends"
    )
    parser.add_argument(
        "--product", choices=commands.product_names(), help="how spikes form a computed forget"
    )
    parser.add_argument("--layout", help="name of the checkpoint's layout where keys do not tell")
    parser.add_argument(
        "--distil", action="store_true", help="replace a gated forget by a constant, on --task"
    )
    task(parser)
    common(parser)


def _whole_numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


def _add_tune(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", type=Path, help="spiking network (.safetensors)")
    parser.add_argument("--teacher", type=Path, required=True, help="the rate checkpoint")
    out(parser, "tuned network to write (.safetensors)")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument(
        "--anneal",
        type=_whole_numbers,
        default=(),
        metavar="16,8,4",
        help="tune at each of these levels in turn; the last stay",
    )
    parser.add_argument(
        "--spike-penalty", type=float, default=0.0, help="loss for a spike that leaves a unit"
    )
    parser.add_argument(
        "--forced", action="store_true", help="learn single steps from the teacher's states"
    )
    parser.add_argument(
        "--mixtures", type=int, default=3, help="mixtures of two samples beside each (default: 3)"
    )
    task(parser)
    common(parser)


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rate", type=Path, help="rate checkpoint")
    parser.add_argument("network", type=Path, help="spiking network (.safetensors)")
    out(parser, "folder for report.html and report.json")
    parser.add_argument("--margin", type=float, default=1.0, help="points that may be lost")
    task(parser)
    common(parser)


def _samples(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--samples", type=int, default=500, help="last samples of the training part (default: 500)"
    )


def _asked(parser: argparse.ArgumentParser) -> None:
    _samples(parser)
    parser.add_argument(
        "--margin", type=float, default=0.3, help="points that may be lost (default: 0.3)"
    )


def _add_predict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rate", type=Path, help="rate checkpoint")
    parser.add_argument(
        "--measure", action="store_true", help="convert at every number of levels and show both"
    )
    _asked(parser)
    task(parser)
    common(parser)


def _add_search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rate", type=Path, help="rate checkpoint")
    out(parser, "folder for study.db and pareto.svg")
    parser.add_argument("--target", choices=sorted(TARGETS), default="any")
    parser.add_argument("--metric", choices=sorted(METRICS), default="operations")
    parser.add_argument("--trials", type=int, default=40, help="of the study in all (default: 40)")
    parser.add_argument("--storage", help="URL of a database that machines share")
    _asked(parser)
    task(parser)
    common(parser)


def _add_diagnose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rate", type=Path, help="rate checkpoint")
    parser.add_argument("network", type=Path, help="spiking network (.safetensors)")
    parser.add_argument(
        "--observed", type=Path, help=".npz with 'logits' of these samples from another engine"
    )
    _samples(parser)
    task(parser)
    common(parser)


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder (default: demo)")
    parser.add_argument("--margin", type=float, default=1.0, help="points that may be lost")
    common(parser)


def _add_doctor(_parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


VERBS: dict[str, Verb] = {
    "train": Verb(
        "train a rate subLSTM",
        "subspike train --task digits-rows --out rate.safetensors",
        _add_train,
        commands.train,
    ),
    "convert": Verb(
        "turn a trained rate model into a spiking network",
        "subspike convert rate.safetensors --levels 8 --out net.safetensors",
        _add_convert,
        commands.convert,
    ),
    "tune": Verb(
        "tune a spiking network against its rate model",
        "subspike tune net.safetensors --teacher rate.safetensors --out tuned.safetensors",
        _add_tune,
        commands.tune,
    ),
    "export": Verb(
        "write NIR, ONNX and golden vectors, and prove them by running them",
        "subspike export tuned.safetensors --out export",
        interchange.add_export,
        interchange.export,
    ),
    "check": Verb(
        "say what is wrong in a NIR file, who reads it how, and whether it fits a chip",
        "subspike check export/network.nir --target xylo-audio3",
        interchange.add_check,
        interchange.check,
    ),
    "run": Verb(
        "run a NIR file and report its accuracy and spikes",
        "subspike run export/network.nir --engine snntorch",
        interchange.add_run,
        interchange.run,
    ),
    "conform": Verb(
        "run every installed simulator and engine on a file and compare their spikes",
        "subspike conform export",
        interchange.add_conform,
        interchange.conform,
    ),
    "compare": Verb(
        "compare the rate model with every stage of its spiking network",
        "subspike compare rate.safetensors tuned.safetensors --out report --margin 1.0",
        _add_compare,
        commands.compare,
    ),
    "predict": Verb(
        "say how many levels a model needs, before anything is simulated",
        "subspike predict rate.safetensors --margin 0.3",
        _add_predict,
        inquiries.predict,
    ),
    "search": Verb(
        "find the cheapest code that stays within a margin",
        "subspike search rate.safetensors --metric spikes --out search",
        _add_search,
        inquiries.search,
    ),
    "diagnose": Verb(
        "rank the reasons why accuracy was lost, by putting each right",
        "subspike diagnose rate.safetensors net.safetensors",
        _add_diagnose,
        inquiries.diagnose,
    ),
    "demo": Verb(
        "do all of it on handwritten digits, offline",
        "subspike demo --out demo",
        _add_demo,
        commands.demo,
    ),
    "doctor": Verb(
        "say what is installed, what is missing, and how to install it",
        "subspike doctor --json",
        _add_doctor,
        commands.doctor,
    ),
}


# verbs whose work several processes share, under torchrun
SHARED_VERBS = ("train", "tune", "compare")


def parser() -> argparse.ArgumentParser:
    """The whole grammar; every verb has `--json`, and an example at the end of its help."""
    whole = argparse.ArgumentParser(
        prog="subspike",
        description="Rate subLSTM to spiking network, to NIR, ONNX and chips, with the cost of "
        "each stage measured.",
        epilog="Exit codes: 0 done, 1 the answer is no, 2 bad input.",
    )
    verbs = whole.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, verb in VERBS.items():
        sub = verbs.add_parser(
            name,
            help=verb.summary,
            description=verb.summary[0].upper() + verb.summary[1:] + ".",
            epilog=f"Example: {verb.example}",
        )
        sub.add_argument("--json", action="store_true", help="answer as JSON on stdout")
        verb.add(sub)
    return whole


def _required_alone(given: argparse.Namespace) -> str:
    """The device of a verb; ConfigError for one that torchrun started and that cannot share."""
    if processes.launched() > 1 and given.verb not in SHARED_VERBS:
        raise ConfigError(
            f"{given.verb} runs in one process; torchrun is for {', '.join(SHARED_VERBS)}"
        )
    return str(getattr(given, "device", "cpu"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code (argparse itself exits with 2 on bad usage)."""
    given = parser().parse_args(arguments)
    try:
        with processes.group(_required_alone(given)):
            answer = VERBS[given.verb].run(given)
            if processes.rank() > 0:
                return answer.code
    except SubspikeError as error:
        kind = type(error).__name__
        answer = Answer(f"{kind}: {error}", {"error": kind, "message": str(error)}, BAD_INPUT)
    text = json.dumps(answer.data, indent=2, sort_keys=True) if given.json else answer.text
    stream = sys.stderr if answer.code == BAD_INPUT and not given.json else sys.stdout
    stream.write(text + "\n")
    return answer.code
