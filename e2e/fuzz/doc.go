// SPDX-License-Identifier: GPL-2.0-only

// Package fuzz has players, who know the grammar of the protocol and its states and break both: frames in a wrong order,
// cut, repeated, changed, from one connection said on another, in pieces between which other connections speak. Most of
// what they do is right, so that what is wrong meets a server with sessions, rooms and streams in every state.
package fuzz
