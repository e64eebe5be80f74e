# SPDX-License-Identifier: GPL-2.0-only
# kchat: a chat server that is a kernel module, and its terminal client. "make help" lists the targets.

KVER ?= 6.12
KREL ?= $(shell uname -r)
PREFIX ?= $(HOME)/.local
# Where an installed kchat-tui looks for the parts of the microVM (server.FindParts).
MICROVM := $(or $(XDG_DATA_HOME),$(HOME)/.local/share)/kchat/microvm
CLANG := $(shell command -v clang-14 || command -v clang)

# One way to compile for programs, tests and tools, so that each package is compiled once, and once more for the race
# detector, which needs cgo; without paths, so that a clone in another folder finds it all in the cache.
export CGO_ENABLED := 0
export GOFLAGS := $(filter-out -trimpath,$(shell go env GOFLAGS 2>/dev/null)) -trimpath

.PHONY: help run demo demo-gif shots test tour bench bench-guard bench-transfer bench-client bench-screen bench-pictures bench-video build build-client install-client install setup kmod check-kmod check-kernels check-style check-c check-go test-go test-older \
	man uninstall deb test-packages debug-kernel kmod-debug kmod-broken kmod-broken-debug test-debug test-kcsan reliability soak coverage fuzz init client vm-tool clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18

run: ## install what is missing, build, start or join the server, and open the chat
	@scripts/run

demo: ## two people side by side in tmux
	@scripts/setup test
	@$(MAKE) --no-print-directory build
	@scripts/demo

demo-gif: build ## record the picture of the README (needs chromium; fetches what else it needs into the cache)
	@scripts/record

shots: build ## screenshots in real terminals into docs/shots, checked by their pixels (TERMINALS="kitty foot": in these)
	@scripts/shots $(TERMINALS)

test: ## install what is missing, build, and run every test
	@scripts/setup test
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory -j2 --output-sync=target check-go check-c check-kmod kmod-broken
	@$(MAKE) --no-print-directory -j2 --output-sync=target tour bench-guard
	@$(MAKE) --no-print-directory test-go test-older

tour: build ## everything the server does, once each by a user's commands, with what they say
	@go run ./e2e/tour

build: kmod init client ## build bin/kchat-tui and kmod/kchat.ko

build-client: client ## build bin/kchat-tui alone, for machines that only reach servers elsewhere

client:
	@go build -o bin/kchat-tui ./cmd/kchat-tui

init: # the first process of the microVM
	@go build -ldflags '-s -w' -o bin/kchat-init ./cmd/kchat-init

vm-tool: init ## build bin/kchat-vm, a microVM for work on the module
	@go build -o bin/kchat-vm ./server/vm/kchat-vm

.PHONY: man
man: ## write the manual pages (man/) anew, from man/src and from what the program says of itself
	go test -count=1 -run ManualPages ./cmd/kchat-tui -update

install-client: client ## put kchat-tui into ~/.local/bin, and where "make build" was done, what it needs to run a server
	@install -D -m 755 bin/kchat-tui $(PREFIX)/bin/kchat-tui
	@echo "kchat: $(PREFIX)/bin/kchat-tui is installed"
	@if [ -e bin/kchat-init ] && [ -e kmod/kchat.ko ]; then \
		install -D -m 755 bin/kchat-init $(MICROVM)/kchat-init && install -D -m 644 kmod/kchat.ko $(MICROVM)/kchat.ko && \
		echo "kchat: it can run a server; the parts of the microVM are in $(MICROVM)"; fi

install: PREFIX = /usr/local
install: client ## install client, service and module for this machine's own kernel (as root); kchat-tui then runs it there
	@scripts/kmod-build --copy-to .cache/kchat-native.ko native
	@scripts/install $(KREL) '$(DESTDIR)' $(PREFIX)

uninstall: PREFIX = /usr/local
uninstall: ## take away what "make install" has brought (PURGE=1: the server's accounts too)
	@PURGE=$(PURGE) scripts/uninstall '$(DESTDIR)' $(PREFIX)

