"""A model worth losing: digits by rows, learned in two seconds and shared by tests."""

import functools

from subspike import SubLSTMClassifier, Task, TrainSettings, load_task, train

STEPS, UNITS, CLASSES = 8, 16, 10


@functools.cache
def digits() -> Task:
    """The task; on a grid of 1/16."""
    return load_task("digits-rows")


@functools.cache
def rate_model(forget: str = "fixed") -> SubLSTMClassifier:
    """Trained on it; every test gets the same one, so it must not be changed."""
    settings = TrainSettings(hidden=UNITS, forget=forget, epochs=15)
    return train(digits(), settings=settings, progress=False).requires_grad_(requires_grad=False)
