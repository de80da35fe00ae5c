"""Each file runs a NIR graph in one library; loaded where that library is, by `serve` or by us.

A worker imports numpy, nir and its own library only, never this project: it may live in an
environment of its own. `run(graph, x, dt)` takes x (batch, time, inputs) float64 and returns the
spikes of every spiking node {"name": (batch, time, neurons)} and the output (batch, time, n).
"""
