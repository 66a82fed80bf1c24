# Every target works from a clean clone: what the system lacks is installed by `deps`, which the others depend on.

SWIFT ?= swift
# Warnings are errors here; a program that depends on this package keeps its build. The same for every target below,
# because a change of it builds everything anew.
export SWIFTAMQP_STRICT := 1

.DEFAULT_GOAL := help
.PHONY: help deps build lib check-lib install uninstall python-wheel python-test demo test chaos chaos-full lint format bench bench-quick bench-counts bench-python fuzz tsan asan clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install the system packages that are missing
	@scripts/install-deps

build: deps ## Build everything but the tests
	$(SWIFT) build

lib: deps ## Build libswiftamqp.so, which programs in C and C++ link
	scripts/build-lib

check-lib: deps ## Check that libswiftamqp.so and its header keep what they promise, and that the checks can fail
	scripts/build-lib --if-needed
	scripts/check-abi
	scripts/check-abi-selftest

# Without `deps`: root, who installs, may have no Swift, and needs none where `make lib` was run before.
install: ## Install libswiftamqp.so, header, pkg-config file, CMake package: PREFIX=/usr/local DESTDIR=
	scripts/build-lib --if-needed
	scripts/install-lib

uninstall: ## Remove what install has installed, with the same PREFIX and DESTDIR
	scripts/install-lib --uninstall

python-wheel: deps ## Build the Python package, with the library inside: one wheel for CPython 3.9 and later
	scripts/install-deps --python
	scripts/build-wheel

python-test: deps ## Test the wheel in a clean environment; ARGS="--slow", "--all-versions", "-k NAME"
	scripts/install-deps --python
	scripts/test-python $(ARGS)

demo: deps ## Show the client at work against a RabbitMQ node of its own
	scripts/with-broker scripts/demo

test: deps check-lib ## Check libswiftamqp.so, and run all tests, against a RabbitMQ node of their own or that of AMQP_URL
	scripts/install-deps --python
	$(SWIFT) build --build-tests
	scripts/test

chaos: deps ## Break connections, brokers and the client in every way, and check every message (2 min)
	$(SWIFT) build --build-tests
	.build/debug/chaos sweep --minimum-pairs 60
	.build/debug/chaos kill --cycles 40 --close-all 4 --broker-kill 1 --pause 1
	.build/debug/chaos kill-client --kills 3
	.build/debug/chaos restarts --count 20
	.build/debug/chaos shutdowns --count 40

chaos-full: deps ## The same in full: all pairs, 1,000 kills of connections, 50 of the broker, 100 of the client (2 h)
	$(SWIFT) build --build-tests
	.build/debug/chaos sweep
	.build/debug/chaos kill --cycles 1000 --close-all 200 --broker-kill 50 --pause 30
	.build/debug/chaos kill-client --kills 100
	.build/debug/chaos restarts --count 500
	.build/debug/chaos shutdowns --count 1000
	.build/debug/chaos backlog
	.build/debug/chaos soak --minutes 30

lint: ## Check format, imports and house rules, and that the checks find what they look for
	scripts/lint
	scripts/lint-selftest

format: ## Format all Swift code in place
	$(SWIFT) format --in-place --parallel --recursive Package.swift $(wildcard Sources Tests Benchmarks)

bench: deps ## Measure this client and its peers side by side; ARGS="--json FILE", "--growth", see Benchmarks/README.md
	scripts/bench $(ARGS)

bench-quick: deps ## The same in a minute, with figures that are good for a glance only
	scripts/bench --quick $(ARGS)

bench-counts: deps ## Count allocations and instructions of a message; fails when they grew by a tenth
	scripts/bench --counts $(ARGS)

bench-python: deps ## Measure the Python package beside pika and aio-pika; ARGS="--rounds N", "--scale X", "--json FILE"
	scripts/install-deps --python
	Benchmarks/python/run $(ARGS)

fuzz: deps ## Fuzz each target for SECONDS=20, or only TARGET=NAME
	scripts/fuzz $(or $(SECONDS),20) $(TARGET)

tsan: deps ## Run all tests under the thread sanitizer; ARGS="--filter NAME"
	scripts/sanitize thread $(ARGS)

asan: deps ## Run all tests under the address sanitizer; ARGS="--filter NAME"
	scripts/sanitize address $(ARGS)

clean: ## Remove everything that was built
	rm -rf .build Benchmarks/.build
