# Each target is one command of the workshop: `make exercise3` is `go run ./infra exercise3`, also where there is no make.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
EXE := $(if $(filter Windows_NT,$(OS)),.exe)
WORKSHOP := bin/workshop$(EXE)
TOOLS := bin/tools$(EXE)

# $(call option,EX,ex) is --ex "2" for `make ... EX=2`, $(call flag,FORCE,force) is --force for FORCE=1 and nothing for FORCE=0,
# and $(call list,DOC) is each word of DOC. Only the command line counts: a variable of the same name in your environment
# changes nothing.
given = $(if $(filter command,$(origin $(1))),$(value $(1)))
quote = "$(subst `,\`,$(subst $$,\$$,$(subst ",\",$(subst \,\\,$(1)))))"
option = $(if $(call given,$(1)),--$(2) $(call quote,$(call given,$(1))))
flag = $(if $(filter-out 0 no false,$(call given,$(1))),--$(2))
list = $(foreach word,$(call given,$(1)),$(call quote,$(word)))
# The command reads it from its environment, and a $ in a password stays a $.
override DSN := $(value DSN)
export DSN

.PHONY: help
help: ## List the commands
	@sed -n -e '/^### /{x;p;x;s/^### //p;d;}' -e 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1                  \2/' -e 's/^\(  make .\{15\}\) *\(.*\)/\1\2/p' $(firstword $(MAKEFILE_LIST))

compile = go build -buildvcs=false -ldflags='-s -w' -o ../$(WORKSHOP) .
build = $(if $(wildcard $(WORKSHOP)),,echo 'Compiling the workshop; the first time takes a few minutes...' >&2;) \
	(cd infra && $(if $(wildcard vendor),$(compile),GOWORK=off $(if $(wildcard $(WORKSHOP)),$(compile),go run ./room/prepare/now workshop))) || \
	{ echo 'error: the workshop does not compile; `make doctor` says what is missing' >&2; exit 2; }
.PHONY: workshop tools
workshop: # Build the commands, from the modules of infra alone; go does nothing when nothing changed.
ifeq ($(wildcard bin/*-*/workshop*),)
	@$(build)
else # A bundle has every module, and the commands of this system, until somebody changes their code.
	@ready=bin/$$(uname -s | sed 's/^MINGW.*/windows/' | tr A-Z a-z)-$$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')/workshop$(EXE); \
	if [ ! -x $$ready ] || [ -n "$$(find infra shared -type f ! -name '*.md' -newer $$ready | head -n 1)" ]; then \
		$(build); \
	elif [ ! $(WORKSHOP) -nt $$ready ]; then cp $$ready $(WORKSHOP); fi
endif
tools: # Build the maintainers' commands.
	@go build -buildvcs=false -o $(TOOLS) ./infra/tools

# Of any other target, the command line knows what it should be.
.DEFAULT:
	@$(MAKE) -f $(firstword $(MAKEFILE_LIST)) workshop && $(WORKSHOP) "$@"

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
chaos: workshop ## Inject a fault: EX=2 or FAULT=slow; TTL=5m removes it after 5 minutes; NODE=2 breaks one of three databases
	@$(WORKSHOP) chaos $(call option,EX,ex) $(call option,FAULT,fault) $(call option,TTL,ttl) $(call option,NODE,node)

.PHONY: calm
calm: workshop ## Remove every fault
	@$(WORKSHOP) calm

.PHONY: load
load: workshop ## Send requests: RATE=50 DURATION=30s URL=... OUT=run.html
	@$(WORKSHOP) load $(call option,RATE,rate) $(call option,DURATION,duration) $(call option,URL,url) $(call option,SEED,seed) $(call option,PAIRS,pairs) $(call option,OUT,out) $(call flag,REMOTE,remote)

.PHONY: start
start: workshop ## Copy the previous exercise into work/exercise3, with the task, for you to solve: EX=3
	@$(WORKSHOP) start $(call option,EX,ex)

.PHONY: verify
verify: workshop ## Judge an app by the experiments up to its exercise: EX=3, DIR=my/folder, CMD='node app.js', URL=http://..., HINT=2, WATCH=1
	@$(WORKSHOP) verify $(call option,EX,ex) $(call option,DIR,dir) $(call option,CMD,cmd) $(call option,URL,url) $(call option,PROXY_PORT,proxy-port) $(call option,HINT,hint) $(call option,REPORT,report) $(call option,NAME,name) $(call option,CODE,code) $(call flag,WATCH,watch) $(call flag,JSON,json)

.PHONY: progress
progress: workshop ## Show which experiments your own folders have passed, and what comes next
	@$(WORKSHOP) progress

.PHONY: experiment
experiment: workshop ## Run your own experiment on any HTTP service: FILE=my.yaml, NEW=1, HTML=file, JUNIT=file, JSON=1
	@$(WORKSHOP) experiment $(call flag,NEW,new) $(call option,FILE,file) $(call option,TARGET,target) $(call option,UPSTREAM,upstream) $(call option,HTML,html) $(call option,JUNIT,junit) $(call flag,JSON,json)

.PHONY: diff
diff: workshop ## Show the lesson as a diff: FROM=2 TO=3, CODE=1 without tests, STYLE=side or STYLE=page for the browser
	@$(WORKSHOP) diff $(call option,FROM,from) $(call option,TO,to) $(call option,STYLE,style) $(call flag,CODE,code)

