"""Scripts that travel in an export folder and prove it where nothing of ours is installed."""

from pathlib import Path


def script(name: str) -> bytes:
    """The text of one of them: "verify.py" for ONNX, "verify_nir.py" for NIR."""
    return (Path(__file__).parent / name).read_bytes()


__all__ = ["script"]
