# The whole build. It finds files by itself: a new source, test or fuzzer needs no line here.
#   make                 ./weir (BUILD=release)
#   make check           tidy, rooms, docs, unit tests and transcripts under ASan + UBSan, e2e
#   make check-all       adds TSan, fuzzers over their corpus, analyzers, torture
#   make test-ROOM       one room's unit tests, linked with only the rooms that it may see
#   make bench           every figure that weir answers for, beside nginx (PEERS=1: and other gateways)
BUILD ?= release
ifeq ($(origin CC),default)
CC    := gcc
endif
OUT   := build/$(BUILD)
ROOMS := $(shell awk -F'|' '{gsub(/ /,"",$$1); print $$1}' src/ROOMS)
LIBS  := libuv libllhttp yyjson openssl yaml-0.1 sqlite3 libpcre2-8

WARN  := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
         -Wmissing-prototypes -Wcast-qual -Wformat=2 -Wundef -Wvla
ifeq ($(CI),true)
WARN  += -Werror
endif
FLAGS_release := -O3 -g -flto=auto -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
FLAGS_debug   := -O0 -g3
FLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_tsan    := -O1 -g -fsanitize=thread
FLAGS_fuzz    := -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
LINK_release  := -flto=auto -pie -Wl,-z,relro,-z,now
LINK_asan     := -fsanitize=address,undefined
LINK_tsan     := -fsanitize=thread
LINK_fuzz     := -fsanitize=address,undefined
CFLAGS  := -std=gnu17 $(WARN) $(FLAGS_$(BUILD)) -Isrc -I. -D_GNU_SOURCE -MMD -MP \
           $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
LDFLAGS := $(LINK_$(BUILD))
LDLIBS  := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lpthread -lm -ldl

# Rooms: what each may see, straight from the law, and everything below it
$(foreach r,$(ROOMS),$(eval see_$(r) := $(shell awk -F'|' '{n=$$1; gsub(/ /,"",n); if (n=="$(r)") print $$3}' src/ROOMS)))
below = $(sort $(1) $(foreach s,$(see_$(1)),$(call below,$(s))))
objs  = $(patsubst %.c,$(OUT)/%.o,$(filter-out %_test.c %_fuzz.c,$(wildcard src/$(1)/*.c)))
tests = $(patsubst %.c,$(OUT)/%.o,$(wildcard src/$(1)/*_test.c))
TESTED := $(foreach r,$(ROOMS),$(if $(wildcard src/$(r)/*_test.c),$(r)))
FUZZERS := $(patsubst src/%_fuzz.c,%,$(wildcard src/*/*_fuzz.c))
ASSETS := $(patsubst assets/%,$(OUT)/asset/%.o,$(wildcard assets/*.bin assets/*.html))

weir: $(OUT)/weir
	@cp $< $@.new && mv $@.new $@
all: weir

$(OUT)/weir: $(foreach r,$(ROOMS),$(call objs,$(r))) $(ASSETS)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

# An asset is built into the binary as asset_NAME_begin .. asset_NAME_end (dots become _)
$(OUT)/asset/%.o: assets/%
	@mkdir -p $(@D)
	@n=asset_$$(echo $* | tr '.-' '__'); printf '.section .rodata\n.global %s_begin\n.global %s_end\n.balign 64\n%s_begin:\n.incbin "%s"\n%s_end:\n.byte 0\n.section .note.GNU-stack,"",@progbits\n' $$n $$n $$n $< $$n > $(@D)/$*.s
	$(CC) -c -o $@ $(@D)/$*.s

$(foreach r,$(ROOMS),$(eval $(OUT)/test-$(r): $(foreach s,$(call below,$(r)),$(call objs,$(s))) $(call tests,$(r)) $(OUT)/tests/unit_main.o $(ASSETS)))
$(OUT)/test-%:
	$(CC) $(LDFLAGS) -o $@ $(filter-out $(OUT)/src/cli/main.o,$^) $(LDLIBS)
test-%: $(OUT)/test-%
	@$< $(FILTER)

.PHONY: all clean check check-all bench bench-tools fuzz unit
unit: $(addprefix $(OUT)/test-,$(TESTED))
	@tools/run-unit $^
check:
	@tools/check
check-all:
	@tools/check all

# The bench: small programs of its own, and one that is linked with the rooms that judge a call
BENCH := $(patsubst %.c,$(OUT)/%,$(filter-out bench/wire.c,$(wildcard bench/*.c)))
bench: weir $(BENCH)
	@$(if $(PEERS),bench/peers)
	@bench/run $(BENCH_FLAGS)
bench-tools: $(BENCH)
$(OUT)/bench/judge: $(sort $(foreach r,api guard route,$(foreach s,$(call below,$(r)),$(call objs,$(s))))) $(ASSETS)
$(BENCH): $(OUT)/bench/%: $(OUT)/bench/%.o $(OUT)/bench/wire.o
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Fuzzers: each includes nothing but doors; clang's libFuzzer drives it over its corpus
fuzz: $(addprefix $(OUT)/fuzz/,$(FUZZERS))
$(foreach f,$(FUZZERS),$(eval $(OUT)/fuzz/$(f): $(OUT)/src/$(f)_fuzz.o $(foreach s,$(call below,$(firstword $(subst /, ,$(f)))),$(call objs,$(s))) $(ASSETS)))
$(OUT)/fuzz/%:
	@mkdir -p $(@D)
	clang $(LINK_fuzz) -fsanitize=fuzzer -o $@ $(filter-out $(OUT)/src/cli/main.o,$^) $(LDLIBS)

clean:
	rm -rf build weir

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
