# Each target is one command of the workshop: `make exercise3` is `go run ./infra exercise3`, also where there is no make.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Only in a bundle: it brings its modules along.
-include .bundle/settings.mk
WORKSHOP := bin/workshop$(if $(filter Windows_NT,$(OS)),.exe)

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: workshop
workshop: # Builds the commands; it does nothing when nothing changed.
	@go build -o $(WORKSHOP) ./infra

.PHONY: exercise1 exercise2 exercise3 exercise4 exercise5
exercise1: workshop ## Run the baseline, with its database and Toxiproxy
	@$(WORKSHOP) $@
exercise2: workshop ## Run the app with a timeout
	@$(WORKSHOP) $@
exercise3: workshop ## Run the app with a timeout and retries
	@$(WORKSHOP) $@
exercise4: workshop ## Run the app with a circuit breaker around the retries
	@$(WORKSHOP) $@
exercise5: workshop ## Run the app with a health endpoint as well
	@$(WORKSHOP) $@

.PHONY: infra
infra: workshop ## Run the database and Toxiproxy alone; the exercises then use them
	@$(WORKSHOP) infra

.PHONY: chaos
chaos: workshop ## Inject a fault: EX=2, or FAULT=slow, and TTL=5m to take it back by itself
	@$(WORKSHOP) chaos $(if $(EX),--ex $(EX)) $(if $(FAULT),--fault $(FAULT)) $(if $(TTL),--ttl $(TTL))

.PHONY: calm
calm: workshop ## Remove every fault
	@$(WORKSHOP) calm

.PHONY: toxiproxy-cli
toxiproxy-cli: workshop ## Build bin/toxiproxy-cli, to inject faults by hand
	@$(WORKSHOP) toxiproxy-cli

.PHONY: data
data: workshop ## Download the full OpenFlights data into data/openflights
	@$(WORKSHOP) data

.PHONY: diff
diff: workshop ## Show a lesson as a diff: FROM=2 TO=3, STYLE=side, CODE=1 without tests
	@$(WORKSHOP) diff $(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO)) $(if $(STYLE),--style $(STYLE)) $(if $(CODE),--code)

.PHONY: load
load: workshop ## Send requests: RATE=50 DURATION=30s URL=... SEED=1 PAIRS=200 OUT=run.html
	@$(WORKSHOP) load $(if $(RATE),--rate $(RATE)) $(if $(DURATION),--duration $(DURATION)) $(if $(URL),--url $(URL)) $(if $(SEED),--seed $(SEED)) $(if $(PAIRS),--pairs $(PAIRS)) $(if $(OUT),--out $(OUT))

.PHONY: race
race: workshop ## Race all five under one fault, in the browser: RECORD=run.jsonl, REPLAY=run.jsonl
	@$(WORKSHOP) race $(if $(RECORD),--record $(RECORD)) $(if $(REPLAY),--replay $(REPLAY)) $(if $(RATE),--rate $(RATE)) $(if $(TTL),--ttl $(TTL))

.PHONY: seed
seed: workshop ## Fill a MySQL or MariaDB server: DSN=..., DATA=dir, FORCE=1
	@$(WORKSHOP) seed $(if $(DATA),--data $(DATA)) $(if $(FORCE),--force)

.PHONY: test
test: workshop ## Run every test, then the proof matrix: each experiment on each exercise
	@$(WORKSHOP) test
	@$(WORKSHOP) matrix

.PHONY: soak
soak: workshop ## Run all five for long under random faults and load, then look for leaks: DURATION=10m SEED=1 RATE=20
	@$(WORKSHOP) soak $(if $(DURATION),--duration $(DURATION)) $(if $(SEED),--seed $(SEED)) $(if $(RATE),--rate $(RATE))

.PHONY: lint
lint: workshop ## Check the code: format, vet, staticcheck, modules, the exercises' order, other systems
	@$(WORKSHOP) lint

.PHONY: licences
licences: workshop ## List the licences of all modules in infra/LICENSES.md
	@$(WORKSHOP) licences

.PHONY: bench
bench: workshop ## Measure what the workshop promises, beside its references: SHORT=1, ONLY=calm,outage
	@$(WORKSHOP) bench $(if $(SHORT),--short) $(if $(ONLY),--only $(ONLY))

.PHONY: guide
guide: workshop ## Run every command of the README files and compare the transcripts: DOC=README.md, WRITE=1
	@$(WORKSHOP) guide $(if $(WRITE),--write) $(DOC)

.PHONY: verify
verify: workshop ## Run an exercise's experiment: EX=3, DIR=my/folder, HINT=2, WATCH=1, JSON=1
	@$(WORKSHOP) verify $(if $(EX),--ex $(EX)) $(if $(DIR),--dir $(DIR)) $(if $(HINT),--hint $(HINT)) $(if $(WATCH),--watch) $(if $(JSON),--json)

.PHONY: matrix
matrix: workshop ## Run every experiment on every exercise: HTML=file, RUNS=10, JSON=1
	@$(WORKSHOP) matrix $(if $(HTML),--html $(HTML)) $(if $(RUNS),--runs $(RUNS)) $(if $(JSON),--json)

.PHONY: mutations
mutations: workshop ## Break the exercises on purpose: exactly the right experiments must fail. ONLY=breaker
	@$(WORKSHOP) mutations $(if $(ONLY),--only $(ONLY))

.PHONY: catalogue
catalogue: workshop ## Measure every fault on every exercise and write the table in infra/README.md
	@$(WORKSHOP) catalogue

.PHONY: up
up: workshop ## Run the database and Toxiproxy on Docker instead: PROFILE=mysql, observe, exercise4
	@$(WORKSHOP) up $(if $(PROFILE),--profile $(PROFILE))

.PHONY: down
down: workshop ## End everything on Docker, and remove it: VOLUMES=1 with the data of the profile mysql
	@$(WORKSHOP) down $(if $(VOLUMES),--volumes)

.PHONY: logs
logs: workshop ## Show what the containers say: SERVICE=toxiproxy, FOLLOW=1
	@$(WORKSHOP) logs $(if $(FOLLOW),--follow) $(SERVICE)

.PHONY: ps
ps: workshop ## List the containers
	@$(WORKSHOP) ps

.PHONY: secrets
secrets: workshop ## Keep the database's password outside the tree, never shown: FORCE=1 replaces it
	@$(WORKSHOP) secrets $(if $(FORCE),--force)

.PHONY: doctor
doctor: workshop ## Look whether everything is ready on this computer, and how to mend what is not
	@$(WORKSHOP) doctor

.PHONY: bundle
bundle: workshop ## Pack everything into one archive in dist/, for computers without a network
	@$(WORKSHOP) bundle
