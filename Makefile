# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Builds, tests and packs everything. `make help` lists the targets, V=1 shows the commands.
VERSION    := 0.1.0
ifeq ($(origin CC),default)
CC         := gcc
endif
CFLAGS     ?= -O2 -g
PKG_CONFIG ?= pkg-config
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
SBINDIR    ?= $(PREFIX)/sbin
DOCDIR     ?= $(PREFIX)/share/doc/apex
MANDIR     ?= $(PREFIX)/share/man
SECONDS    ?= 60
comma      := ,

PKGS = libcurl jansson hiredis libmnl libmicrohttpd libsodium gnutls
WARN = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wvla \
       -Wwrite-strings -Wundef -Wdate-time $(if $(DEVELOPER),-Werror)
# Asked once, and not before a compiler runs: `make deps` works on a machine without pkg-config.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(PKGS)))$(PKG_LIBS)
SANFLAGS   = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
CPP_FLAGS  = -Ilib -I. -D_GNU_SOURCE -DVERSION='"$(VERSION)"' $(PKG_CFLAGS)
ALL_CFLAGS = -std=gnu17 $(WARN) -fno-common -ffile-prefix-map=$(CURDIR)=. -MMD -MP \
	     -fstack-protector-strong $(if $(SAN),,-D_FORTIFY_SOURCE=2) -fPIE \
	     $(CPP_FLAGS) $(SANFLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SANFLAGS) $(LDFLAGS)
ALL_LIBS   = $(PKG_LIBS) -lanl $(LDLIBS)
BUILD     ?= build/$(or $(subst $(comma),-,$(SAN)),plain)
BIN       ?= $(if $(filter build/plain,$(BUILD)),bin,$(BUILD))

ifneq ($(V),1)
Q = @
say = @printf '  %-5s %s\n' $(1) $(2);
endif