deb: client ## the Debian packages, in dist/
	@scripts/deb

test-packages: client ## install, upgrade and remove the packages in a clean system, and run a machine from it
	@scripts/setup packages
	@scripts/test-packages

setup: ## install what is missing (YES=1: without asking; DEBUG=1: for the debug kernel too)
	@scripts/setup $(if $(DEBUG),debug,test)

kmod: ## build kmod/kchat.ko for the kernel of the microVM (KVER=6.1 builds only, for another kernel)
	@scripts/kmod-build $(if $(filter 6.12,$(KVER)),--copy-to kmod/kchat.ko) $(KVER)

check-kmod: ## build the module for 6.12 and 6.1 with W=1 and sparse; any warning fails
	@scripts/kmod-build --check 6.12
	@mkdir -p .cache/kmod/kchat/6.1
	@scripts/kmod-build --check --copy-to .cache/kmod/kchat/6.1/kchat.ko 6.1

check-kernels: build ## on every kernel (KERNELS="5.10 7.3": on these): build with W=1 and sparse, boot, the end-to-end tests
	@scripts/setup test
	@scripts/check-kernels $(KERNELS)

check-style: ## the kernel's checkpatch.pl --strict over the module (its sources come with the debug kernel)
	@scripts/check-style

check-c: ## run the C units of the module in user space under the sanitizers
	@$(MAKE) -s --no-print-directory -C kmod/test CC=$(CLANG)

fuzz: ## every fuzzer, each for SECONDS (60): parsers, Go code, the module on the debug kernel (WHAT="c go kernel": these)
	@SECONDS_EACH=$(or $(SECONDS),60) scripts/fuzz $(WHAT)

check-go: ## the form of the Go code, and what the compiler does not see
	@bad=$$(go run mvdan.cc/gofumpt -l $$(git ls-files '*.go')); test -z "$$bad" || { echo "not formatted by gofumpt: $$bad"; exit 1; }
	@go vet -tags bench,debugkernel,soak ./...
	@go run honnef.co/go/tools/cmd/staticcheck ./...

# Packages whose tests run without the race detector: where nothing runs at the same time, and where the tests are clients of
# the module, which it does not see. "make check-go" vets.
NO_RACE := bench% docs e2e e2e/% media/kitty media/sixel rooms/e2e/promise server/accounts server/device server/genl server/kept \
	tui/emoji tui/markdown tui/mention tui/screentest tui/styles tui/talk tui/text tui/words wire
TESTED = $(shell go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...)

test-go: ## the Go tests, with the race detector where it has something to see, against the module in microVMs
	@failed=0; \
	go test -vet=off -timeout 30m $(filter $(NO_RACE:%=kchat/%),$(TESTED)) || failed=1; \
	CGO_ENABLED=1 go test -race -vet=off -timeout 30m $(filter-out $(NO_RACE:%=kchat/%),$(TESTED)) || failed=1; \
	exit $$failed

# What stands on parts of the kernel that differ: how pages are sent, discovery, the device, control, namespaces, unloading.
OLDER := TestTracepoint|TestAdminWatches|TestNetlink|TestProcShows|TestWhoDoesNotReadIsTold|TestTheLogForgets|TestMemoryIs|TestLogin$$|$\
	TestAFileGoes|TestASlowTakerOfAVideo|TestTalkPasses|TestDiscovery$$|TestDevice|TestTwoServers|TestUnloadInMidStream

test-older: ## the part of the end-to-end tests that older kernels could fail, on 6.1 (all of them: make check-kernels)
	KCHAT_TEST_KERNEL=6.1 go test -count=1 -vet=off -timeout 30m -run '$(OLDER)' ./e2e

bench: build ## what a delivery costs, beside other servers, into docs/benchmarks.md (QUICK=1: a few of them, on the screen; HOW=kvm: time)
	@scripts/setup test
	@scripts/bench-programs
	go run ./bench $(if $(QUICK)$(HOW),$(if $(QUICK),-quick) $(if $(HOW),-how $(HOW)),-document)

