"""Write the generated parts of the documents: tables of targets, the demo's table and picture.

    python -m docs.make [demo/report.json]

Given a report, it is copied to docs/report.json, which README's table and picture are drawn from.
"""

import re
import sys
from pathlib import Path

from hardware import formats_table, targets_table
from subspike.pictures import accuracy
from subspike.report import from_json, table

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs/report.json"
PICTURE = ROOT / "docs/accuracy.svg"


def parts() -> dict[str, str]:
    """The generated parts by name, as Markdown."""
    comparison = from_json(REPORT.read_text())
    return {
        "demo": f"```\n{table(comparison)}\n```",
        "formats": formats_table(),
        "targets": targets_table(),
    }


def filled(text: str) -> str:
    """A document with every generated part written anew."""
    made = parts()

    def part(found: re.Match[str]) -> str:
        return f"{found[1]}\n\n{made[found[2]]}\n\n<!-- end -->"

    return re.sub(
        r"(<!-- (\w+): written by make docs -->).*?<!-- end -->", part, text, flags=re.DOTALL
    )


def picture() -> str:
    """Accuracy of every stage on white, since a README may be shown on black."""
    svg = accuracy(from_json(REPORT.read_text()))
    end = svg.index(">", svg.index("<svg")) + 1
    return f'{svg[:end]}<rect width="100%" height="100%" fill="white"/>{svg[end:]}'


def main() -> None:
    """Rewrite documents and picture in place."""
    if len(sys.argv) > 1:
        text = Path(sys.argv[1]).read_text()
        from_json(text)
        REPORT.write_text(text)
    for path in (ROOT / "README.md", ROOT / "docs/hardware.md"):
        path.write_text(filled(path.read_text()))
    PICTURE.write_text(picture())


if __name__ == "__main__":
    main()
