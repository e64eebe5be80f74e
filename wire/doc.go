// SPDX-License-Identifier: GPL-2.0-only

// Package wire is the kchat protocol, version 1: frames as Go types, their encoding and decoding, the numbers and
// limits of the protocol, and the pure arithmetic of its login. docs/protocol.md says what everything means.
//
// Encoding appends to a slice of the caller and allocates nothing beyond its growth. Decoding allocates nothing
// but the strings and slices it returns; fields of type []byte alias the input, which each of them says.
// Nothing here opens a connection, starts a goroutine or reads a clock.
package wire
