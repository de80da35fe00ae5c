"""Kernels for a GPU, more than 64 units: tiles of the weights come from the second cache.

A program owns its batch rows over all steps, as in gpu_near.py, and goes through the units tile by
tile; its state lies in global memory, where it meets nobody else's. A barrier ends whatever later
tiles read. PRODUCT says how operands are multiplied, always into float32 sums: EXACT, BF16, or
BF16_WIDENED, which rounds operands alike and multiplies them as float32: the interpreter of Triton
3.9 multiplies the bits of bfloat16.
"""

from __future__ import annotations

import triton
import triton.language as tl

from .gpu_near import activate, slope

EXACT, BF16, BF16_WIDENED = 0, 1, 2


@triton.jit
def _product(a: tl.tensor, b: tl.tensor, total: tl.tensor, PRODUCT: tl.constexpr) -> tl.tensor:
    if PRODUCT != 0:
        a, b = a.to(tl.bfloat16), b.to(tl.bfloat16)
    if PRODUCT == 1:
        return tl.dot(a, b, acc=total)
    if PRODUCT == 2:
        a, b = a.to(tl.float32), b.to(tl.float32)
    return tl.dot(a, b, acc=total, input_precision="ieee")


@triton.jit
def _drive(
    now: tl.tensor,
    before: tl.tensor,
    turned: tl.tensor,
    rows: tl.tensor,
    units: tl.tensor,
    batch: tl.tensor,
    hidden: tl.tensor,
    gate: tl.constexpr,
    GATES: tl.constexpr,
    TILE: tl.constexpr,
    PRODUCT: tl.constexpr,
) -> tl.tensor:
    """W x + b of one gate of a tile, plus R h.

    now     drives of this step    # (batch, gates, hidden)
    before  h of the last one      # (batch, hidden)
    turned  R, transposed          # (hidden, gates * hidden)
    """
    live = (rows < batch) & (units < hidden)
    total = tl.load(now + (rows * GATES + gate) * hidden + units, mask=live, other=0.0)
    for start in range(0, hidden, TILE):
        across = start + tl.arange(0, TILE)[None, :]
        down = start + tl.arange(0, TILE)[:, None]
        seen = (rows < batch) & (across < hidden)
        h = tl.load(before + rows * hidden + across, mask=seen, other=0.0)
        place = (down * GATES + gate) * hidden + units
        r = tl.load(turned + place, mask=(down < hidden) & (units < hidden), other=0.0)
        total = _product(h, r, total, PRODUCT)
    return total


@triton.jit
def forward(
    drive: tl.tensor,
    turned: tl.tensor,
    forget: tl.tensor,
    h: tl.tensor,
    c: tl.tensor,
    gates: tl.tensor,
    steps: tl.tensor,
    batch: tl.tensor,
    hidden: tl.tensor,
    GATES: tl.constexpr,
    TILE: tl.constexpr,
    ROWS: tl.constexpr,
    GATE: tl.constexpr,
    CELL: tl.constexpr,
    PRODUCT: tl.constexpr,
) -> None:
    """Rates; h and c (steps + 1, batch, hidden) begin with what came before."""
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)[:, None]
    for t in range(steps):
        now, last = drive + t * batch * GATES * hidden, h + t * batch * hidden
        for start in range(0, hidden, TILE):
            units = start + tl.arange(0, TILE)[None, :]
            live = (rows < batch) & (units < hidden)
            place = t * batch * hidden + rows * hidden + units
            kept = gates + t * batch * GATES * hidden + rows * GATES * hidden + units
            a_z = _drive(now, last, turned, rows, units, batch, hidden, 0, GATES, TILE, PRODUCT)
            a_i = _drive(now, last, turned, rows, units, batch, hidden, 1, GATES, TILE, PRODUCT)
            a_o = _drive(now, last, turned, rows, units, batch, hidden, 2, GATES, TILE, PRODUCT)
            z, i, o = activate(a_z, GATE), activate(a_i, GATE), activate(a_o, GATE)
            if GATES == 4:
                a_f = _drive(now, last, turned, rows, units, batch, hidden, 3, GATES, TILE, PRODUCT)
                f = activate(a_f, GATE)
                tl.store(kept + 3 * hidden, f, mask=live)
            else:
                f = tl.load(forget + units, mask=units < hidden, other=0.0)
            cell = f * tl.load(c + place, mask=live, other=0.0) + z - i
            tl.store(kept, z, mask=live)
            tl.store(kept + hidden, i, mask=live)
            tl.store(kept + 2 * hidden, o, mask=live)
            tl.store(c + batch * hidden + place, cell, mask=live)
            tl.store(h + batch * hidden + place, activate(cell, CELL) - o, mask=live)
        tl.debug_barrier()


