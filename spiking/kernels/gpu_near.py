"""Kernels for a GPU, up to 64 units: recurrent weights held near, state in registers (Triton).

A program owns 16 batch rows over all steps, so that no two programs wait for each other. Products
are IEEE float32, which keeps spikes on the grid exact. More units do not fit: the backward of 128
asks for 408 KiB of shared memory, of which an H100 has 227. Annotations name Triton's own types:
its compiler reads them and refuses others.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def activate(x: tl.tensor, which: tl.constexpr) -> tl.tensor:
    """The activation of this number in cpu.CODES."""
    if which == 1:
        return tl.minimum(tl.maximum(x * 0.25 + 0.5, 0.0), 1.0)
    if which == 2:
        return 2.0 / (1.0 + tl.exp(-2.0 * x)) - 1.0
    if which == 3:
        inner = tl.minimum(tl.maximum(x, -1.0), 1.0)
        middle = tl.minimum(tl.maximum(x, -2.375), 2.375)
        outer = tl.minimum(tl.maximum(x, -4.875), 4.875)
        return 0.5 + inner / 8.0 + middle * (3.0 / 32.0) + outer / 32.0
    return 1.0 / (1.0 + tl.exp(-x))


@triton.jit
def slope(y: tl.tensor, which: tl.constexpr) -> tl.tensor:
    """Its derivative, from its value."""
    if which == 1:
        return tl.where((y > 0.0) & (y < 1.0), 0.25, 0.0)
    if which == 2:
        return 1.0 - y * y
    if which == 3:
        away = tl.abs(y - 0.5)
        pieces = tl.where(away <= 0.25, 0.25, tl.where(away <= 0.421875, 0.125, 0.03125))
        return tl.where(away < 0.5, pieces, 0.0)
    return y * (1.0 - y)


@triton.jit
def _weights(
    recurrent: tl.tensor, gate: tl.constexpr, hidden: tl.tensor, row: tl.tensor, column: tl.tensor
) -> tl.tensor:
    """R of one gate at [row, column], zero beyond the last unit."""
    live = (row < hidden) & (column < hidden)
    return tl.load(recurrent + (gate * hidden + row) * hidden + column, mask=live, other=0.0)


@triton.jit
def forward(
    drive: tl.tensor,
    recurrent: tl.tensor,
    forget: tl.tensor,
    h0: tl.tensor,
    c0: tl.tensor,
    h_out: tl.tensor,
    c_out: tl.tensor,
    gates_out: tl.tensor,
    steps: tl.tensor,
    batch: tl.tensor,
    hidden: tl.tensor,
    GATES: tl.constexpr,
    WIDTH: tl.constexpr,
    ROWS: tl.constexpr,
    GATE: tl.constexpr,
    CELL: tl.constexpr,
) -> None:
    """Rates over all steps; gates are kept for a backward."""
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)[:, None]
    units = tl.arange(0, WIDTH)[None, :]
    inner = tl.arange(0, WIDTH)[:, None]
    live = (rows < batch) & (units < hidden)
    place = rows * hidden + units
    wide = rows * GATES * hidden + units
    r_z = _weights(recurrent, 0, hidden, units, inner)
    r_i = _weights(recurrent, 1, hidden, units, inner)
    r_o = _weights(recurrent, 2, hidden, units, inner)
    if GATES == 4:
        r_f = _weights(recurrent, 3, hidden, units, inner)
    else:
        f = tl.load(forget + units, mask=units < hidden, other=0.0)
    h = tl.load(h0 + place, mask=live, other=0.0)
    c = tl.load(c0 + place, mask=live, other=0.0)
    for t in range(steps):
        now = drive + t * batch * GATES * hidden + wide
        kept = gates_out + t * batch * GATES * hidden + wide
        a_z = tl.load(now, mask=live, other=0.0)
        a_i = tl.load(now + hidden, mask=live, other=0.0)
        a_o = tl.load(now + 2 * hidden, mask=live, other=0.0)
        z = activate(a_z + tl.dot(h, r_z, input_precision="ieee"), GATE)
        i = activate(a_i + tl.dot(h, r_i, input_precision="ieee"), GATE)
        o = activate(a_o + tl.dot(h, r_o, input_precision="ieee"), GATE)
        if GATES == 4:
            a_f = tl.load(now + 3 * hidden, mask=live, other=0.0)
            f = activate(a_f + tl.dot(h, r_f, input_precision="ieee"), GATE)
            tl.store(kept + 3 * hidden, f, mask=live)
        c = f * c + z - i
        h = tl.where(live, activate(c, CELL) - o, 0.0)
        tl.store(kept, z, mask=live)
        tl.store(kept + hidden, i, mask=live)
        tl.store(kept + 2 * hidden, o, mask=live)
        tl.store(c_out + t * batch * hidden + place, c, mask=live)
        tl.store(h_out + t * batch * hidden + place, h, mask=live)


@triton.jit
def backward(
    recurrent: tl.tensor,
    forget: tl.tensor,
    gates: tl.tensor,
    cells: tl.tensor,
    grad_h: tl.tensor,
    grad_c: tl.tensor,
    d_h0: tl.tensor,
    d_c0: tl.tensor,
    d_drive: tl.tensor,
    d_forget: tl.tensor,
    steps: tl.tensor,
    batch: tl.tensor,
    hidden: tl.tensor,
    GATES: tl.constexpr,
    WIDTH: tl.constexpr,
    ROWS: tl.constexpr,
    GATE: tl.constexpr,
    CELL: tl.constexpr,
) -> None:
    """Gradients of the drives, last step first; the equations stand in rate.cpp."""
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)[:, None]
    units = tl.arange(0, WIDTH)[None, :]
    inner = tl.arange(0, WIDTH)[:, None]
    live = (rows < batch) & (units < hidden)
    place = rows * hidden + units
    wide = rows * GATES * hidden + units
    r_z = _weights(recurrent, 0, hidden, inner, units)
    r_i = _weights(recurrent, 1, hidden, inner, units)
    r_o = _weights(recurrent, 2, hidden, inner, units)
    if GATES == 4:
        r_f = _weights(recurrent, 3, hidden, inner, units)
    else:
        f = tl.load(forget + units, mask=units < hidden, other=0.0)
    dh = tl.zeros((ROWS, WIDTH), tl.float32)
    dc = tl.zeros((ROWS, WIDTH), tl.float32)
    df_sum = tl.zeros((ROWS, WIDTH), tl.float32)
    for back in range(steps):
        t = steps - 1 - back
        step, stretch = t * batch * hidden, t * batch * GATES * hidden
        kept, now = gates + stretch + wide, d_drive + stretch + wide
        before = tl.load(cells + step + place, mask=live, other=0.0)
        c = tl.load(cells + step + batch * hidden + place, mask=live, other=0.0)
        z = tl.load(kept, mask=live, other=0.0)
        i = tl.load(kept + hidden, mask=live, other=0.0)
        o = tl.load(kept + 2 * hidden, mask=live, other=0.0)
        dh += tl.load(grad_h + step + place, mask=live, other=0.0)
        dc += tl.load(grad_c + step + place, mask=live, other=0.0)
        dc += dh * slope(activate(c, CELL), CELL)
        a_z = dc * slope(z, GATE)
        a_i = -dc * slope(i, GATE)
        a_o = -dh * slope(o, GATE)
        dh = tl.dot(a_z, r_z, input_precision="ieee")
        dh += tl.dot(a_i, r_i, input_precision="ieee")
        dh += tl.dot(a_o, r_o, input_precision="ieee")
        if GATES == 4:
            f = tl.load(kept + 3 * hidden, mask=live, other=0.0)
            a_f = dc * before * slope(f, GATE)
            dh += tl.dot(a_f, r_f, input_precision="ieee")
            tl.store(now + 3 * hidden, a_f, mask=live)
        else:
            df_sum += dc * before
        tl.store(now, a_z, mask=live)
        tl.store(now + hidden, a_i, mask=live)
        tl.store(now + 2 * hidden, a_o, mask=live)
        dc = dc * f
    tl.store(d_h0 + place, dh, mask=live)
    tl.store(d_c0 + place, dc, mask=live)
    if GATES == 3:
        tl.store(d_forget + place, df_sum, mask=live)


@triton.jit
def fire(
    drive: tl.tensor,
    recurrent: tl.tensor,
    forget: tl.tensor,
    gate_above: tl.tensor,
    gate_below: tl.tensor,
    cell_above: tl.tensor,
    cell_below: tl.tensor,
    counts_in: tl.tensor,
    cell_io: tl.tensor,
    counts_out: tl.tensor,
    values: tl.tensor,
    levels: tl.tensor,
    steps: tl.tensor,
    batch: tl.tensor,
    hidden: tl.tensor,
    ABOVE: tl.constexpr,
    BELOW: tl.constexpr,
    WIDTH: tl.constexpr,
    ROWS: tl.constexpr,
    GATE: tl.constexpr,
    LEARN: tl.constexpr,
) -> None:
    """Signed spike counts of a population-coded layer; the equations stand in spiking/neuron.py."""
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)[:, None]
    units = tl.arange(0, WIDTH)[None, :]
    inner = tl.arange(0, WIDTH)[:, None]
    live = (rows < batch) & (units < hidden)
    place = rows * hidden + units
    wide = rows * 3 * hidden + units
    r_z = _weights(recurrent, 0, hidden, units, inner)
    r_i = _weights(recurrent, 1, hidden, units, inner)
    r_o = _weights(recurrent, 2, hidden, units, inner)
    f = tl.load(forget + units, mask=units < hidden, other=0.0)
    counts = tl.load(counts_in + place, mask=live, other=0.0)
    cell = tl.load(cell_io + place, mask=live, other=0.0)
    for t in range(steps):
        now = drive + t * batch * 3 * hidden + wide
        a_z = tl.load(now, mask=live, other=0.0) + tl.dot(counts, r_z, input_precision="ieee")
        a_i = tl.load(now + hidden, mask=live, other=0.0)
        a_i += tl.dot(counts, r_i, input_precision="ieee")
        a_o = tl.load(now + 2 * hidden, mask=live, other=0.0)
        a_o += tl.dot(counts, r_o, input_precision="ieee")
        change = tl.zeros((ROWS, WIDTH), tl.float32)
        n_o = tl.zeros((ROWS, WIDTH), tl.float32)
        n_s = tl.zeros((ROWS, WIDTH), tl.float32)
        for k in range(ABOVE):
            limit = tl.load(gate_above + k)
            change += (a_z > limit).to(tl.float32) - (a_i > limit).to(tl.float32)
            n_o += (a_o > limit).to(tl.float32)
        for k in range(BELOW):
            limit = tl.load(gate_below + k)
            change -= (a_z < limit).to(tl.float32) - (a_i < limit).to(tl.float32)
            n_o -= (a_o < limit).to(tl.float32)
        if LEARN:
            kept = values + t * batch * 3 * hidden + wide
            tl.store(kept, activate(a_z, GATE), mask=live)
            tl.store(kept + hidden, activate(a_i, GATE), mask=live)
            tl.store(kept + 2 * hidden, activate(a_o, GATE), mask=live)
        decayed = f * cell
        cell = decayed + change.to(tl.float64)
        for k in range(ABOVE):
            n_s += (cell > tl.load(cell_above + k)).to(tl.float32)
        for k in range(BELOW):
            n_s -= (cell < tl.load(cell_below + k)).to(tl.float32)
        counts = tl.where(live, n_s - n_o, 0.0)
        if LEARN:
            value = (cell / (ABOVE + BELOW)).to(tl.float32)
            tl.store(levels + t * batch * hidden + place, value, mask=live)
        tl.store(counts_out + t * batch * hidden + place, counts, mask=live)
    tl.store(cell_io + place, cell, mask=live)
