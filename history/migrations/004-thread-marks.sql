-- SPDX-License-Identifier: GPL-2.0-only
-- Version 4: how far threads were looked at of which something was not. One that is not here was looked at as far as its room.

CREATE TABLE thread_marks (
	room  INTEGER NOT NULL REFERENCES rooms (id),
	root  BLOB    NOT NULL,
	epoch INTEGER NOT NULL,
	seq   INTEGER NOT NULL,
	PRIMARY KEY (room, root)
) STRICT, WITHOUT ROWID;
