# ctx: build, test, measure. `make help` lists the targets; everything generated lives under build/<config>/.
CONFIG  ?= release
PREFIX  ?= /usr/local
B       := build/$(CONFIG)
PACKAGES = gcc make flex bison llvm-19-dev libopenblas-pthread-dev libcunit1-dev libjansson-dev

LLVM_CONFIG ?= llvm-config-19
CC      := gcc
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
CFLAGS_release  := -O2 -g
CFLAGS_debug    := -O0 -g3 -DCTX_VERIFY
CFLAGS_asan     := -O1 -g3 -DCTX_VERIFY -DCTX_ARENA_DEBUG -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
CFLAGS_coverage := -O0 -g3 -DCTX_VERIFY --coverage
CFLAGS  := -std=gnu11 $(WARN) -fPIC -MMD -MP $(CFLAGS_$(CONFIG)) $(EXTRA_CFLAGS)
# What the programs that `ctx build` links need besides, in builds whose runtime library is instrumented.
LINK_EXTRA_asan     := -fsanitize=address,undefined
LINK_EXTRA_coverage := --coverage
LDFLAGS := $(filter -fsanitize=% --coverage,$(CFLAGS_$(CONFIG)))
CPPFLAGS = -Icompiler -Iruntime -Iruntime/include -I$(B)/gen -DCTX_VERSION='"$(VERSION)"'
VERSION := 0.1.0
LLVM_CFLAGS = $(shell $(LLVM_CONFIG) --cflags)
# LLVM from its archives, at fixed addresses: to load and relocate its shared library takes longer than to compile most circuits.
# What they need comes with LLVM's own packages, under these names. LLVM_LINK=shared where a system has no archives.
LLVM_LINK ?= static
LLVM_LIBS_static = $(shell $(LLVM_CONFIG) --ldflags --link-static --libs core native passes orcjit) -l:libz.so.1 -l:libzstd.so.1 -l:libstdc++.so.6
LLVM_LIBS_shared = $(shell $(LLVM_CONFIG) --ldflags --link-shared --libs)
LIBS     = -no-pie -Wl,--gc-sections,--as-needed $(LLVM_LIBS_$(LLVM_LINK)) -lopenblas -ljansson -lpthread -lm -ldl

