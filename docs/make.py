"""Write the generated parts of the documents: tables of targets and readers, results, a picture.

    python -m docs.make [demo/report.json]

Given a report, it is copied to docs/report.json, which README's table and picture are drawn from.
The matrix of docs/interop.md is drawn from docs/conformance.json, which `make conform` writes, the
rows of the targets and their picture from docs/targets.json, which `make bench-targets` writes.
"""

import json
import re
import sys
from pathlib import Path

from converter import CONSUMERS, PROFILES
from converter.conform import markdown
from converter.consumers import ENGINES
from hardware import formats_table, targets_table
from subspike.deployment_table import MARGIN, rows_of
from subspike.deployment_table import markdown as markdown_of_rows
from subspike.pictures import accuracy, deployment
from subspike.report import from_json, table

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs/report.json"
CONFORMANCE = ROOT / "docs/conformance.json"
DEPLOYED = ROOT / "docs/targets.json"
WRITTEN = ("README.md", "docs/hardware.md", "docs/interop.md")


def parts() -> dict[str, str]:
    """The generated parts by name, as Markdown."""
    comparison = from_json(REPORT.read_text())
    return {
        "conformance": conformance(),
        "deployed": deployed(),
        "demo": f"```\n{table(comparison)}\n```",
        "formats": formats_table(),
        "profiles": profiles(),
        "readers": readers(),
        "targets": targets_table(),
    }


def conformance() -> str:
    """The last run of `make conform`."""
    found = json.loads(CONFORMANCE.read_text())
    equal = [row["consumer"] for row in found["consumers"] if row["measured"] == "equal"]
    return (
        f"{len(equal)} of {len(found['consumers'])} are equal in every bin of {found['cases']} "
        f"cases: {', '.join(equal)}.\n\n{markdown(found)}"
    )


def deployed() -> str:
    """The last run of `make bench-targets`, a table for each network."""
    found = json.loads(DEPLOYED.read_text())
    return "\n\n".join(
        f"`{each['network']}` on {each['task']} ({each['split']}); simulators ran "
        f"{each['compared']} of the samples:\n\n{markdown_of_rows(rows_of(each))}"
        for each in found.values()
    )


def readers() -> str:
    """Who reads which profile, and how."""
    heads = ("consumer", "release", "reads", "through", "installed by")
    rows = [
        (
            each.name,
            each.release,
            each.profile if each.dialect == "1.0.8" else f"{each.profile}, nir {each.dialect}",
            f"`{each.importer}`" if each.importer else "nodes mapped by us",
            f"`{each.command}`",
        )
        for each in (*CONSUMERS.values(), *ENGINES.values())
    ]
    return piped(heads, rows)


def profiles() -> str:
    """What each profile is for, and who reads it."""
    heads = ("profile", "what it is", "run by", "one-sided populations")
    rows = [
        (
            f"`{name}`",
            each.summary,
            ", ".join(c.name for c in CONSUMERS.values() if c.profile == name) or "our interpreter",
            "yes" if each.one_sided else "no",
        )
        for name, each in PROFILES.items()
    ]
    return piped(heads, rows)


def piped(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, ("---",) * len(heads), *rows))


def filled(text: str) -> str:
    """A document with every generated part written anew."""
    made = parts()

    def part(found: re.Match[str]) -> str:
        return f"{found[1]}\n\n{made[found[2]]}\n\n<!-- end -->"

    return re.sub(
        r"(<!-- (\w+): written by make docs -->).*?<!-- end -->", part, text, flags=re.DOTALL
    )


def pictures() -> dict[str, str]:
    """By file, on white, since a README may be shown on black."""
    drawn = {
        "docs/accuracy.svg": accuracy(from_json(REPORT.read_text())),
        "docs/targets.svg": deployment(
            rows_of(json.loads(DEPLOYED.read_text())["digits-rows"]), margin=MARGIN
        ),
    }
    return {name: _on_white(svg) for name, svg in drawn.items()}


def _on_white(svg: str) -> str:
    end = svg.index(">", svg.index("<svg")) + 1
    return f'{svg[:end]}<rect width="100%" height="100%" fill="white"/>{svg[end:]}'


def main() -> None:
    """Rewrite documents and picture in place."""
    if len(sys.argv) > 1:
        text = Path(sys.argv[1]).read_text()
        from_json(text)
        REPORT.write_text(text)
    for name in WRITTEN:
        path = ROOT / name
        path.write_text(filled(path.read_text()))
    for name, svg in pictures().items():
        (ROOT / name).write_text(svg)


if __name__ == "__main__":
    main()