bench-client: ## what a message costs in the client: frames, tail, history; beside the figures before (BEFORE=FILE: those in FILE)
	@scripts/bench-client $(BEFORE)

bench-video: ## which share of a core a video takes on the whole screen, the program's and ffmpeg's, and how many frames come
	@go test -run '^$$' -bench Video -benchtime 1x ./tui

bench-screen: ## how soon the client is there, beside weechat and senpai, how it scrolls and searches, how fast keys are, its memory (docs/client-speed.md)
	@scripts/bench-screens >/dev/null
	@go test -tags bench -count=1 -v -timeout 30m ./bench/screen

bench-pictures: ## how long a 4K picture takes from its last chunk to the terminal, as a share of 300 ms
	@go test -run '^$$' -bench Paint -benchtime 5x ./tui/desk

bench-transfer: build ## how fast a file goes through the kernel beside a bare relay in C, and what films do to talk
	@scripts/setup test
	go test -tags bench -count=1 -timeout 20m -v ./bench/transfer

bench-guard: build ## fail if a delivery costs more beside the floor than bench/guard.json says (ACCEPT=1: write it there)
	@scripts/setup test
	@scripts/bench-programs ours
	@go run ./bench -guard $(if $(ACCEPT),-accept)

reliability: build ## what is done to kchat on purpose, into docs/reliability.md: hours (QUICK=1: minutes; ONLY=reload: one; ONLY=none: the table)
	@scripts/setup test
	@go run ./e2e/reliability $(if $(QUICK),-quick) $(if $(ONLY),-only $(ONLY))

soak: build ## people come, talk, send streams and go for an hour (SECONDS=300): memory and objects must not grow
	@scripts/setup test
	KCHAT_SOAK_SECONDS=$(or $(SECONDS),3600) go test -tags soak -count=1 -v -timeout 24h -run TestAnHour ./e2e

debug-kernel: ## build (once) the kernel that looks for our bugs: KASAN, lockdep, kmemleak (KIND=kcsan: data races)
	@nice -n 10 scripts/debug-kernel $(or $(KIND),kasan)

kmod-debug: ## build the module for the debug kernel
	@scripts/kmod-build debug

kmod-broken: # the module that is wrong on purpose, which shows that the tests can fail
	@scripts/kmod-build --src kmod/test/broken --name broken 6.12

kmod-broken-debug: # and for the kernel whose detectors find what is wrong with it
	@scripts/kmod-build --src kmod/test/broken --name broken debug

# What boots a machine for the sake of the host alone, of which the debug kernel says nothing.
HOSTONLY := TestVirtualisationThatDoesNotWork

# A machine runs on one thread of the host, so two packages at once.
test-debug: build ## run the tests that use a server on the debug kernel, and show that each of its detectors bites
	@scripts/setup debug
	@scripts/debug-kernel >/dev/null
	@$(MAKE) --no-print-directory -j2 --output-sync=target check-style kmod-debug kmod-broken-debug
	KCHAT_TEST_KERNEL=debug go test -tags debugkernel -count=1 -vet=off -p 2 -timeout 60m -skip '$(HOSTONLY)' ./e2e ./server/vmtest ./rooms/e2e ./server

test-kcsan: build ## run the end-to-end tests on the kernel that looks for data races
	@scripts/setup debug
	@scripts/kmod-build kcsan
	@scripts/kmod-build --src kmod/test/broken --name broken kcsan
	KCHAT_TEST_KERNEL=kcsan go test -tags debugkernel -count=1 -vet=off -timeout 30m -run 'Machine|Detector' ./server/vmtest
	KCHAT_TEST_KERNEL=kcsan go test -count=1 -vet=off -timeout 120m ./e2e

coverage: build ## which lines of the module and of the Go code the tests run, in coverage/
	@scripts/setup debug
	@scripts/coverage

clean: ## remove what was built here; the cache of kernels stays
	rm -rf bin dist .cache coverage kmod/kchat.ko