.PHONY: trace
trace: workshop ## Show one request as a timeline: EX=3, FAULT=flaky, AFTER=12 sends 12 first, DIR=my/folder
	@$(WORKSHOP) trace $(call option,EX,ex) $(call option,DIR,dir) $(call option,FAULT,fault) $(call option,AFTER,after) $(call flag,JSON,json)

.PHONY: race
race: workshop ## Race all five under one fault, in the browser: RECORD=run.jsonl, REPLAY=run.jsonl
	@$(WORKSHOP) race $(call option,RECORD,record) $(call option,REPLAY,replay) $(call option,RATE,rate) $(call option,TTL,ttl)

### Prepare a room

.PHONY: prepare
prepare: ## Download and compile everything, so that the workshop works without a network
	@echo 'Preparing the workshop...' >&2
	@cd infra && GOWORK=off go build ./room/prepare/... || { echo 'error: the go command cannot compile; `make doctor` says why' >&2; exit 2; }
	@cd infra && GOWORK=off go run ./room/prepare/now

.PHONY: doctor
doctor: ## Check that this computer is ready, and say how to fix what is not
	@sh infra/room/doctor/doctor.sh

.PHONY: bundle
bundle: workshop ## Pack everything into one archive, for computers without a network; IMAGES=1 adds Docker images
	@$(WORKSHOP) bundle $(call option,SYSTEMS,systems) $(call flag,IMAGES,images)

.PHONY: board
board: workshop ## Show the room who has passed which exercise: BIND=0.0.0.0, CODE=word, PORT=8476, SAVE=file
	@$(WORKSHOP) board $(call option,BIND,bind) $(call option,CODE,code) $(call option,PORT,port) $(call option,SAVE,save)

.PHONY: secrets
secrets: workshop ## Store the database password outside the workshop; FORCE=1 replaces it
	@$(WORKSHOP) secrets $(call flag,FORCE,force)

.PHONY: images
images: workshop ## Build the images for Kubernetes: REGISTRY=..., PLATFORM=linux/arm64
	@$(WORKSHOP) images $(call option,REGISTRY,registry) $(call option,PLATFORM,platform)

.PHONY: k8s
k8s: workshop ## Print the YAML of a room on Kubernetes: ATTENDEES=30, REGISTRY=...
	@$(WORKSHOP) k8s $(call option,ATTENDEES,attendees) $(call option,REGISTRY,registry)

### Servers and data

.PHONY: data
data: workshop ## Download the full OpenFlights data into data/openflights
	@$(WORKSHOP) data

.PHONY: seed
seed: workshop ## Fill a MySQL or MariaDB server: DSN=..., DATA=dir, FORCE=1, YES=1
	@$(WORKSHOP) seed $(call option,DATA,data) $(call flag,FORCE,force) $(call flag,YES,yes)

.PHONY: up
up: workshop ## Run the database and Toxiproxy in Docker: PROFILE=mysql, galera, observe, exercise4
	@$(WORKSHOP) up $(call option,PROFILE,profile)

.PHONY: down
down: workshop ## Remove the workshop's containers; VOLUMES=1 also removes their data
	@$(WORKSHOP) down $(call flag,VOLUMES,volumes)

.PHONY: logs
logs: workshop ## Show the containers' logs: SERVICE=toxiproxy, FOLLOW=1
	@$(WORKSHOP) logs $(call flag,FOLLOW,follow) $(call list,SERVICE)

.PHONY: ps
ps: workshop ## List the containers
	@$(WORKSHOP) ps

.PHONY: toxiproxy-cli
toxiproxy-cli: workshop ## Build bin/toxiproxy-cli, to inject faults by hand
	@$(WORKSHOP) toxiproxy-cli

### Maintain the workshop

.PHONY: test
test: workshop ## Run every test, the proof matrix, and the core of the corpus
	@$(WORKSHOP) test
	@$(WORKSHOP) matrix
	@$(WORKSHOP) corpus --core

.PHONY: matrix
matrix: workshop ## Run every experiment on every exercise: HTML=file, RUNS=10, JSON=1
	@$(WORKSHOP) matrix $(call option,HTML,html) $(call option,RUNS,runs) $(call flag,JSON,json)

.PHONY: corpus
corpus: workshop ## Judge right and wrong solutions, to prove the judge: ONLY=breaker, CORE=1
	@$(WORKSHOP) corpus $(call option,ONLY,only) $(call flag,CORE,core)

.PHONY: lint
lint: tools ## Check the code: format, vet, staticcheck, the order of the stages, other systems
	@$(TOOLS) lint

.PHONY: guide
guide: tools ## Run every command in the documents and compare transcripts: DOC=..., WRITE=1
	@$(TOOLS) guide $(call flag,WRITE,write) $(call list,DOC)

.PHONY: bench
bench: tools ## Measure what the workshop promises: SHORT=1, ONLY=calm
	@$(TOOLS) bench $(call flag,SHORT,short) $(call option,ONLY,only)

.PHONY: soak
soak: tools ## Run all five under random faults, then look for leaks: DURATION=10m SEED=1 RATE=20 ATTENDEES=30
	@$(TOOLS) soak $(call option,DURATION,duration) $(call option,SEED,seed) $(call option,RATE,rate) $(call option,ATTENDEES,attendees)

.PHONY: catalogue
catalogue: tools ## Measure every fault on every exercise, and write the table
	@$(TOOLS) catalogue
