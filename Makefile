# SPDX-License-Identifier: BSD-3-Clause
# The front door; meson does the work. Each target calls what it needs before it.

BUILD ?= build
FUZZ = build-test/fuzz/tests/fuzz
SECONDS ?= 60
JOBS ?= 1
WEIR = $(BUILD)/app/weir

.PHONY: help deps configure build demo test fuzz coverage explore explore-faults bench lint install clean
.NOTPARALLEL:

help:
	@echo 'make demo     connections opened, used and closed on an in-memory wire'
	@echo 'make test     build with gcc, clang and sanitizers; run every test'
	@echo 'make fuzz     the fuzzers, SECONDS=60 each, JOBS=1 at a time'
	@echo 'make explore  every interleaving of a connection, to the end of its bounds (docs/explorer.md)'
	@echo 'make coverage the lines that the tests reach, by room'
	@echo 'make build    $(WEIR) and $(BUILD)/bench/weir-bench'
	@echo 'make bench    the benchmarks (see $(BUILD)/bench/weir-bench --list)'
	@echo 'make lint     rooms, sizes, headers, style, spelling'
	@echo 'make install  weir with its profiles, libweir and weir.h, below PREFIX if that is given'
	@echo 'make deps     install the Debian packages that are missing (root)'
	@echo 'make clean    remove $(BUILD) and build-test'

deps:
	@.ci/deps

configure:
	@.ci/deps build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD)

build: configure
	@ninja -C $(BUILD)

# No more than it needs: whoever comes here first has not come for the tests.
demo: configure
	@ninja -C $(BUILD) app/weir
	$(WEIR) demo $(ARGS)

# Without root the packages for tests may stay away: what needs them is skipped by name.
test:
	@.ci/deps build
	@.ci/deps test || test "$${CI:-false}" != true
	@tests/run $(ARGS)

explore: configure
	@ninja -C $(BUILD) tests/explore/explore
	$(BUILD)/tests/explore/explore --transitions $(ARGS)

# Five faults, planted one at a time in a copy of the tree: it must find each.
explore-faults:
	@tests/explore/faults.py $(ARGS)

bench: configure
	@.ci/deps bench
	@ninja -C $(BUILD) bench/weir-bench
	$(BUILD)/bench/weir-bench $(ARGS)

# Each for SECONDS, JOBS at a time; FUZZERS='session pair' for some of them.
fuzz:
	@.ci/deps build test fuzz
	@tests/run --build fuzz
	@tests/fuzz/run --seconds $(SECONDS) --jobs $(JOBS) --grown build-test/fuzz-grown \
		$(if $(FUZZERS),$(FUZZERS:%=$(FUZZ)/fuzz_%),$$(find $(FUZZ) -name 'fuzz_*' -type f -executable))

# Fails below the lines that each room must reach, not by tests that look at the time in a tree this slow. ARGS: lines of which rooms to list, e.g. tcp wire.
coverage:
	@.ci/deps build test
	-@tests/run coverage
	@tests/coverage build-test/coverage $(ARGS)

lint: build
	@.ci/deps test
	@meson test -C $(BUILD) --no-rebuild --suite lint --print-errorlogs
	@tests/lint/lint.py sizes .

install: build
	@$(if $(PREFIX),meson configure $(BUILD) --prefix=$(abspath $(PREFIX)),:)
	@meson install -C $(BUILD)

clean:
	rm -rf $(BUILD) build-test
