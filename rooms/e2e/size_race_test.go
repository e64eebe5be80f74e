// SPDX-License-Identifier: GPL-2.0-only

//go:build race

package e2e

// crowdSize is how many people talk in one room at once. The race detector makes two hundred clients, which here share one
// process, many times slower than the server under test; it sees as much in sixty.
const crowdSize = 60