LIB     := $(sort $(wildcard lib/*/*.c))
TOWER   := $(sort $(filter-out tower/main.c,$(wildcard tower/*.c tower/*/*.c)))
AGENT   := $(sort $(filter-out nodeagent/main.c,$(wildcard nodeagent/*.c nodeagent/*/*.c)))
obj      = $(patsubst %.c,$(BUILD)/%.o,$(1))
UNIT    := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ    := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
REPLAY  := $(subst /fuzz_,/replay_,$(FUZZ))
BENCH   := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/bench/bench_*.c)))
BENCH_SHARED := $(filter-out tests/bench/bench_%,$(sort $(wildcard tests/bench/*.c)))
PROGRAMS := $(if $(wildcard tower/main.c),controltower) $(if $(wildcard nodeagent/main.c),aircrew)
ARCHIVES := $(BUILD)/tower.a $(BUILD)/agent.a $(BUILD)/lib.a
RUN      = BUILD=$(BUILD) BIN=$(CURDIR)/$(BIN) STRICT=$(STRICT) tests/run.sh

.PHONY: all
all: $(addprefix $(BIN)/,$(PROGRAMS)) ## the programs, in bin/ (the default)

$(BUILD)/lib.a: $(call obj,$(LIB))
$(BUILD)/tower.a: $(call obj,$(TOWER))
$(BUILD)/agent.a: $(call obj,$(AGENT))
$(BUILD)/%.a:
	@mkdir -p $(@D)
	$(call say,AR,$@)$(RM) $@ && $(AR) rcsD $@ $^

$(BUILD)/controltower: $(call obj,tower/main.c) $(BUILD)/tower.a $(BUILD)/lib.a
$(BUILD)/aircrew: $(call obj,nodeagent/main.c) $(BUILD)/agent.a $(BUILD)/lib.a
$(UNIT): $(BUILD)/%: $(BUILD)/%.o $(ARCHIVES)
$(BENCH): $(BUILD)/%: $(BUILD)/%.o $(call obj,$(BENCH_SHARED)) $(ARCHIVES)
$(FUZZ): $(BUILD)/%: $(BUILD)/%.o $(ARCHIVES)
$(REPLAY): $(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(ARCHIVES)
$(addprefix $(BUILD)/,$(PROGRAMS)) $(UNIT) $(BENCH) $(FUZZ) $(REPLAY):
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LIBS)
bin/%: build/plain/%
	@mkdir -p bin
	$(Q)cp $< $@

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -c -o $@ $<

.PHONY: deps unit test check check-run asan asan-run test-programs fuzz-programs
deps: ## install what building, demo and tests need (scripts/packages.txt); root
	$(Q)scripts/deps.sh

test-programs: all $(UNIT) $(REPLAY) $(BENCH)
fuzz-programs: $(FUZZ)

unit: $(UNIT) ## the unit tests alone
	$(Q)$(RUN) unit

test: test-programs ## unit tests, replayed corpora, process tests: no root, under a minute
	$(Q)$(RUN) unit corpora process

check: deps ## everything, lint, networks, kernel WireGuard, containers too; root; STRICT=1 makes a skip a failure
	$(Q)$(MAKE) --no-print-directory check-run
check-run: test-programs
	$(Q)$(RUN) lint unit corpora process net kernel containers

asan: deps ## the same tests under the address and the undefined-behaviour sanitizer
	$(Q)$(MAKE) --no-print-directory SAN=address,undefined asan-run
# Freed memory is held back to find its late users: little enough for a test to see it given back.
asan-run: export ASAN_OPTIONS = quarantine_size_mb=16
asan-run: test-programs
	$(Q)$(RUN) unit corpora process net

lint check-run: export LINT_FLAGS = $(CPP_FLAGS)
.PHONY: lint format scan cover fuzz bench demo
lint: ## layers, headers, format, clang-tidy, cppcheck, shellcheck, sizes
	$(Q)$(RUN) lint

format: ## rewrite the sources as .clang-format says
	$(Q)scripts/lint.sh sources | xargs clang-format-14 -i

scan: ## advisory analysers: scan-build and gcc -fanalyzer
	$(Q)scan-build-14 -o build/scan-report $(MAKE) BUILD=build/scan all
	$(Q)$(MAKE) BUILD=build/analyzer CFLAGS='-O2 -g -fanalyzer' all

cover: ## line coverage of unit and process tests, a file a line
	$(Q)$(MAKE) BUILD=build/cover CFLAGS='-O0 -g --coverage -fprofile-update=atomic' test
	$(Q)gcovr --root . --object-directory build/cover --exclude tests build/cover

fuzz: ## every parser for SECONDS=60, with the lines that were reached
	$(Q)scripts/fuzz.sh "$(SECONDS)"

bench: all $(BENCH) ## the figures, beside their yardsticks; BENCH_RECORD=1 into docs/bench
	$(Q)BENCH_RECORD=$(BENCH_RECORD) BUILD=$(BUILD) BIN=$(CURDIR)/$(BIN) scripts/bench.sh

demo: ## two zones, five nodes, pings, a lease table, a failure; cleans up; root
	$(Q)scripts/deps.sh build demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)BIN=$(CURDIR)/$(BIN) scripts/demo.sh

.PHONY: man
man: all ## write the manual pages in docs/man anew from --help and docs/man/*.h2m
	$(Q)BIN=$(CURDIR)/$(BIN) scripts/man.sh docs/man

.PHONY: install dist clean help
install: all ## into DESTDIR and PREFIX
	install -D -m 0755 bin/controltower $(DESTDIR)$(BINDIR)/controltower
	install -D -m 0755 bin/aircrew $(DESTDIR)$(SBINDIR)/aircrew
	install -D -m 0644 -t $(DESTDIR)$(MANDIR)/man8 docs/man/*.8
	install -d $(DESTDIR)$(DOCDIR)
	install -m 0644 README.md ARCHITECTURE.md SECURITY.md CHANGELOG.md LICENSE $(DESTDIR)$(DOCDIR)

dist: ## a reproducible source archive of what is committed
	@mkdir -p build
	$(Q)git archive --prefix=apex-$(VERSION)/ HEAD | gzip -n >build/apex-$(VERSION).tar.gz
	@echo build/apex-$(VERSION).tar.gz

clean: ## remove what was built
	$(RM) -r build bin

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.DELETE_ON_ERROR:
.SECONDARY:
-include $(shell find build -path build/containers -prune -o -name '*.d' -print 2>/dev/null)
