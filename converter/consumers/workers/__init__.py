"""Each file runs a NIR graph in one library; loaded where that library is, by `serve` or by us.

A worker imports numpy, nir and its own library only, never this project: it may live in an
environment of its own. (The ONNX engines live here, and import it.) `run(graph, x, dt)` takes a
nir.NIRGraph, or the path of an ONNX file, and x (batch, time, inputs) float64, and returns how
often every spiking node fired {"name": (batch, time, neurons)} and the output (batch, time, n).
"""
