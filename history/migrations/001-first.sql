-- SPDX-License-Identifier: GPL-2.0-only
-- Version 1.

CREATE TABLE rooms (
	id         INTEGER PRIMARY KEY,
	community  BLOB    NOT NULL,
	name       TEXT    NOT NULL,
	read_epoch INTEGER NOT NULL DEFAULT 0,
	read_seq   INTEGER NOT NULL DEFAULT 0,
	open       INTEGER NOT NULL DEFAULT 0,
	draft      TEXT    NOT NULL DEFAULT '',
	UNIQUE (community, name)
) STRICT;

-- key orders all rooms together for the search: the message's time in microseconds, moved up to the next free number.
CREATE TABLE messages (
	key      INTEGER PRIMARY KEY,
	room     INTEGER NOT NULL REFERENCES rooms (id),
	id       BLOB    NOT NULL,
	epoch    INTEGER NOT NULL,
	seq      INTEGER NOT NULL,
	time     INTEGER NOT NULL,
	sender   INTEGER NOT NULL,
	name     TEXT    NOT NULL,
	kind     INTEGER NOT NULL,
	text     TEXT    NOT NULL,
	reply    BLOB,
	target   BLOB,
	removed  INTEGER NOT NULL,
	extra    TEXT,
	state    INTEGER NOT NULL,
	stored   INTEGER NOT NULL,
	present  INTEGER NOT NULL,
	backfill INTEGER NOT NULL,
	touched  INTEGER NOT NULL DEFAULT 0 -- something edits, deletes or reacts to it
) STRICT;
CREATE UNIQUE INDEX messages_id ON messages (room, id);
CREATE INDEX messages_position ON messages (room, epoch, seq);
CREATE INDEX messages_target ON messages (room, target) WHERE target IS NOT NULL;

-- Pairs of neighbouring characters of every searchable text, and words for the filters; rowid is messages.key.
CREATE VIRTUAL TABLE grams USING fts5 (
	text, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);

-- Which sequence numbers are stored, as ranges that neither touch nor overlap.
CREATE TABLE spans (
	room  INTEGER NOT NULL REFERENCES rooms (id),
	epoch INTEGER NOT NULL,
	first INTEGER NOT NULL,
	last  INTEGER NOT NULL,
	PRIMARY KEY (room, epoch, first)
) STRICT, WITHOUT ROWID;

-- Gaps that the spans cannot tell: across epochs, and at the end of one. From is exclusive, to inclusive.
CREATE TABLE gaps (
	room       INTEGER NOT NULL REFERENCES rooms (id),
	from_epoch INTEGER NOT NULL,
	from_seq   INTEGER NOT NULL,
	to_epoch   INTEGER NOT NULL,
	to_seq     INTEGER NOT NULL,
	PRIMARY KEY (room, from_epoch, from_seq, to_epoch, to_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
	n       INTEGER PRIMARY KEY AUTOINCREMENT,
	room    INTEGER NOT NULL REFERENCES rooms (id),
	id      BLOB    NOT NULL,
	time    INTEGER NOT NULL,
	sender  INTEGER NOT NULL,
	name    TEXT    NOT NULL,
	kind    INTEGER NOT NULL,
	text    TEXT    NOT NULL,
	reply   BLOB,
	target  BLOB,
	removed INTEGER NOT NULL,
	extra   TEXT,
	state   INTEGER NOT NULL,
	failure TEXT    NOT NULL,
	UNIQUE (room, id)
) STRICT;

CREATE TABLE people (
	community BLOB    NOT NULL,
	account   INTEGER NOT NULL,
	name      TEXT    NOT NULL,
	seen      INTEGER NOT NULL,
	PRIMARY KEY (community, account)
) STRICT, WITHOUT ROWID;

-- salts is a JSON object: login name to base64.
CREATE TABLE pins (
	address    TEXT    NOT NULL PRIMARY KEY,
	server     BLOB    NOT NULL,
	community  BLOB    NOT NULL,
	name       TEXT    NOT NULL,
	iterations INTEGER NOT NULL,
	salts      TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
