# runnel: `make demo` shows it, `make test` proves it. Both install what is missing from Debian first.

SWIFT ?= swift
JOBS ?= 2
DEMO_SECONDS ?= 30
PREFIX ?= /usr/local
DESTDIR ?=

# What `install` copies. A build without the toolchain's libraries inside would look for them in the home directory
# of whoever built it, which a service may not read.
BINARY ?= .build-static/release/runnel
MODEL ?= models/ecg-beats.safetensors
UNIT_DIRECTORY ?= $(PREFIX)/lib/systemd/system
CONFIG_DIRECTORY ?= /etc/runnel

bin = $(DESTDIR)$(PREFIX)/bin
share = $(DESTDIR)$(PREFIX)/share/runnel
doc = $(DESTDIR)$(PREFIX)/share/doc/runnel
units = $(DESTDIR)$(UNIT_DIRECTORY)
config = $(DESTDIR)$(CONFIG_DIRECTORY)

.DEFAULT_GOAL := help
.PHONY: help setup build demo test test-neon test-parity test-gnuradio test-release test-threads simulate-company bench bench-peers bench-daemon bench-record fuzz check format static install uninstall clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r target text; do \
	  printf '  make %-17s %s\n' "$$target" "$$text"; done

setup: ## install what is missing from Debian
	@deploy/setup-debian

build: setup ## the release binary, at .build/release/runnel
	$(SWIFT) build -c release -j $(JOBS) --product runnel

demo: build ## synthetic ECG in, labels out, for DEMO_SECONDS (30; 0: until Ctrl-C)
	@.build/release/runnel demo --seconds $(DEMO_SECONDS)

test: setup ## every test
	$(SWIFT) test -j $(JOBS)

# Debug builds allocate where release builds do not, so the counts are taken here.
test_release = $(SWIFT) test -c release -j $(JOBS) -Xswiftc -enable-testing --scratch-path .build-release-tests

test-release: setup ## release builds allocate nothing from a message to its labels, nor count references for a row
	$(test_release) --filter AllocationTests

test-threads: setup ## shards, and who looks on, under the thread sanitizer
	$(SWIFT) test -j $(JOBS) --sanitize=thread --scratch-path .build-tsan --filter 'ShardLawTests|ShardedDaemonTests|WindowTests|AttachTests|ConditionedOutputTests|FromDaemonTests'

COMPANIES ?= 10000
simulate-company: setup ## law 2 over COMPANIES (10000) random companies, batches, shard counts and slots
	RUNNEL_COMPANIES=$(COMPANIES) $(test_release) --filter CompanySimulationTests

bench-daemon: build ## the daemon beside bare libzmq with the same bytes, interleaved
	@Benchmarks/Peers/ZeroMQ/bench-daemon

BENCH_RECORD ?=
bench-record: build ## messages a second that the recorder writes down without losing one
	@Benchmarks/Peers/ZeroMQ/bench-record $(BENCH_RECORD)

test-neon: ## the NEON kernels under qemu against the reference, bit for bit; installs a cross compiler's files
	@Tests/Neon/test

# PyTorch, Keras and ONNX are large, so they are asked for only here; PYTHON=... names one that has them. TORCH_INDEX=URL
# names an index that has PyTorch without what graphics cards need, which saves gigabytes.
PYTHON ?= .build-python/bin/python
TORCH_INDEX ?=
PARITY ?= parity.py parity_labels.py parity_models.py parity_onnx.py parity_keras.py parity_fixtures.py parity_recordings.py parity_scoring.py
test-parity: build ## a record, random networks, golden files and recordings against other programs, installed in .build-python
	@test "$(PYTHON)" != .build-python/bin/python || cmp -s python/requirements-parity.txt .build-python/installed || { \
	  echo "installing PyTorch, Keras and ONNX in .build-python"; \
	  python3 -m venv .build-python && \
	  { test -z "$(TORCH_INDEX)" || .build-python/bin/pip install --quiet --index-url "$(TORCH_INDEX)" \
	      "$$(grep '^torch==' python/requirements-parity.txt)"; } && \
	  .build-python/bin/pip install --quiet -r python/requirements-parity.txt && \
	  cp python/requirements-parity.txt .build-python/installed; }
	@failed=; \
	echo "== runnel_export.py --selftest"; \
	$(PYTHON) python/runnel_export.py --selftest >.build/selftest.log 2>&1 || { grep FAILED .build/selftest.log; failed=1; }; \
	tail -n 1 .build/selftest.log; \
	for script in $(PARITY); do \
	  echo "== $$script"; $(PYTHON) python/$$script || failed=1; done; \
	echo "== the tutorial's trainings"; \
	RUNNEL_PYTHON="$$(realpath -s "$$(command -v $(PYTHON))")" $(SWIFT) test -j $(JOBS) --filter TutorialTests \
	  >.build/tutorial.log 2>&1 || { grep -E '✘|error:' .build/tutorial.log; failed=1; }; tail -n 1 .build/tutorial.log; \
	test -z "$$failed" || { echo "test-parity: something differs; see FAILED above"; exit 1; }; echo "test-parity: all agree"

# GNU Radio is large, so it is asked for only here.
test-gnuradio: build ## GNU Radio's own PUB sink into runnel; installs Debian's gnuradio
	@/usr/bin/python3 -c 'import zmq, numpy; from gnuradio import zeromq' 2>/dev/null || PACKAGES="gnuradio" deploy/setup-debian
	/usr/bin/python3 python/live/check_gnuradio.py .build/release/runnel

