# Rongtong. Every target does its own set-up; `make help` lists them.
# What is fetched is pinned and checksummed: Go modules by go.sum, the warehouse
# engine by version and sha-512 (see deploy/embedded), and cached in
# $RONGTONG_CACHE (default ~/.cache/rongtong).

export CGO_ENABLED = 0
GO   ?= go
ARGS ?=
BIN   = bin/rongtong
VERSION = $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: help demo test test-kafka check bench verify lint build clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/rongtong
	@echo "building $(BIN) (the first time downloads Go modules and takes a minute or two)"
	@$(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o $(BIN) ./cmd/rongtong

demo: build ## a province in a box: five tiers to the theme database (ARGS=--once stops at the end)
	@$(BIN) demo $(ARGS)

test: build ## every test, on real engines that it fetches and starts itself
	@$(BIN) engine fetch
	@$(GO) run ./deploy/testservers/fetch
	@$(GO) vet ./...
	@$(GO) test -timeout 20m $(ARGS) ./...

test-kafka: build ## the same promises on Apache Kafka, with kcat as a second opinion (fetches both, and Java)
	@$(BIN) engine fetch
	@$(GO) run ./deploy/testservers/fetch apachekafka
	@$(GO) test -tags apachekafka -count=1 -timeout 15m $(ARGS) -run 'Conform|Apache|BrokerIsKilled|Restart' ./pipelines/topics ./pipelines ./pipelines/control ./cmd/rongtong

check: build ## check every declaration and run its cases
	@$(BIN) check $(ARGS)

bench: build ## the fast path beside a row-wise program, then benchmarks with allocations and rows per CPU-second (docs/benchmarks.md)
	@$(BIN) engine fetch
	@$(BIN) bench load $(ARGS)
	@$(GO) test -run '^$$' -bench . -benchmem ./transforms ./pipelines/topics ./connectors/...

LINTER = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.5.0

lint: ## golangci-lint, pinned (the first time builds it, a minute)
	@CGO_ENABLED=0 $(GO) run $(LINTER) run ./...

verify: build ## formatting, vet, import map, declarations, and golden files that match their sources
	@test -z "$$(gofmt -l cmd connectors deploy pipelines schemas transforms)" || { gofmt -l cmd connectors deploy pipelines schemas transforms; echo "run gofmt -w on these files"; exit 1; }
	@$(GO) vet ./...
	@$(GO) vet -tags apachekafka ./pipelines/... ./cmd/...
	@$(GO) mod verify
	@$(GO) test -count=1 ./cmd
	@$(BIN) check

clean: ## remove what the build and the demo left here (the cache stays)
	@rm -rf bin demo