@triton.jit
def backward(
    recurrent: tl.tensor,
    forget: tl.tensor,
    gates: tl.tensor,
    cells: tl.tensor,
    grad_h: tl.tensor,
    grad_c: tl.tensor,
    dh: tl.tensor,
    dc: tl.tensor,
    d_drive: tl.tensor,
    d_forget: tl.tensor,
    steps: tl.tensor,
    batch: tl.tensor,
    hidden: tl.tensor,
    GATES: tl.constexpr,
    TILE: tl.constexpr,
    ROWS: tl.constexpr,
    GATE: tl.constexpr,
    CELL: tl.constexpr,
    PRODUCT: tl.constexpr,
) -> None:
    """Gradients of the drives, last step first; the equations stand in rate.cpp.

    dh, dc, d_forget  come in as zeros and hold what goes on to the step before   # (batch, hidden)
    cells             (steps + 1, batch, hidden), as `forward` leaves them
    """
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)[:, None]
    for back in range(steps):
        t = steps - 1 - back
        for start in range(0, hidden, TILE):
            units = start + tl.arange(0, TILE)[None, :]
            live = (rows < batch) & (units < hidden)
            place = rows * hidden + units
            step = t * batch * hidden + place
            stretch = t * batch * GATES * hidden + rows * GATES * hidden + units
            kept, now = gates + stretch, d_drive + stretch
            before = tl.load(cells + step, mask=live, other=0.0)
            c = tl.load(cells + batch * hidden + step, mask=live, other=0.0)
            z = tl.load(kept, mask=live, other=0.0)
            i = tl.load(kept + hidden, mask=live, other=0.0)
            o = tl.load(kept + 2 * hidden, mask=live, other=0.0)
            up = tl.load(dh + place, mask=live, other=0.0)
            up += tl.load(grad_h + step, mask=live, other=0.0)
            into = tl.load(dc + place, mask=live, other=0.0)
            into += tl.load(grad_c + step, mask=live, other=0.0)
            into += up * slope(activate(c, CELL), CELL)
            tl.store(now, into * slope(z, GATE), mask=live)
            tl.store(now + hidden, -into * slope(i, GATE), mask=live)
            tl.store(now + 2 * hidden, -up * slope(o, GATE), mask=live)
            if GATES == 4:
                f = tl.load(kept + 3 * hidden, mask=live, other=0.0)
                tl.store(now + 3 * hidden, into * before * slope(f, GATE), mask=live)
            else:
                f = tl.load(forget + units, mask=units < hidden, other=0.0)
                sum_f = tl.load(d_forget + place, mask=live, other=0.0)
                tl.store(d_forget + place, sum_f + into * before, mask=live)
            tl.store(dc + place, into * f, mask=live)
        tl.debug_barrier()
        made = d_drive + t * batch * GATES * hidden
        for start in range(0, hidden, TILE):
            units = start + tl.arange(0, TILE)[None, :]
            total = tl.zeros((ROWS, TILE), tl.float32)
            for first in range(0, GATES * hidden, TILE):
                across = first + tl.arange(0, TILE)[None, :]
                down = first + tl.arange(0, TILE)[:, None]
                seen = (rows < batch) & (across < GATES * hidden)
                d = tl.load(made + rows * GATES * hidden + across, mask=seen, other=0.0)
                known = (down < GATES * hidden) & (units < hidden)
                r = tl.load(recurrent + down * hidden + units, mask=known, other=0.0)
                total = _product(d, r, total, PRODUCT)
            live = (rows < batch) & (units < hidden)
            tl.store(dh + rows * hidden + units, total, mask=live)
        tl.debug_barrier()


@triton.jit
def fire(
    drive: tl.tensor,
    turned: tl.tensor,
    forget: tl.tensor,
    gate_above: tl.tensor,
    gate_below: tl.tensor,
    cell_above: tl.tensor,
    cell_below: tl.tensor,
    counts: tl.tensor,
    cell_io: tl.tensor,
    values: tl.tensor,
    levels: tl.tensor,
    steps: tl.tensor,
    batch: tl.tensor,
    hidden: tl.tensor,
    ABOVE: tl.constexpr,
    BELOW: tl.constexpr,
    TILE: tl.constexpr,
    ROWS: tl.constexpr,
    GATE: tl.constexpr,
    LEARN: tl.constexpr,
) -> None:
    """Signed spike counts (steps + 1, batch, hidden), which begin with what came before."""
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)[:, None]
    for t in range(steps):
        now, last = drive + t * batch * 3 * hidden, counts + t * batch * hidden
        for start in range(0, hidden, TILE):
            units = start + tl.arange(0, TILE)[None, :]
            live = (rows < batch) & (units < hidden)
            place = rows * hidden + units
            a_z = _drive(now, last, turned, rows, units, batch, hidden, 0, 3, TILE, 0)
            a_i = _drive(now, last, turned, rows, units, batch, hidden, 1, 3, TILE, 0)
            a_o = _drive(now, last, turned, rows, units, batch, hidden, 2, 3, TILE, 0)
            change = tl.zeros((ROWS, TILE), tl.float32)
            n_o = tl.zeros((ROWS, TILE), tl.float32)
            n_s = tl.zeros((ROWS, TILE), tl.float32)
            for k in range(ABOVE):
                limit = tl.load(gate_above + k)
                change += (a_z > limit).to(tl.float32) - (a_i > limit).to(tl.float32)
                n_o += (a_o > limit).to(tl.float32)
            for k in range(BELOW):
                limit = tl.load(gate_below + k)
                change -= (a_z < limit).to(tl.float32) - (a_i < limit).to(tl.float32)
                n_o -= (a_o < limit).to(tl.float32)
            f = tl.load(forget + units, mask=units < hidden, other=0.0)
            decayed = f * tl.load(cell_io + place, mask=live, other=0.0)
            cell = decayed + change.to(tl.float64)
            for k in range(ABOVE):
                n_s += (cell > tl.load(cell_above + k)).to(tl.float32)
            for k in range(BELOW):
                n_s -= (cell < tl.load(cell_below + k)).to(tl.float32)
            if LEARN:
                kept = values + t * batch * 3 * hidden + rows * 3 * hidden + units
                tl.store(kept, activate(a_z, GATE), mask=live)
                tl.store(kept + hidden, activate(a_i, GATE), mask=live)
                tl.store(kept + 2 * hidden, activate(a_o, GATE), mask=live)
                value = (cell / (ABOVE + BELOW)).to(tl.float32)
                tl.store(levels + t * batch * hidden + place, value, mask=live)
            tl.store(cell_io + place, cell, mask=live)
            tl.store(counts + (t + 1) * batch * hidden + place, n_s - n_o, mask=live)
        tl.debug_barrier()
