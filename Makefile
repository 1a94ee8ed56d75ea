# Everything a contributor or CI runs; `make` alone lists it. Nothing is needed but Python 3.11 or later, make and git.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 7860
DEMO ?= runs/digits
MODEL ?=
FLAGS ?=
# A checkout of https://github.com/huggingface/pytorch-image-models.
PEERS ?= ../pytorch-image-models
# Processes that run tests beside each other; one takes up to 4 GB of memory.
TESTERS ?= 2

BIN := .venv/bin
# One process on whatever device there is; said in full, so that the launcher does not ask for a configuration.
LAUNCH := $(BIN)/accelerate launch --quiet --num_processes 1 --num_machines 1 --mixed_precision no --dynamo_backend no
export HOST PORT

.DEFAULT_GOAL := help
.PHONY: help setup demo app test fuzz mutants crash nodes install-test parity keras-parity contract hubs javascript engines audit check format bench load race quality gpu gpu-rehearsal results screenshots clean lab

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 12

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; set PYTHON=")'
	$(PYTHON) -m venv .venv || { echo "cannot make .venv: on Debian, apt-get install python3-venv"; rm -rf .venv; exit 1; }

.venv/app: .venv/bin/python requirements.txt constraints.txt pyproject.toml
	@echo "installing into .venv; the first time takes some minutes"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[all]'
	@touch $@

.venv/dev: .venv/app
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

setup: .venv/dev  ## make .venv with everything for development

$(DEMO)/results.json: | .venv/app
	$(LAUNCH) -m training.finetune --recipe digits --output $(DEMO) --overwrite

demo: .venv/app $(DEMO)/results.json  ## fine-tune on handwritten digits, then open the page on the result
	$(BIN)/python app.py $(DEMO)

app: .venv/app  ## open the page: make app MODEL=folder, owner/name or tag
	$(BIN)/python app.py $(MODEL)

test: .venv/dev  ## run the whole test suite
# Each process gets a stretch of neighbors and later, test by test, half of what the slowest still has: the pages, runs
# and networks that a file prepares are made once, but for the few files that such a cut goes through.
# They are forks of one interpreter that has imported what they all need; see tests/forked_worker.py.
	$(BIN)/python -m pytest -n $(TESTERS) --dist worksteal --durations=25

fuzz: .venv/dev  ## try texts on each reader of strangers' text, ten minutes each: make fuzz FLAGS='--seconds 60 card CSV'
	$(BIN)/python tests/fuzz $(FLAGS)

mutants: .venv/dev  ## change the code at 100 random places and ask whether a test fails: make mutants FLAGS='--count 10 metrics'
	$(BIN)/python tests/mutants $(FLAGS)

crash: .venv/dev  ## kill whole runs at random moments and compare what they end with: make crash FLAGS='--kills 10 --processes 1'
	$(BIN)/python tests/crash $(FLAGS)

nodes: .venv/dev  ## train on two machines rehearsed as network namespaces, cut the cable, kill one: make nodes FLAGS='cable'
	$(BIN)/python tests/nodes $(FLAGS)

install-test: .venv/dev  ## install the wheel beside nothing, then its trainer, and run both: minutes, and 6 GB of disk
	$(BIN)/python tests/install_check.py $(FLAGS)

parity: .venv/dev  ## compare every network with timm in full: minutes, and 12 GB of memory
	$(BIN)/python -m pytest -m parity

keras-parity: .venv/dev  ## compare what is read of Keras's files with Keras itself, in an environment of its own: minutes
	$(BIN)/python -m venv --system-site-packages .keras
	$(BIN)/python -c 'import site; print(site.getsitepackages()[0])' > $$(.keras/bin/python -c 'import site; print(site.getsitepackages()[0])')/project.pth
	.keras/bin/python -m pip install -qq --disable-pip-version-check keras h5py
	KERAS_BACKEND=torch PYTHONPATH=. .keras/bin/python tests/keras_parity.py $(FLAGS)

contract: .venv/dev  ## run upstream's own Hub tests against the fake Hub; fetches their sources the first time
	$(BIN)/python tests/contract $(FLAGS)

hubs: .venv/dev  ## push, load, train and serve by a Hub that is not the public one, KohakuHub: fetches it the first time, minutes
	$(BIN)/python tests/hubs $(FLAGS)

javascript: .venv/dev  ## compare transformers.js under Node with ImageClassifier: make javascript FLAGS='SOURCE --images folder'
	$(BIN)/python tests/javascript $(FLAGS)

engines: .venv/dev  ## train one run by every way of launching it and compare the losses: minutes
	$(BIN)/python tests/engines $(FLAGS)

audit: .venv/dev  ## look up the advisories for what is installed, in an environment of its own
	$(BIN)/python -m venv .audit
	.audit/bin/python -m pip install -qq --disable-pip-version-check pip-audit
	.audit/bin/pip-audit --progress-spinner off --requirement constraints.txt --no-deps --disable-pip --strict $(FLAGS)

peers: .venv/dev  ## run timm's own model tests on our networks: make peers PEERS=a-checkout-of-timm
	$(BIN)/python tests/peers --timm $(PEERS) $(FLAGS)

check: .venv/dev  ## ruff, format, mypy, rooms and doors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/dev  ## the table of measurements against timm; a row that is a tenth slower than its history is marked
	$(BIN)/python -m benchmarks.ratios --processor-time --history runs/bench.jsonl $(FLAGS)

results: .venv/dev  ## measure parts of docs/results.md again and write them in: make results FLAGS='loading starting'
	$(BIN)/python -m benchmarks.results $(FLAGS)

load: .venv/dev  ## ask the page from 32 sides beside a stock gr.Interface: make load FLAGS='--seconds 20'
	$(BIN)/python -m benchmarks.load $(FLAGS)

race: .venv/dev  ## from images to a saved network, beside transformers' Trainer and a torchvision loop: make race FLAGS='--only hymenoptera'
	$(BIN)/python -m benchmarks.time_to_network $(FLAGS)

quality: .venv/dev  ## train over three seeds and print the accuracy: make quality FLAGS='--dataset ...'
	$(BIN)/python -m benchmarks.quality $(FLAGS)

gpu: .venv/dev  ## every row for one NVIDIA GPU, in under nine minutes: make gpu FLAGS='--data folder'
	bash benchmarks/gpu.sh $(FLAGS)

gpu-rehearsal: .venv/dev  ## the same on the CPU in tiny sizes: shows that the script runs, and no figure
	bash benchmarks/gpu.sh --rehearse $(FLAGS)

lab: .venv/dev  ## train networks with and without shortcuts on CIFAR-10, and draw why depth works: make lab FLAGS='--dataset FOLDER'
	$(BIN)/python -m benchmarks.lab $(FLAGS)

screenshots: .venv/dev  ## take the README's images of the page: make screenshots DATA=folder
	$(BIN)/python docs/screenshots.py $(DATA)

clean:  ## remove what was made here, but for runs/
	rm -rf .venv .keras .contract .hubs .javascript .audit .gpu build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
