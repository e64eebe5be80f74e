-- SPDX-License-Identifier: GPL-2.0-only
-- Version 3: what somebody wants of a room. notify is a number that the screen gives its meaning; 0 is what is usual.

ALTER TABLE rooms ADD COLUMN favourite INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN notify INTEGER NOT NULL DEFAULT 0;
