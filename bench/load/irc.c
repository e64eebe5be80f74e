// SPDX-License-Identifier: GPL-2.0-only
/* IRC (RFC 2812). Nobody gets what they say themselves, so the author is one more in the channel. */
#include "load.h"

#include <stdio.h>

/* A line has 512 bytes; some are for who says it, and where. */
#define TEXT_MAX	350

/* The steps of entering. */
enum { REGISTERING, JOINING };

static void irc_open(struct conn *c)
{
	conn_say(c, "NICK load%u\r\nUSER load%u 0 * :load\r\n", c->number, c->number);
}

/*
 * What comes before the text is the same for all messages of a room, but says
 * the author's host as the server likes to call it: the first one teaches it.
 */
static bool learn_head(struct conn *c, const uint8_t *line, size_t len)
{
	char nick[32], command[64];
	const char *at;
	int nick_len, command_len;

	nick_len = snprintf(nick, sizeof(nick), ":load%u!", c->room->author->number);
	command_len = snprintf(command, sizeof(command), " PRIVMSG #room%u :", c->room->number);
	if (len < (size_t)nick_len || memcmp(line, nick, nick_len))
		return false;
	at = memmem(line, len, command, command_len);
	if (!at)
		return false;
	c->room->head_len = at + command_len - (const char *)line;
	if (c->room->head_len > FRAME_EXTRA)
		conn_die(c, "the author's name is too long");
	memcpy(c->room->head, line, c->room->head_len);
	return true;
}

/* Is @word the second one of the line? */
static bool says(const uint8_t *line, size_t len, const char *word)
{
	const uint8_t *at = *line == ':' ? memchr(line, ' ', len) : line - 1;
	size_t word_len = strlen(word);

	return at && at + 1 + word_len < line + len && !memcmp(at + 1, word, word_len) &&
	       at[1 + word_len] <= ' ';
}

static void enter(struct conn *c, const uint8_t *line, size_t len)
{
	if (c->step == REGISTERING && (says(line, len, "376") || says(line, len, "422"))) {
		c->step = JOINING;
		conn_say(c, "JOIN #room%u\r\n", c->room->number);
	} else if (c->step == JOINING && says(line, len, "366")) {
		conn_is_in(c);
	}
}

static void take_line(struct conn *c, const uint8_t *line, size_t len)
{
	if (says(line, len, "PING")) {
		conn_say(c, "PONG%.*s", (int)len - 4, line + 4);
		tally.passing++;
	} else if (says(line, len, "PONG")) {
		conn_synced(c);
	} else if (says(line, len, "ERROR")) {
		if (!conns_leaving)
			conn_die(c, "%.*s", (int)len, line);
	} else if (says(line, len, "PRIVMSG") || says(line, len, "433") || says(line, len, "404") ||
		   says(line, len, "405") || says(line, len, "471")) {
		conn_die(c, "%.*s", (int)len, line);
	} else if (*line != ':') {
		conn_die(c, "a line of another length, or not of a server: \"%.*s\"", (int)len - 1, line);
	} else if (c->stage == STAGE_ENTERING) {
		enter(c, line, len);
	} else {
		tally.passing++;
	}
}

static size_t irc_parse(struct conn *c, const uint8_t *data, size_t len)
{
	const uint8_t *end;
	long taken;

	if (c->room->head_len) {
		taken = take_text(c, data, len, 2);
		if (taken >= 0)
			return taken;
	}
	end = memchr(data, '\n', len);
	if (!end)
		return 0;
	if (!c->room->head_len && c->stage == STAGE_IN && learn_head(c, data, end - data))
		return irc_parse(c, data, len);
	take_line(c, data, end + 1 - data);
	return end + 1 - data;
}

static void irc_sync(struct conn *c)
{
	conn_say(c, "PING sync\r\n");
}

static void irc_prepare(struct room *room)
{
	room->text = snprintf((char *)room->frame, FRAME_EXTRA, "PRIVMSG #room%u :", room->number);
	memcpy(room->frame + room->text + options.size, "\r\n", 2);
	room->frame_len = room->text + options.size + 2;
}

static void irc_bye(struct conn *c)
{
	conn_say(c, "QUIT\r\n");
}

const struct proto proto_irc = {
	.name = "irc", .size_max = TEXT_MAX, .author_apart = true,
	.open = irc_open, .parse = irc_parse, .sync = irc_sync, .prepare = irc_prepare,
	.bye = irc_bye,
};
