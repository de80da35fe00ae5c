"""The generic core claims no limits that a product would have."""

from hardware import TARGETS


def test_it_is_said_to_be_no_product() -> None:
    target = TARGETS["digital"]
    assert "not a product" in target.source
    assert (target.limits.hidden, target.format.potential.bits) == (None, 32)