COMPILER_SRC := $(filter-out compiler/driver/main.c,$(wildcard compiler/*/*.c))
RUNTIME_SRC  := $(filter-out runtime/core/main.c,$(wildcard runtime/*/*.c))
UNIT_SRC     := $(wildcard tests/unit/*.c)
GEN_OBJ      := $(if $(wildcard compiler/front/parser.y),$(B)/gen/front/parser.o $(B)/gen/front/lexer.o)
COMPILER_OBJ := $(COMPILER_SRC:%.c=$(B)/%.o) $(GEN_OBJ)
RUNTIME_OBJ  := $(RUNTIME_SRC:%.c=$(B)/%.o)
UNIT_OBJ     := $(UNIT_SRC:%.c=$(B)/%.o) $(addprefix $(B)/tests/exact/,mutations.o float64.o)

.PHONY: all help deps demo test test-long unit golden-update asan debug valgrind coverage validation figures bench bench-exact bench-dynamics bench-train fuzz mutation install uninstall clean
.DEFAULT_GOAL := all

all: $(B)/ctx $(B)/libctxrt.a $(B)/ctx-bench ## build the compiler, the runtime library and the benchmark

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

deps: ## install the Debian packages that are missing
	@.ci/deps $(PACKAGES)

$(B)/ctx: $(B)/compiler/driver/main.o $(COMPILER_OBJ) $(RUNTIME_OBJ)
	$(CC) $(LDFLAGS) -rdynamic $^ -o $@ $(LIBS)

$(B)/libctxrt.a: $(RUNTIME_OBJ) $(B)/runtime/core/main.o
	@rm -f $@
	ar rcs $@ $^

$(B)/ctx-bench: tests/bench/ctx-bench.sh $(wildcard tests/bench/*.ctx)
	@mkdir -p $(B)/bench
	@cp tests/bench/*.ctx $(B)/bench/
	install -m 755 $< $@

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

# GCC notes an ABI change of 2010 for vector types; they are only passed between inlined functions.
$(B)/compiler/reference/%.o: CFLAGS += -Wno-psabi
$(B)/compiler/driver/link.o: CPPFLAGS += $(if $(LINK_EXTRA_$(CONFIG)),-DCTX_LINK_EXTRA='"$(LINK_EXTRA_$(CONFIG))"')
$(B)/compiler/codegen/%.o: CPPFLAGS += $(LLVM_CFLAGS)

$(B)/gen/front/parser.c $(B)/gen/front/parser.h &: compiler/front/parser.y
	@mkdir -p $(@D)
	bison -Wall -Wno-yacc --defines=$(B)/gen/front/parser.h -o $(B)/gen/front/parser.c $<
$(B)/gen/front/lexer.c $(B)/gen/front/lexer.h &: compiler/front/lexer.l $(B)/gen/front/parser.h
	@mkdir -p $(@D)
	flex --header-file=$(B)/gen/front/lexer.h -o $(B)/gen/front/lexer.c $<
$(B)/gen/front/%.o: $(B)/gen/front/%.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -Wno-unused-function -Wno-missing-prototypes -c $< -o $@
$(filter $(B)/compiler/front/%,$(COMPILER_OBJ)): | $(GEN_OBJ:.o=.c)

# tests/unit/x.c holds `void suite_x(void)`; the list of suites is the list of files.
$(B)/gen/suites.def: $(UNIT_SRC)
	@mkdir -p $(@D)
	@for f in $(filter-out main,$(notdir $(UNIT_SRC:.c=))); do echo "SUITE($$f)"; done > $@
$(B)/tests/unit/main.o: $(B)/gen/suites.def
$(B)/unit: $(UNIT_OBJ) $(COMPILER_OBJ) $(RUNTIME_OBJ)
	$(CC) $(LDFLAGS) -rdynamic $^ -o $@ $(LIBS) -lcunit

unit: $(B)/unit ## run the unit tests (make unit SUITE=ir for one)
	$(B)/unit $(SUITE)

test: all $(B)/unit $(B)/mutate $(B)/pairs ## build and run every test
	CTX_TEST_LINK="$(LINK_EXTRA_$(CONFIG))" tests/run.sh $(B)

test-long: ## every test at full size: 10,000 random pairs, all mutants, 2,000 validated programs
	CTX_LONG=1 $(MAKE) test

# Programs of tests/exact/: each main file with what it shares.
$(B)/mutate: $(addprefix $(B)/tests/exact/,mutate.o mutations.o float64.o) $(COMPILER_OBJ) $(RUNTIME_OBJ)
$(B)/pairs: $(addprefix $(B)/tests/exact/,pairs.o identities.o mutations.o float64.o scalar.o) $(B)/tests/unit/random_ir.o $(COMPILER_OBJ) $(RUNTIME_OBJ)
$(B)/mutate $(B)/pairs:
	$(CC) $(LDFLAGS) -rdynamic $^ -o $@ $(LIBS) -lcunit

mutation: all $(B)/mutate ## mutate both sides of every check; print the table operator by program
	@CTX_LONG=1 sh tests/exact/mutation.sh $(B) $(B)/mutation

golden-update: all ## show and accept changed messages of the golden tests
	tests/golden/golden.sh $(B) build/golden-update --update
	git diff --stat -- tests/golden

asan: ## run every test under AddressSanitizer and UBSan
	$(MAKE) CONFIG=asan test

debug: ## run every test in the debug build (IR verified between passes)
	$(MAKE) CONFIG=debug test

valgrind: all ## look for lost memory and invalid accesses after a check (needs valgrind)
	tests/valgrind.sh $(B)

coverage: ## run every test and report the lines of compiler/ and runtime/ that ran
	$(MAKE) CONFIG=coverage test
	tests/coverage.sh build/coverage

demo: deps ## install what is missing, build, and run the pretrained block as cortex and thalamus
	@$(MAKE) --no-print-directory -s -j2 all
	@examples/demo.sh $(B)

validation: all ## results by others: expected beside found
	@sh tests/validation/validation.sh $(B) $(B)/validation

figures: all ## measure and draw the figures of examples/README.md again
	@sh tests/validation/figures.sh $(B) $(B)/figures examples/figures

bench: all ## time the ten attention cases (one thread)
	tests/bench/bench.sh $(B)

$(B)/multiplier: tests/bench/multiplier.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $< -o $@

bench-exact: all $(B)/multiplier ## time exact verdicts beside the machine's 64-bit multiplier
	@sh tests/bench/exact.sh $(B) $(B)/multiplier

PEERS ?=
bench-dynamics: all ## time the dynamic reading (PEERS=FILE: beside other simulators)
	@tests/bench/dynamics.sh $(B) $(if $(PEERS),--peers $(PEERS))

bench-train: all ## time a training step (PEERS=FILE: beside tensor engines, PYTHON=an interpreter that has them)
	@tests/bench/train.sh $(B) $(if $(PEERS),--peers $(PEERS))

install: all ## install to PREFIX (default /usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/ctx/stdlib
	install -m 755 $(B)/ctx $(DESTDIR)$(PREFIX)/bin/ctx
	install -m 644 $(B)/libctxrt.a $(DESTDIR)$(PREFIX)/lib/ctx/libctxrt.a
	install -m 644 stdlib/*.ctx $(DESTDIR)$(PREFIX)/lib/ctx/stdlib/

uninstall: ## remove what install wrote
	rm -f $(DESTDIR)$(PREFIX)/bin/ctx
	rm -rf $(DESTDIR)$(PREFIX)/lib/ctx

FUZZ_CLANG ?= clang-19
FUZZ_SRC := $(wildcard compiler/base/*.c compiler/diag/*.c compiler/front/*.c)
$(B)/fuzz-front: tests/fuzz/front.c $(FUZZ_SRC) $(GEN_OBJ:.o=.c)
	$(FUZZ_CLANG) -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined $(CPPFLAGS) $^ -o $@

fuzz: ## fuzz the front end for a minute (needs clang-19)
	@command -v $(FUZZ_CLANG) > /dev/null || { echo "make fuzz needs $(FUZZ_CLANG)"; exit 1; }
	$(MAKE) $(B)/fuzz-front
	@mkdir -p $(B)/corpus && cp stdlib/*.ctx examples/*.ctx tests/golden/*/*.ctx $(B)/corpus
	cd $(B) && ./fuzz-front -max_total_time=60 -dict=$(CURDIR)/tests/fuzz/front.dict corpus

clean: ## remove everything generated
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
