# basin. `make help` lists the targets; V=1 shows the commands; BUILD=elsewhere builds elsewhere; SAN=address,undefined builds beside.

# Everything that basin needs, in Debian's and Ubuntu's names: the one list, for users and for .ci/run. environment.yml is its
# twin for conda-forge. The last line is what the tests and the demo's fonts need.
PACKAGES := build-essential pkg-config libopenblas-dev liblapacke-dev libhdf5-dev libpango1.0-dev libjansson-dev nettle-dev \
            libcmocka-dev fonts-dejavu-core

# What the tests of python/ and of the written formats want besides; without them those tests say «skipped».
PYTHON_PACKAGES := python3-torch python3-torchvision python3-h5py poppler-utils libxml2-utils

BUILD    ?= build
PREFIX   ?= /usr/local
CFLAGS   ?= -O2 -g
PKG      := openblas lapacke hdf5 pangocairo jansson nettle
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla $(WERROR)
, := ,
space := $(subst ,, )
ifneq ($(SAN),)
override BUILD := $(BUILD)-$(subst $(,),+,$(SAN))
CFLAGS   += -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
LDFLAGS  += -fsanitize=$(SAN)
endif
ifneq ($(SETS),)
override BUILD := $(BUILD)$(subst $(space),,$(patsubst %,-%,$(SETS)))
endif
Q         = $(if $(V),,@printf '  %-5s %s\n' $(1) $@;)

CPPFLAGS += -D_XOPEN_SOURCE=700 -Iinclude -Isrc $(shell pkg-config --cflags $(PKG) 2>/dev/null) \
            -DBASIN_BUILD='"$(CC) $(shell $(CC) -dumpversion 2>/dev/null), $(CFLAGS)"'
STD      := -std=c11 -fopenmp
LDLIBS   += $(shell pkg-config --libs $(PKG) 2>/dev/null) -lm

