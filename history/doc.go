// SPDX-License-Identifier: GPL-2.0-only

// Package history keeps what was said: every message that a client saw, in one SQLite file per account name.
//
// A message is settled once it has a position. Settled messages are keyed by community, room and message id, and
// ordered by epoch and sequence; saving one again changes nothing but its delivery marks, so live talk, back-fill,
// re-offers and files read back can arrive in any order and as often as they like. Messages without a position are
// our own that the server has not taken yet; they wait in the outbox and leave it when they settle.
//
// One goroutine owns the writing connection. It commits whatever has gathered as soon as it is free: Queue returns
// at once and Save when its messages are durable, and in a busy room many of them share a commit. Every reading
// method waits for what was queued before it.
//
// Edits, deletions and reactions are messages of their own. They are applied when the talk is read (Entry), and only
// if their author may: an edit or deletion counts from the author of its target alone.
package history
