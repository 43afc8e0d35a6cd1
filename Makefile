# apcsim: what can be done here. `make` alone prints this list.

GO     ?= go
FUZZ   ?= 1h
BENCH  ?= .

.DEFAULT_GOAL := help
.PHONY: help test bench soak fmt

help: ## print this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: ## vet, build without cgo, and every test with the race detector
	@scripts/setup
	$(GO) vet ./...
	CGO_ENABLED=0 $(GO) build ./...
	$(GO) test -race -timeout 18m ./...

bench: ## speed as ratios against floors measured in the same run
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

soak: ## the long runs: each fuzz target for FUZZ (1h), the state machine for long
	@scripts/soak $(FUZZ)

fmt: ## format the code
	gofmt -w .
