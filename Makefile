# Each target is one command of the workshop: `make exercise3` is `go run ./infra exercise3`, also where there is no make.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
EXE := $(if $(filter Windows_NT,$(OS)),.exe)
WORKSHOP := bin/workshop$(EXE)
TOOLS := bin/tools$(EXE)

.PHONY: help
help: ## List the commands
	@sed -n -e '/^### /{x;p;x;s/^### //p;d;}' -e 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1                  \2/' -e 's/^\(  make .\{15\}\) *\(.*\)/\1\2/p' $(firstword $(MAKEFILE_LIST))

.PHONY: workshop tools
workshop: # Build the commands; make does nothing when nothing changed.
	@go build -o $(WORKSHOP) ./infra
tools: # Build the maintainers' commands.
	@go build -o $(TOOLS) ./infra/tools

### Learn

.PHONY: exercise1
exercise1: workshop ## Run the baseline
	@$(WORKSHOP) $@

.PHONY: exercise2
exercise2: workshop ## Run the app with a timeout
	@$(WORKSHOP) $@

.PHONY: exercise3
exercise3: workshop ## Run the app with timeout and retries
	@$(WORKSHOP) $@

.PHONY: exercise4
exercise4: workshop ## Run the app with a circuit breaker around the retries
	@$(WORKSHOP) $@

.PHONY: exercise5
exercise5: workshop ## Run the app with a health endpoint as well
	@$(WORKSHOP) $@

.PHONY: infra
infra: workshop ## Run the database and Toxiproxy alone; exercises then reuse them
	@$(WORKSHOP) infra

.PHONY: chaos
chaos: workshop ## Inject a fault: EX=2 or FAULT=slow; TTL=5m removes it by itself
	@$(WORKSHOP) chaos $(if $(EX),--ex $(EX)) $(if $(FAULT),--fault $(FAULT)) $(if $(TTL),--ttl $(TTL))

.PHONY: calm
calm: workshop ## Remove every fault
	@$(WORKSHOP) calm

.PHONY: load
load: workshop ## Send requests: RATE=50 DURATION=30s URL=... OUT=run.html
	@$(WORKSHOP) load $(if $(RATE),--rate $(RATE)) $(if $(DURATION),--duration $(DURATION)) $(if $(URL),--url $(URL)) $(if $(SEED),--seed $(SEED)) $(if $(PAIRS),--pairs $(PAIRS)) $(if $(OUT),--out $(OUT))

.PHONY: verify
verify: workshop ## Judge an app by an experiment: EX=3, DIR=my/folder, HINT=2, WATCH=1, JSON=1
	@$(WORKSHOP) verify $(if $(EX),--ex $(EX)) $(if $(DIR),--dir $(DIR)) $(if $(HINT),--hint $(HINT)) $(if $(WATCH),--watch) $(if $(JSON),--json)

.PHONY: diff
diff: workshop ## Show the lesson as a diff: FROM=2 TO=3, STYLE=side, CODE=1 without tests
	@$(WORKSHOP) diff $(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO)) $(if $(STYLE),--style $(STYLE)) $(if $(CODE),--code)

.PHONY: race
race: workshop ## Race all five under one fault, in the browser: RECORD=run.jsonl, REPLAY=run.jsonl
	@$(WORKSHOP) race $(if $(RECORD),--record $(RECORD)) $(if $(REPLAY),--replay $(REPLAY)) $(if $(RATE),--rate $(RATE)) $(if $(TTL),--ttl $(TTL))

### Prepare a room

.PHONY: doctor
doctor: workshop ## Check that this computer is ready, and say how to fix what is not
	@$(WORKSHOP) doctor

.PHONY: bundle
bundle: workshop ## Pack everything into one archive, for computers without a network
	@$(WORKSHOP) bundle

.PHONY: secrets
secrets: workshop ## Store the database password outside the tree; FORCE=1 replaces it
	@$(WORKSHOP) secrets $(if $(FORCE),--force)

### Servers and data

.PHONY: data
data: workshop ## Download the full OpenFlights data into data/openflights
	@$(WORKSHOP) data

.PHONY: seed
seed: workshop ## Fill a MySQL or MariaDB server: DSN=..., DATA=dir, FORCE=1
	@$(WORKSHOP) seed $(if $(DATA),--data $(DATA)) $(if $(FORCE),--force)

.PHONY: up
up: workshop ## Run the database and Toxiproxy in Docker: PROFILE=mysql, observe, exercise4
	@$(WORKSHOP) up $(if $(PROFILE),--profile $(PROFILE))

.PHONY: down
down: workshop ## Stop and remove everything in Docker; VOLUMES=1 also removes its data
	@$(WORKSHOP) down $(if $(VOLUMES),--volumes)

.PHONY: logs
logs: workshop ## Show the containers' logs: SERVICE=toxiproxy, FOLLOW=1
	@$(WORKSHOP) logs $(if $(FOLLOW),--follow) $(SERVICE)

.PHONY: ps
ps: workshop ## List the containers
	@$(WORKSHOP) ps

.PHONY: toxiproxy-cli
toxiproxy-cli: workshop ## Build bin/toxiproxy-cli, to inject faults by hand
	@$(WORKSHOP) toxiproxy-cli

### Maintain the workshop

.PHONY: test
test: workshop ## Run every test, then the proof matrix
	@$(WORKSHOP) test
	@$(WORKSHOP) matrix

.PHONY: matrix
matrix: workshop ## Run every experiment on every exercise: HTML=file, RUNS=10, JSON=1
	@$(WORKSHOP) matrix $(if $(HTML),--html $(HTML)) $(if $(RUNS),--runs $(RUNS)) $(if $(JSON),--json)

.PHONY: lint
lint: tools ## Check the code: format, vet, staticcheck, the order of the stages, other systems
	@$(TOOLS) lint

.PHONY: guide
guide: tools ## Run every command in the documents and compare transcripts: DOC=..., WRITE=1
	@$(TOOLS) guide $(if $(WRITE),--write) $(DOC)

.PHONY: bench
bench: tools ## Measure what the workshop promises: SHORT=1, ONLY=calm
	@$(TOOLS) bench $(if $(SHORT),--short) $(if $(ONLY),--only $(ONLY))

.PHONY: soak
soak: tools ## Run all five under random faults, then look for leaks: DURATION=10m SEED=1 RATE=20
	@$(TOOLS) soak $(if $(DURATION),--duration $(DURATION)) $(if $(SEED),--seed $(SEED)) $(if $(RATE),--rate $(RATE))

.PHONY: mutations
mutations: tools ## Break the exercises on purpose; exactly the right experiments must fail: ONLY=breaker
	@$(TOOLS) mutations $(if $(ONLY),--only $(ONLY))

.PHONY: catalogue
catalogue: tools ## Measure every fault on every exercise, and write the table
	@$(TOOLS) catalogue
