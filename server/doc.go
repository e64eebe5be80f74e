// SPDX-License-Identifier: GPL-2.0-only

// Package server runs the kernel module: in the running kernel, or in a microVM. Runner is the server itself, for as
// long as its process lives; Start, Stop and so on manage a Runner in a process of its own that survives the terminal.
// It keeps the accounts, answers the module's questions about them, and starts a dead microVM again.
package server