# Everything is instrumented, so it has a build folder of its own. New inputs that reach new code stay in .build-fuzz.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= safetensors onnx rtneural runnel array raw gnuradio openephys json msgpack \
  wfdb edf wav csv sigmf xdf mcap annotations recovery marks admitted arrived control discover
# Swift keeps tags in pointers, which the leak detector takes for lost memory; growth shows in the limit of memory.
fuzz: setup ## damaged model files, recordings and messages, each reader for FUZZ_SECONDS (60)
	RUNNEL_FUZZ=1 $(SWIFT) build -j $(JOBS) --product RunnelFuzz --scratch-path .build-fuzz --sanitize=address \
	  -Xswiftc -sanitize=fuzzer -Xswiftc -use-ld=lld
	@for target in $(FUZZ_TARGETS); do \
	  mkdir -p .build-fuzz/corpus/$$target; \
	  ASAN_OPTIONS=detect_leaks=0 RUNNEL_FUZZ_TARGET=$$target .build-fuzz/debug/RunnelFuzz -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 -timeout=20 \
	    -artifact_prefix=.build-fuzz/$$target- .build-fuzz/corpus/$$target Fuzz/Corpus/$$target || exit 1; done

# One core, for good: the last one hears the fewest interrupts. BENCH and BENCH_PEERS are further options, --quick among
# them.
BENCH_CORE ?= $(shell echo $$(($$(nproc) - 1)))
BENCH ?=
BENCH_PEERS ?=
benchmarks = $(SWIFT) build -c release -j $(JOBS) --package-path Benchmarks --scratch-path .build-benchmarks

bench: setup ## what one core of this machine does, as tables, and in .build/bench.json
	$(benchmarks)
	@mkdir -p .build
	@taskset -c $(BENCH_CORE) .build-benchmarks/release/RunnelBenchmarks tables --output .build/bench.json $(BENCH)

bench-peers: setup ## runnel beside oneDNN, ONNX Runtime, OpenVINO, PyTorch and numba, installed in .build-peers
	$(benchmarks)
	@Benchmarks/Peers/setup-peers
	@taskset -c $(BENCH_CORE) .build-peers/bin/python Benchmarks/Peers/bench_peers.py $(BENCH_PEERS)

check: setup ## the quick rules: format, floors, files and words
	$(SWIFT) format lint --strict --recursive Sources Tests Benchmarks Package.swift
	$(SWIFT) build -j $(JOBS) --explicit-target-dependency-import-check error
	$(SWIFT) test -j $(JOBS) --filter HouseTests

format: ## put every Swift file into the house's format
	$(SWIFT) format --in-place --recursive Sources Tests Benchmarks Package.swift

static: setup ## a binary that needs no Swift on its machine, at .build-static/release/runnel
	$(SWIFT) build -c release -j $(JOBS) --product runnel --static-swift-stdlib --scratch-path .build-static

# Under sudo there is often no Swift in the path; then what `make static` built before is installed.
install: ## binary, model, unit, documents and example configuration, below PREFIX (/usr/local) and DESTDIR
	@if [ "$(BINARY)" = .build-static/release/runnel ] && command -v $(SWIFT) >/dev/null; then \
	  $(MAKE) --no-print-directory static; fi
	@test -x "$(BINARY)" || { echo "install: $(BINARY) is not there; run 'make static' first" >&2; exit 1; }
	@test -f "$(MODEL)" || { echo "install: the model $(MODEL) is not there" >&2; exit 1; }
	install -D -m 0755 "$(BINARY)" "$(bin)/runnel"
	install -D -m 0644 "$(MODEL)" "$(share)/models/ecg-beats.safetensors"
	install -d -m 0755 "$(units)" "$(config)" "$(share)/examples" "$(doc)/docs"
	install -m 0644 README.md "$(doc)"
	install -m 0644 docs/*.md "$(doc)/docs"
	sed 's|/usr/local|$(PREFIX)|g; s|/etc/runnel|$(CONFIG_DIRECTORY)|g' deploy/systemd/runnel.service >"$(units)/runnel.service"
	sed 's|/usr/local|$(PREFIX)|g' deploy/runnel.yaml >"$(share)/examples/runnel.yaml"
	chmod 0644 "$(units)/runnel.service" "$(share)/examples/runnel.yaml"
	@# A configuration that is there is somebody's work.
	test -e "$(config)/runnel.yaml" || install -m 0644 "$(share)/examples/runnel.yaml" "$(config)/runnel.yaml"
	@if [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
	@if [ -z "$(DESTDIR)" ]; then echo "next: edit $(CONFIG_DIRECTORY)/runnel.yaml, then systemctl enable --now runnel"; fi

uninstall: ## what install copied; your configuration and the state stay
	@if [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]; then systemctl disable --now runnel.service 2>/dev/null || true; fi
	rm -f "$(bin)/runnel" "$(share)/models/ecg-beats.safetensors" "$(share)/examples/runnel.yaml" "$(units)/runnel.service"
	rm -f "$(doc)/README.md" "$(doc)"/docs/*.md
	@for folder in "$(share)/models" "$(share)/examples" "$(share)" "$(doc)/docs" "$(doc)"; do \
	  if [ -d "$$folder" ]; then rmdir --ignore-fail-on-non-empty "$$folder"; fi; done
	@# The example, unedited, is no configuration of yours.
	@if [ -f "$(config)/runnel.yaml" ] && sed 's|/usr/local|$(PREFIX)|g' deploy/runnel.yaml | cmp -s - "$(config)/runnel.yaml"; then \
	  rm "$(config)/runnel.yaml"; rmdir --ignore-fail-on-non-empty "$(config)"; fi
	@if [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi

clean: ## remove what was built
	rm -rf .build .build-*
