"""One rate layer, step after step, with nothing between the caller and the core."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import torch
from torch import Tensor

from ..activation import Activation
from ..errors import ShapeError
from . import cpu
from .build import core
from .reference import Weights, rate_step


class RateStream:
    """A subLSTM layer that keeps its state; calling it with x (batch, input) advances one step.

    The returned h (batch, hidden) and the attributes `h` and `c` are the same memory every time,
    overwritten by the next step; clone what you want to keep. No gradient. Float32 on the CPU.
    """

    def __init__(
        self, weights: Weights, *, batch: int, gate: Activation, output: Activation
    ) -> None:
        hidden = weights.weight_hh.shape[1]
        self._inputs = weights.weight_ih.shape[1]
        self._weights = Weights(
            *(None if w is None else w.detach().float().cpu().contiguous() for w in weights)  # type: ignore[arg-type]
        )
        self._functions = gate, output
        self.h = torch.zeros(batch, hidden)
        self.c = torch.zeros(batch, hidden)
        self._before = torch.zeros(batch, hidden)
        library = core().library
        self._advance = self._in_torch if library is None else self._in_core(library)

    def __call__(self, x: Tensor) -> Tensor:
        """Advance by one step; ShapeError where x is not (batch, input) float32 on the CPU."""
        if x.shape != (self.h.shape[0], self._inputs) or x.dtype != torch.float32 or x.is_cuda:
            raise ShapeError(
                f"x is {tuple(x.shape)} {x.dtype} on {x.device}; this stream takes "
                f"({self.h.shape[0]}, {self._inputs}) float32 on the CPU"
            )
        self._advance(x)
        return self.h

    def reset(self) -> None:
        """Back to silence: h = c = 0."""
        self.h.zero_()
        self.c.zero_()

    def _in_torch(self, x: Tensor) -> None:
        with torch.no_grad():
            w = self._weights
            drive = torch.addmm(w.bias, x, w.weight_ih.t()).addmm_(self.h, w.weight_hh.t())
            gate, output = self._functions
            step = rate_step(drive, self.c, forget=w.forget, gate=gate, output=output)
            self.h.copy_(step.h)
            self.c.copy_(step.c)

    def _in_core(self, library: ctypes.CDLL) -> Callable[[Tensor], None]:
        w, hidden = self._weights, self.h.shape[1]
        gates = w.weight_hh.shape[0] // hidden
        inner = cpu.packed(w.weight_ih, gates, hidden)
        outer = cpu.packed(w.weight_hh, gates, hidden)
        gate, output = (cpu.CODES[each.name] for each in self._functions)
        call = cpu.Call(1, len(self.h), hidden, self._inputs, gates, gate, output, workers=1)
        self._kept = inner, outer, call
        step, pointer = library.rate_forward, ctypes.c_void_p
        head = ctypes.byref(call)
        fixed = [*map(cpu.at, (None, inner, w.bias, outer, w.forget))]
        before, c, h = map(cpu.at, (self._before, self.c, self.h))
        # h is read while it is written, so the last one is copied aside first
        last, size = (self._before.data_ptr(), self.h.data_ptr()), 4 * self.h.numel()

        def advance(x: Tensor) -> None:
            ctypes.memmove(*last, size)
            kept = x.contiguous()
            step(head, pointer(kept.data_ptr()), *fixed, before, c, h, c, None)

        return advance