# The folders of src/engine say `real`: they are compiled for double and for float, each for every instruction set of SETS (the best
# last), with exactly the features that src/engine/engine.c asks the processor for; tests/engine/compiled/*.c likewise. SETS=base builds that one alone,
# under build-base, in a third of the time.
real.c   := $(sort $(wildcard src/engine/*/*.c))
all_sets := base$(if $(filter x86_64,$(shell $(CC) -dumpmachine | cut -d- -f1)), avx2 avx512)
sets     := $(or $(SETS),$(all_sets))
CPPFLAGS += -D'BASIN_INSTRUCTION_SETS(X)=$(foreach set,$(sets),X($(set)))'
avx2.cc   := -mavx2 -mfma
avx512.cc := -mavx2 -mfma -mavx512f -mavx512dq -mavx512bw -mavx512vl
engines  := $(foreach set,$(sets),f64.$(set) f32.$(set))
once.c   := $(sort $(filter-out src/cli/% $(real.c),$(wildcard src/*/*.c src/*/*/*.c)))
cli.c    := $(sort $(wildcard src/cli/*.c))
objects   = $(once.c:%.c=$(1)/%.o) $(foreach engine,$(engines),$(real.c:%.c=$(1)/%.$(engine).o))
lib.o    := $(call objects,$(BUILD))
fault.o  := $(call objects,$(BUILD)/fault)
cli.o    := $(cli.c:%.c=$(BUILD)/%.o)
samples  := $(patsubst samples/%.c,$(BUILD)/samples/%,$(sort $(wildcard samples/[0-9]*.c)))

# tests/ROOM/test_*.c are the test programs of a room, its other sources are shared by them, tests/support/*.c by all. What is in
# tests/engine/compiled is compiled as the engine is. tests/cli/make_files.c makes files for tests/cli/*.sh.
$(if $(wildcard tests/test_*.c),$(error $(wildcard tests/test_*.c): would never run; tests stand in the folder of the room that they test))
rooms    := $(sort $(patsubst tests/%/,%,$(dir $(wildcard tests/*/test_*.c))))
tests    := $(patsubst %.c,$(BUILD)/%,$(sort $(foreach room,$(rooms),$(wildcard tests/$(room)/test_*.c))))
support  := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/support/*.c)))
shared    = $(patsubst %.c,$(BUILD)/%.o,$(sort $(filter-out tests/$(1)/test_%,$(wildcard tests/$(1)/*.c))))
compiled := $(foreach engine,$(engines),$(patsubst %.c,$(BUILD)/fault/%.$(engine).o,$(sort $(wildcard tests/engine/compiled/*.c))))
files    := $(BUILD)/tests/cli/make_files

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all deps demo test test-long asan golden gallery docs layers bench bench-plot install uninstall format format-check help clean run-demo run-test

all: deps ## library and command-line tool: build/libbasin.a, build/basin
	@$(MAKE) --no-print-directory $(BUILD)/libbasin.a $(BUILD)/basin

deps: ## check for the packages; install them as root or through sudo, otherwise print the command
	@sh tools/deps.sh $(PACKAGES)

demo: all ## train GD, SAM and MSAM on the digits, analyse, compare; pictures and tables under build/demo
	@BASIN=$(BUILD)/basin sh samples/demo.sh $(BUILD)/demo

test: all ## every test: units, samples, commands, layers
	@$(MAKE) --no-print-directory run-test

# -------------------------------------------------------------------------------------------------- building

COMPILE = $(call Q,CC)mkdir -p $(@D) && $(CC) $(STD) $(CPPFLAGS) $(WARN) $(CFLAGS) -MMD -MP -c -o $@ $<

REAL := -O3 -ffp-contract=fast -DBASIN_REAL_
define engine-rules
$(BUILD)/fault/%.f64.$(1).o: %.c Makefile ; $$(COMPILE) -DBASIN_FAULT $(REAL)DOUBLE -DBASIN_INSTRUCTIONS=$(1) $($(1).cc)
$(BUILD)/fault/%.f32.$(1).o: %.c Makefile ; $$(COMPILE) -DBASIN_FAULT $(REAL)SINGLE -DBASIN_INSTRUCTIONS=$(1) $($(1).cc)
$(BUILD)/%.f64.$(1).o: %.c Makefile ; $$(COMPILE) $(REAL)DOUBLE -DBASIN_INSTRUCTIONS=$(1) $($(1).cc)
$(BUILD)/%.f32.$(1).o: %.c Makefile ; $$(COMPILE) $(REAL)SINGLE -DBASIN_INSTRUCTIONS=$(1) $($(1).cc)
endef
$(foreach set,$(sets),$(eval $(call engine-rules,$(set))))
$(BUILD)/fault/%.o: %.c Makefile ; $(COMPILE) -DBASIN_FAULT
$(BUILD)/%.o: %.c Makefile ; $(COMPILE)

$(BUILD)/libbasin.a: $(lib.o)
	$(call Q,AR)rm -f $@ && $(AR) rcs $@ $^
$(BUILD)/libbasin_fault.a: $(fault.o)
	$(call Q,AR)rm -f $@ && $(AR) rcs $@ $^
$(BUILD)/basin: $(cli.o) $(BUILD)/libbasin.a
	$(call Q,LINK)$(CC) $(STD) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/%.o: CPPFLAGS += -Itests/support -DBASIN_FAULT -DBASIN_INSTRUCTIONS=base
$(compiled): CPPFLAGS += -Itests/support
LINK_TEST = $(call Q,LINK)$(CC) $(STD) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) $$(pkg-config --libs cmocka)
define room-rule
$(BUILD)/tests/$(1)/test_%: $(BUILD)/tests/$(1)/test_%.o $(call shared,$(1)) $(support) $(BUILD)/libbasin_fault.a ; $$(LINK_TEST)
endef
$(foreach room,$(rooms),$(eval $(call room-rule,$(room))))
$(BUILD)/tests/engine/test_kernels: $(compiled)
$(files): $(BUILD)/tests/cli/make_files.o $(support) $(BUILD)/libbasin_fault.a ; $(LINK_TEST)
$(BUILD)/samples/%: $(BUILD)/samples/%.o $(BUILD)/libbasin.a
	$(call Q,LINK)$(CC) $(STD) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(BUILD)/bench/%: $(BUILD)/bench/%.o $(BUILD)/libbasin.a
	$(call Q,LINK)$(CC) $(STD) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
.PRECIOUS: $(BUILD)/%.o $(BUILD)/tests/%.o $(BUILD)/samples/%.o $(BUILD)/bench/%.o

# --------------------------------------------------------------------------------------------------- testing

run-test: $(tests) $(files) $(samples) layers
	@BUILD=$(BUILD) sh tests/run.sh $(tests) -- $(samples)

test-long: all ## statistical tests over many seeds and sizes; minutes
	@BASIN_LONG=1 $(MAKE) --no-print-directory run-test

asan: deps ## the tests under AddressSanitizer and UndefinedBehaviorSanitizer
	+@$(MAKE) --no-print-directory SAN=address,undefined test

golden: all ## draw the golden images anew; look at the difference before committing
	@$(MAKE) --no-print-directory $(BUILD)/tests/render/test_golden && BASIN_GOLDEN=1 $(BUILD)/tests/render/test_golden

gallery: all ## draw docs/gallery from its results anew, vectors to build/gallery; with matplotlib beside, and as seen in greyscale and with deuteranopia
	@BASIN=$(BUILD)/basin sh docs/gallery/gallery.sh docs/gallery png
	@BASIN=$(BUILD)/basin sh docs/gallery/gallery.sh $(BUILD)/gallery pdf svg
	@python3 docs/gallery/matplotlib_beside.py docs/gallery/figures docs/gallery/beside
	@python3 docs/gallery/sight.py $(BUILD)/gallery/sight docs/gallery/figures/*.png

docs: all ## write the tables of docs/json.md and docs/measures.md anew from descriptions and lists, and docs/commands.md from the help of the commands
	@$(MAKE) --no-print-directory $(BUILD)/tests/core/test_docs && BASIN_DOCS=1 $(BUILD)/tests/core/test_docs
	@sh tools/commands.sh $(BUILD)/basin >$(BUILD)/commands.md && mv $(BUILD)/commands.md docs/commands.md

layers: ## fail where a module includes a sibling, or a foreign library leaves its home
	@sh tools/layers.sh

bench: all ## time against the machine's sgemm peak and PyTorch (bench/peers.sh); BENCH_DATA=FILE for real images, BENCH="--rounds 3"
	@$(MAKE) --no-print-directory $(BUILD)/bench/bench $(BUILD)/bench/read
	@python3 bench/run.py $(BUILD)/bench/bench $(BUILD)/bench $(if $(BENCH_DATA),--data $(BENCH_DATA)) $(BENCH)

bench-plot: all ## measure the rate of H·v against width, samples and block; draw build/bench/rates.pdf and .png; minutes
	@$(MAKE) --no-print-directory $(BUILD)/bench/bench $(BUILD)/bench/plot
	@python3 bench/rates.py $(BUILD)/bench/bench $(BUILD)/bench $(BENCH)
	@$(BUILD)/bench/plot $(BUILD)/bench/rates.json $(BUILD)/bench/rates.pdf
	@$(BUILD)/bench/plot $(BUILD)/bench/rates.json $(BUILD)/bench/rates.png 160

# ------------------------------------------------------------------------------------------------ housekeeping

install: all ## into PREFIX (/usr/local), honouring DESTDIR
	install -D -m 755 $(BUILD)/basin $(DESTDIR)$(PREFIX)/bin/basin
	install -D -m 644 $(BUILD)/libbasin.a $(DESTDIR)$(PREFIX)/lib/libbasin.a
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include include/basin.h include/basin_measures.h \
	    include/basin_sharpness_measures.h
	@mkdir -p $(DESTDIR)$(PREFIX)/lib/pkgconfig
	@printf '%s\n' 'Name: basin' 'Description: loss landscapes of saved training checkpoints' \
	    "Version: $$(sed -n 's/^#define BASIN_VERSION "\(.*\)"/\1/p' include/basin.h)" 'Requires: $(PKG)' 'Cflags: -I$(PREFIX)/include' \
	    'Libs: -L$(PREFIX)/lib -lbasin -fopenmp -lm' >$(DESTDIR)$(PREFIX)/lib/pkgconfig/basin.pc

uninstall: ## what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/basin $(DESTDIR)$(PREFIX)/lib/libbasin.a $(DESTDIR)$(PREFIX)/lib/pkgconfig/basin.pc \
	    $(DESTDIR)$(PREFIX)/include/basin.h $(DESTDIR)$(PREFIX)/include/basin_measures.h \
	    $(DESTDIR)$(PREFIX)/include/basin_sharpness_measures.h

format: ## lay out the C sources by .clang-format
	@sh tools/format.sh

format-check: ## fail where a C source is not laid out so
	@sh tools/format.sh --check

clean: ## remove everything built
	rm -rf $(BUILD) $(BUILD)-*

help: ## this list
	@grep -hE '^[a-z%-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | expand -t14

print-%: ; @echo '$($*)'

-include $(lib.o:.o=.d) $(fault.o:.o=.d) $(cli.o:.o=.d) $(wildcard $(BUILD)/tests/*/*.d) $(compiled:.o=.d) $(samples:=.d) $(wildcard $(BUILD)/bench/*.d)
