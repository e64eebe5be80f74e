-- SPDX-License-Identifier: GPL-2.0-only
-- Version 2: what was said in a thread is found by its first message.

CREATE INDEX messages_thread ON messages (room, json_extract(extra, '$.thread')) WHERE extra IS NOT NULL;
