# The commands people type, each of which may be typed twice.
# They install what is missing (by name, asking dpkg first), so a fresh machine needs only Swift.

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
PYTHON ?= python3
ARGS ?=

# The Swift runtime goes into the binary: it then runs where no toolchain is, starts with less
# resident memory than with the shared libraries, and calls the runtime without the PLT.
RELEASE_FLAGS ?= -c release --static-swift-stdlib
BINARY := .build/release/isthmus
VENV := .venv
REQUIREMENTS := Tests/EndToEndTests/requirements.txt

.DEFAULT_GOAL := help
# SwiftPM locks its folder: two builds at once would only wait for each other.
.NOTPARALLEL:
.PHONY: help demo build test test-unit test-e2e bench lint format install uninstall clean

help: ## say what there is to do
	@echo "usage: make TARGET [ARGS='...']"
	@awk -F ':[^#]*## ' '/^[a-z0-9-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## build, then run the demo: Bookinfo behind a gateway (ARGS=--check walks it and exits)
	@$(BINARY) demo $(ARGS)

build: ## install what building needs, and build the release binary
	@scripts/install-deps build
	$(SWIFT) build $(RELEASE_FLAGS) --product isthmus

# ARGS are for one runner's command line, not for both.
test: override ARGS :=
test: test-unit test-e2e ## install what tests need, and run every test

test-unit: ## the tests of each module (ARGS='--filter HTTP')
	@scripts/install-deps build test
	$(SWIFT) test $(ARGS)

test-e2e: build $(VENV)/.installed ## the built binary against real clients and servers (ARGS='-k reload')
	ISTHMUS=$(CURDIR)/$(BINARY) $(VENV)/bin/python -m pytest Tests/EndToEndTests $(ARGS)

# The stamp is newer than the list it was made from, or the list is installed again.
$(VENV)/.installed: $(REQUIREMENTS)
	@scripts/install-deps test
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $(REQUIREMENTS)
	@touch $@

bench: build ## measure beside nginx, HAProxy and Envoy (ARGS='http1 --rounds 5')
	@Benchmarks/install
	Benchmarks/run $(ARGS)

lint: ## check the format of every Swift file
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

format: ## rewrite every Swift file in the project's format
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

install: ## copy the binary, the scenarios and the unit to PREFIX (run make build first)
	@test -x $(BINARY) || { echo "make install: no $(BINARY); run 'make build' first" >&2; exit 1; }
	install -D -m 0755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/isthmus
	mkdir -p $(DESTDIR)$(PREFIX)/share/isthmus $(DESTDIR)$(PREFIX)/lib/systemd/system
	rm -rf $(DESTDIR)$(PREFIX)/share/isthmus/gateways
	cp -R gateways $(DESTDIR)$(PREFIX)/share/isthmus/gateways
	sed 's|@PREFIX@|$(PREFIX)|g' packaging/isthmus-gateway.service.in \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/isthmus-gateway.service

uninstall: ## remove what install copied
	rm -f $(DESTDIR)$(PREFIX)/bin/isthmus
	rm -rf $(DESTDIR)$(PREFIX)/share/isthmus
	rm -f $(DESTDIR)$(PREFIX)/lib/systemd/system/isthmus-gateway.service

clean: ## remove what the targets above made
	rm -rf .build $(VENV) Benchmarks/results
