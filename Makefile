# apcsim: what can be done here. `make` alone prints this list.

GO     ?= go
FUZZ   ?= 1h
BENCH  ?= .

# It is run by its version and is in no go.mod: nothing of it is linked.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

# The race detector looks at everything but the arithmetic of crypto/..., which under it takes
# more than a third of the time of the tests. These packages start no goroutine, and none has a
# generic function: the linker could take that for all packages, and it would be blind in them.
ARITHMETIC = crypto/des $(addprefix crypto/internal/fips140/,bigmod nistec nistec/fiat)
RACE = -race $(ARITHMETIC:%=-gcflags=%=-race=false) -timeout 18m

MODULE = github.com/seed748fb4d1/apcsim

# Backends besides the software one, stores besides the one in memory, and the
# packages whose tests take theirs from the environment. The slowest is first, since some run beside others.
OTHER_HSMS    = awkward softhsm nss
OTHER_STORES  = postgres bolt
ON_EACH_PLACE = ./engine ./endpoint ./dataplane ./endpoint/sdktest

# What make dist builds for.
PLATFORMS = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

# Modules below the root's: what needs another's module for tests alone.
MODULES = $(patsubst %/go.mod,%,$(shell git ls-files '*/go.mod'))

.DEFAULT_GOAL := help
.PHONY: help test bench soak dist image fmt

help: ## print this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: ## vet, staticcheck, build without cgo, every test with the race detector, then the same list of tests on each other backend and store
	@scripts/setup
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	CGO_ENABLED=0 $(GO) build ./...
	$(GO) test $(RACE) $(filter-out $(ON_EACH_PLACE:./%=$(MODULE)/%),$(shell $(GO) list ./...))
	@for m in $(MODULES); do echo "module $$m" && $(GO) -C $$m vet ./... && $(GO) -C $$m run $(STATICCHECK) ./... || exit 1; done
	@printf '%s\n' $(filter-out $(ON_EACH_PLACE:./%=%),$(MODULES)) | xargs -P 2 -I MODULE $(GO) -C MODULE test $(RACE) ./...
	@GO="$(GO)" RACE="$(RACE)" scripts/everywhere "$(OTHER_STORES:%=software+%) $(OTHER_HSMS:%=%+memory)" $(ON_EACH_PLACE)

bench: ## speed as ratios against floors measured in the same run
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...
	@for m in $(MODULES); do $(GO) -C $$m test -run '^$$' -bench '$(BENCH)' -benchmem -benchtime 3s ./... || exit 1; done

soak: ## the long runs: fuzz targets for FUZZ (1h) each, state machines on every backend and store, crowds, kills
	@SOAK_HSMS="software $(OTHER_HSMS)" SOAK_STORES="memory $(OTHER_STORES)" scripts/soak $(FUZZ)

dist: ## static programs for Linux, macOS and Windows in dist/, with checksums; one for Linux that has --hsm
	@GO="$(GO)" scripts/dist $(PLATFORMS)

image: ## the container image, by podman or docker: build, run, health check; scripts/image says what it takes where there is no registry
	@scripts/image

fmt: ## format the code
	gofmt -w .
