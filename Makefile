# apcsim: what can be done here. `make` alone prints this list.

GO     ?= go
FUZZ   ?= 1h
BENCH  ?= .

# Backends besides the software one, and the packages whose tests take theirs
# from the environment.
OTHER_HSMS   = awkward softhsm nss
ON_EVERY_HSM = ./engine ./endpoint

.DEFAULT_GOAL := help
.PHONY: help test bench soak fmt

help: ## print this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: ## vet, build without cgo, every test with the race detector, then the same list of tests on each other backend
	@scripts/setup
	$(GO) vet ./...
	CGO_ENABLED=0 $(GO) build ./...
	$(GO) test -race -timeout 18m ./...
	$(GO) run ./internal/samelist -go "$(GO)" -on "$(OTHER_HSMS)" $(ON_EVERY_HSM)

bench: ## speed as ratios against floors measured in the same run
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

soak: ## the long runs: each fuzz target for FUZZ (1h), state machines for long on every backend, many connections
	@SOAK_HSMS="software $(OTHER_HSMS)" scripts/soak $(FUZZ)

fmt: ## format the code
	gofmt -w .
