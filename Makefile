# Two commands do everything on a machine with python3.11: `make demo` and `make test`.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
MNIST  ?= ../shared/data/mnist
PIP    := $(BIN)/pip --disable-pip-version-check install --quiet -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test check fix docs conform fuzz test-gpu
.PHONY: bench-speed bench-conversion bench-xylo bench-targets bench-fpga bench-onnx clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# torch goes first: its CPU build is then there when others ask for torch
$(VENV)/.run: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) torch
	$(PIP) -e '.[norse]'
	$(PIP) --no-deps spikingjelly loguru
	$(PIP) -e '.[xylo]' || echo 'xylosim was not installed (it needs a C++ compiler); the Xylo row will say so'
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) -e '.[dev]'
	@touch $@

demo: $(VENV)/.run ## train, convert, export, simulate and compare on real digits, offline
	$(BIN)/subspike demo --out demo

test: $(VENV)/.dev ## every check and the whole test suite
	@scripts/browser >/dev/null || echo 'no browser: the test of the report page in a browser will be skipped'
	@scripts/check

check: test ## the same as test

fix: $(VENV)/.dev ## let ruff format and mend what it can
	@scripts/fix

docs: demo ## run the demo and write the generated parts of the documents anew
	$(BIN)/python -m docs.make demo/report.json

test-gpu: $(VENV)/.dev ## the GPU kernels: on a GPU, or in Triton's interpreter (installs Triton, 1 GB)
	$(PIP) --no-deps triton
	TRITON_INTERPRET=$$($(BIN)/python -c 'import torch; print(int(not torch.cuda.is_available()))') \
		$(BIN)/python -m pytest tests/spiking/kernels/test_gpu.py \
		tests/spiking/kernels/test_gpu_near.py tests/spiking/kernels/test_gpu_wide.py

bench-speed: $(VENV)/.run ## speed beside the peers, into docs/performance.md (ten minutes)
	$(PIP) --no-deps sinabs pbr
	$(BIN)/python -W ignore -m benchmarks.speed --out docs/performance.md

bench-conversion: $(VENV)/.run ## every code on sequential MNIST, into docs/conversion.md (two hours)
	$(BIN)/python -m benchmarks.conversion \
		benchmarks/models/mnist-fixed.safetensors=mnist-pixels \
		benchmarks/models/mnist-gated.safetensors=mnist-pixels \
		benchmarks/models/digits-adaptive.safetensors=digits-rows \
		--data $(MNIST) --out docs/conversion.md

conform: demo ## every simulator and engine here on the demo's and 100 random networks, into docs/interop.md
	$(BIN)/python -m benchmarks.conformance demo/export --out docs/conformance.json
	$(BIN)/python -m docs.make

bench-xylo: $(VENV)/.run ## our Xylo emulator against XyloSim on 1000 random networks
	$(BIN)/python -m benchmarks.vendor_fuzz --target xylo-audio3

bench-targets: demo ## the demo's network and sequential MNIST on every target, into docs/targets.json (hours)
	$(BIN)/python -m benchmarks.targets --mnist $(MNIST) --out docs/targets.json
	$(BIN)/python -m docs.make

bench-fpga: demo ## our Verilog in two simulators and on two FPGAs, into docs/fpga.md (half an hour)
	@scripts/fpga-tools
	$(BIN)/python -m benchmarks.fpga --mnist $(MNIST) --out docs/fpga.md

bench-onnx: $(VENV)/.dev ## 120 random networks as ONNX, equal in every engine (installs tract, OpenVINO)
	$(PIP) --no-deps tract openvino
	$(BIN)/python -m benchmarks.onnx_networks

fuzz: $(VENV)/.dev ## 10,000 broken and hostile files, each read in a guarded process (half an hour)
	$(BIN)/python -m benchmarks.fuzz

clean: ## remove the environment and everything that was written
	rm -rf $(VENV) demo build *.egg-info .mypy_cache .ruff_cache .pytest_cache
