# SPDX-License-Identifier: GPL-2.0-only
# kchat: a chat server that is a kernel module, and its terminal client. "make help" lists the targets.

KVER ?= 6.12

.PHONY: help kmod check-kmod debug-kernel kmod-debug init vm-tool clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18

kmod: ## build kmod/kchat.ko for the kernel of the microVM (KVER=6.1 builds only, for another kernel)
	@scripts/kmod-build $(if $(filter 6.12,$(KVER)),--copy-to kmod/kchat.ko) $(KVER)

check-kmod: ## build the module for every supported kernel with W=1 and sparse; any warning fails
	@scripts/kmod-build --check 6.12
	@scripts/kmod-build --check 6.1

debug-kernel: ## build (once) the kernel that looks for our bugs: KASAN, lockdep, kmemleak
	@nice -n 10 scripts/debug-kernel

kmod-debug: ## build the module for the debug kernel
	@scripts/kmod-build debug

init: ## build bin/kchat-init, the first process of the microVM
	@CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/kchat-init ./cmd/kchat-init

vm-tool: init ## build bin/kchat-vm, a microVM for work on the module
	@go build -o bin/kchat-vm ./server/vm/kchat-vm

clean: ## remove what was built here; the cache of kernels stays
	rm -rf bin .cache kmod/kchat.ko
