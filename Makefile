# The door for people; cmake/ and CMakePresets.json hold the machinery.
#
#   make            build build/release/vouch
#   make demo       a whole network on this machine: private answers, checked
#   make test       unit and end-to-end tests
#   make ci         what CI runs: lint, both compilers, sanitizers, fuzz corpora, make test
#   make aarch64    build build/aarch64/vouch, and test under qemu what decides its arithmetic
#   make lint       clang-format and clang-tidy
#   make fuzz       build the fuzz targets into build/fuzz and run each for FUZZ_SECONDS
#   make soak       the long campaigns, for hours: faults, kills, changed proofs, fuzzing (SOAK_PERCENT=1 tries them)
#   make conformance   ONNX's own tests of its operators: what passes, what is refused
#   make bench      speed, as ratios measured in one run
#   make install    PREFIX=/usr/local
#   make dev clang verify asan msan tsan    one preset: build and test
PRESETS = dev clang verify asan tsan
# MSan takes what it cannot see written for uninitialised: it sees neither the system's libraries
# nor AVX-512's narrowing stores, so it runs where there are none.
MSAN_MODULES = base kernels message split
MSAN_TESTS = $(wildcard $(MSAN_MODULES:%=src/%/*_test.c))
# What decides the arithmetic, on another processor. An emulated one takes minutes over the real
# models; tests/e2e/digest_test.py has it run them all the same, and compares the bytes.
ARM_MODULES = base field kernels message crypto model import proof circuit annex
# Statistics, campaigns and hostile bytes say nothing about a processor, and take an emulated one too
# long.
ARM_SLOW = import/models_test proof/proof_test proof/proof_bytes_test proof/oracle_test \
           proof/oracle_hiding_test proof/zero_knowledge_test circuit/circuit_search_test \
           circuit/circuit_bombs_test circuit/circuit_proof_test circuit/relations_test \
           import/translate_recurrent_test model/manifest_test \
           $(patsubst src/%.c,%,$(wildcard src/circuit/*lies_test.c))
ARM_TESTS = $(filter-out $(ARM_SLOW:%=src/%.c),$(wildcard $(ARM_MODULES:%=src/%/*_test.c)))
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
PREFIX ?= /usr/local

all: release

dependencies:
	@tools/dependencies.sh build

# Tests and benches take most of the building; the program and the demo do without.
release: dependencies
	@cmake --preset release --log-level=NOTICE
	@cmake --build build/release -t vouch
	@echo "built build/release/vouch"

everything: release
	@cmake --build build/release

test: everything
	@ctest --test-dir build/release -j$(JOBS) --output-on-failure

$(PRESETS):
	@tools/dependencies.sh ci
	@cmake --preset $@ --log-level=NOTICE
	@cmake --build build/$@ -- --quiet
	@ctest --test-dir build/$@ -j$(JOBS) --output-on-failure

msan:
	@tools/dependencies.sh ci
	@cmake --preset msan --log-level=NOTICE
	@cmake --build build/msan -- --quiet $(subst /,.,$(MSAN_TESTS:src/%.c=%))
	@ctest --test-dir build/msan --output-on-failure -R "^($(subst $() ,|,$(MSAN_MODULES)))/"

aarch64:
	@tools/dependencies.sh arm
	@cmake --preset aarch64 --log-level=NOTICE
	@cmake --build build/aarch64 -- --quiet vouch $(subst /,.,$(basename $(ARM_TESTS:src/%=%)))
	@ctest --test-dir build/aarch64 -j$(JOBS) --output-on-failure \
	    -E "^($(subst $() ,|,$(strip $(ARM_SLOW))))$$|_fuzz$$" \
	    -R "^($(subst $() ,|,$(ARM_MODULES)))/"
	@echo "built build/aarch64/vouch"

demo: release
	@cmake --build build/release -t faulty_node
	@demo/demo.sh build/release

lint: dependencies-ci
	@cmake --preset clang --log-level=NOTICE
	@cmake --build build/clang -t schema -- --quiet
	@tools/lint.sh build/clang

dependencies-ci:
	@tools/dependencies.sh ci

ci: dependencies-ci
	@tools/ci.sh

fuzz: dependencies-ci
	@tools/fuzz.sh $(FUZZ_SECONDS)

soak: everything dependencies-ci
	@tools/soak.sh

conformance: release
	@$(or $(VOUCH_PYTHON),python3) tests/oracles/conformance.py build/release/vouch --table

bench: everything
	@tools/bench.sh build/release

install: release
	@cmake --install build/release --prefix $(PREFIX)

.PHONY: all dependencies dependencies-ci release everything test demo lint ci fuzz soak conformance bench install msan aarch64 $(PRESETS)
