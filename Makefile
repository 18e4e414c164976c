# Every habit of this repository; `make` alone lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION ?= v0.1.0-dev
BIN := bin
COMMANDS := evenkeel evenkeel-scheduler evenkeel-webhook evenkeel-node
COMMIT ?= $(shell git rev-parse --short HEAD 2>/dev/null)
# The Kubernetes release that the scheduler is made of: without its flags the
# scheduler would log, and call itself in its User-Agent, v0.0.0-master.
KUBERNETES := $(shell go list -m -f '{{.Version}}' k8s.io/kubernetes)
KUBERNETES_MINOR := $(word 2,$(subst ., ,$(KUBERNETES)))
LDFLAGS := -X github.com/evenkeel/evenkeel/internal/version.Version=$(VERSION) \
	-X k8s.io/component-base/version.gitVersion=$(KUBERNETES)+evenkeel.$(VERSION) \
	-X k8s.io/component-base/version.gitMajor=1 \
	-X k8s.io/component-base/version.gitMinor=$(KUBERNETES_MINOR) \
	-X k8s.io/component-base/version.gitCommit=$(COMMIT) \
	-X k8s.io/client-go/pkg/version.gitVersion=$(KUBERNETES) \
	-X k8s.io/client-go/pkg/version.gitCommit=$(COMMIT)
TOOL := go tool -modfile=hack/tools/go.mod

# Flags for the playground, such as PLAYGROUND="--zones 5 --once".
PLAYGROUND ?=

.PHONY: help
help: ## Show this list.
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build evenkeel, evenkeel-scheduler, evenkeel-webhook and evenkeel-node into bin/.
	go build -ldflags "$(LDFLAGS)" -o $(BIN)/ $(COMMANDS:%=./cmd/%)

.PHONY: control-plane
control-plane: ## Build etcd, kube-apiserver, kube-controller-manager, kubectl and kwok into bin/.
	go run ./internal/controlplane/build --dir $(BIN)

.PHONY: playground
playground: control-plane build ## Start a simulated data centre, run the examples in it and show what each pod got.
	$(BIN)/evenkeel playground $(PLAYGROUND)

# Packages whose tests start a control plane: all of test/integration, and the
# webhook's and the measurements', whose other tests are unit tests.
INTEGRATION := ./test/integration/... ./cmd/evenkeel-webhook/app ./test/perf/schedulerperf/...
# Those that start JVMs, or a node, have a target of their own too.
UNIT = $(shell go list ./... | grep -v -e /test/integration -e '/test/jvm$$' -e '/test/node$$')

.PHONY: test
test: test-unit test-jvm test-integration ## Run all tests.

.PHONY: test-unit
test-unit: ## Run the unit, golden and policy tests. They start no control plane.
	go test -short $(UNIT)

.PHONY: test-integration
test-integration: control-plane build ## Run the tests against a real control plane with the real binaries.
	go test -timeout 20m -p 1 $(INTEGRATION)

.PHONY: test-jvm
test-jvm: ## Run options and agents on every JDK that is there; test/jvm/fetch-jdks.sh brings more.
	go -C test/jvm test -timeout 15m

# The first run builds containerd and the kubelet, within this.
NODE_TIMEOUT ?= 30m

.PHONY: test-node
test-node: control-plane build ## Run real containers on a real kubelet and containerd (root; says so where it cannot).
	go test -count=1 -v -timeout $(NODE_TIMEOUT) ./test/node
	go test -count=1 -v -timeout $(NODE_TIMEOUT) ./test/node/guest

.PHONY: test-race
test-race: ## Run the unit tests under the race detector.
	go test -short -race $(UNIT)

.PHONY: goldens
goldens: ## Rewrite every golden file with what the tests produce.
	go test $(shell git grep -l internal/golden -- '*_test.go' | xargs -n1 dirname | sort -u | sed 's|^|./|') -update

.PHONY: bench
bench: ## Run the Go benchmarks of the plugins and mutators.
	go test -run '^$$' -bench . -benchmem ./plugins/... ./webhooks/...

# Settings of the benchmark to measure, by name; all if empty.
ONLY ?=

.PHONY: bench-scheduler
bench-scheduler: control-plane ## Measure the scheduler beside the default one and write docs/benchmarks/scheduler.{json,md}.
	go build -o $(BIN)/perf/ ./test/perf/scheduler ./test/perf/schedulerperf ./test/perf/matrix
	$(BIN)/perf/matrix --driver $(BIN)/perf/scheduler --schedulerperf $(BIN)/perf/schedulerperf $(if $(ONLY),--only $(ONLY))
	go -C hack/plot run . $(CURDIR)/docs/benchmarks

.PHONY: generate
generate: ## Regenerate everything that is generated.
	hack/generate.sh

.PHONY: lint
lint: ## Run the linters.
	$(TOOL) golangci-lint run ./...

.PHONY: verify
verify: lint ## Check formatting, linters, and that generated files and module files are fresh.
	hack/verify.sh

.PHONY: clean
clean: ## Remove bin/ and test artefacts.
	rm -rf $(BIN) _artifacts
