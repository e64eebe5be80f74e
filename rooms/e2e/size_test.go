// SPDX-License-Identifier: GPL-2.0-only

//go:build !race

package e2e

// crowdSize is how many people talk in one room at once.
const crowdSize = 200
