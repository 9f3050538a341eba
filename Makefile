# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
VERSION := 0.1.0
CC      ?= gcc
CFLAGS  ?= -O2 -g
PKG_CONFIG ?= pkg-config
PREFIX  ?= /usr/local
comma   := ,

PKGS = libcurl jansson hiredis libmnl libmicrohttpd libsodium gnutls
WARN = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wvla \
       -Wwrite-strings -Wundef -Wdate-time $(if $(DEVELOPER),-Werror)
SANFLAGS   = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
ALL_CFLAGS = -std=gnu17 $(WARN) -fno-common -ffile-prefix-map=$(CURDIR)=. -MMD -MP -Ilib -I. -D_GNU_SOURCE \
	     -DVERSION='"$(VERSION)"' -fstack-protector-strong $(if $(SAN),,-D_FORTIFY_SOURCE=2) -fPIE \
	     $(shell $(PKG_CONFIG) --cflags $(PKGS)) $(SANFLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SANFLAGS) $(LDFLAGS)
BUILD ?= build/$(or $(subst $(comma),-,$(SAN)),plain)
LIBS  := $(shell $(PKG_CONFIG) --libs $(PKGS)) -lanl

ifneq ($(V),1)
Q = @
say = @printf '  %-5s %s\n' $(1) $(2);
endif

LIB   := $(sort $(wildcard lib/*/*.c))
TOWER := $(sort $(filter-out tower/main.c,$(wildcard tower/*.c tower/*/*.c)))
AGENT := $(sort $(filter-out nodeagent/main.c,$(wildcard nodeagent/*.c nodeagent/*/*.c)))
UNIT  := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/unit/test_*.c)))
obj    = $(patsubst %.c,$(BUILD)/%.o,$(1))

.PHONY: all
all: $(if $(wildcard tower/main.c),bin/controltower) $(if $(wildcard nodeagent/main.c),bin/aircrew)

$(BUILD)/lib.a: $(call obj,$(LIB))
$(BUILD)/tower.a: $(call obj,$(TOWER))
$(BUILD)/agent.a: $(call obj,$(AGENT))
$(BUILD)/%.a:
	$(call say,AR,$@)$(RM) $@ && $(AR) rcsD $@ $^

$(BUILD)/controltower: $(call obj,tower/main.c) $(BUILD)/tower.a $(BUILD)/lib.a
$(BUILD)/aircrew: $(call obj,nodeagent/main.c) $(BUILD)/agent.a $(BUILD)/lib.a
$(BUILD)/controltower $(BUILD)/aircrew:
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
bin/%: $(BUILD)/%
	@mkdir -p bin
	$(Q)cp $< $@

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(BUILD)/tower.a $(BUILD)/agent.a $(BUILD)/lib.a
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

.PHONY: unit
unit: $(UNIT)
	$(Q)prove $(UNIT)

.DELETE_ON_ERROR:
.SECONDARY:
-include $(shell find build -name '*.d' 2>/dev/null)
