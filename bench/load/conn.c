// SPDX-License-Identifier: GPL-2.0-only
/* The connections: how they are made, read and written. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connections that are on their way in at the same time. */
#define ENTERING_MAX	256
/* What one call reads at most. */
#define READ_SIZE	(256 * 1024)
/* A frame that is no message and comes in parts has fewer bytes. */
#define KEPT_MAX	(64 * 1024)

struct conn *conns;
uint32_t conn_count, conns_in, conns_synced;
bool conns_leaving;
uint64_t came_at;

static int epoll_fd;
static struct sockaddr_in server;
static uint32_t begun;		/* connections that have begun to connect */
static struct conn **queue;	/* those that have something to send */
static uint32_t queued;
static uint8_t buffer[KEPT_MAX + READ_SIZE];	/* what was kept comes before what is read */

static void parse_address(void)
{
	const char *colon = strrchr(options.addr, ':');
	char host[INET_ADDRSTRLEN];
	long port = colon ? strtol(colon + 1, NULL, 10) : 0;

	if (!colon || colon - options.addr >= (long)sizeof(host) || port < 1 || port > 65535)
		die("--addr %s: an IPv4 address, a colon and a port are needed", options.addr);
	memcpy(host, options.addr, colon - options.addr);
	host[colon - options.addr] = 0;
	server.sin_family = AF_INET;
	server.sin_port = htons(port);
	if (inet_pton(AF_INET, host, &server.sin_addr) != 1)
		die("--addr %s: %s is not an IPv4 address", options.addr, host);
}

static void connect_one(struct conn *c)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c,
	};
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die("make a socket: %m");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(c->fd, (struct sockaddr *)&server, sizeof(server)) && errno != EINPROGRESS)
		conn_die(c, "connect to %s: %m", options.addr);
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event))
		die("watch a socket: %m");
}

static void connect_more(void)
{
	while (begun < conn_count && begun - conns_in < ENTERING_MAX)
		connect_one(&conns[begun++]);
}

/**
 * conns_open - begin to connect
 * @epoll: where events are waited for; their data is the connection
 */
void conns_open(int epoll)
{
	uint32_t each = options.members + options.proto->author_apart, i;

	epoll_fd = epoll;
	parse_address();
	conn_count = options.rooms * each;
	conns = alloc(conn_count * sizeof(*conns));
	queue = alloc(conn_count * sizeof(*queue));
	for (i = 0; i < conn_count; i++) {
		conns[i].number = i;
		conns[i].room = &rooms[i / each];
		conns[i].member = true;
		if (i % each)
			continue;
		conns[i].room->author = &conns[i];
		conns[i].member = !options.proto->author_apart;
	}
	connect_more();
}

void conn_is_in(struct conn *c)
{
	c->stage = STAGE_IN;
	conns_in++;
	connect_more();
}

void conn_synced(struct conn *c)
{
	if (!c->synced)
		conns_synced++;
	c->synced = true;
}

void conns_sync(void)
{
	uint32_t i;

	conns_synced = 0;
	for (i = 0; i < conn_count; i++) {
		conns[i].synced = false;
		options.proto->sync(&conns[i]);
	}
	conns_flush();
}

void conns_leave(void)
{
	uint32_t i;

	conns_leaving = true;
	for (i = 0; options.proto->bye && i < conn_count; i++)
		options.proto->bye(&conns[i]);
	conns_flush();
}

/* Each connection has its turn once a second, not all at the same time. */
void conns_tick(void)
{
	static uint32_t turn;
	uint32_t i;

	if (options.proto->tick) {
		for (i = turn; i < conn_count; i += TICKS) {
			if (conns[i].stage == STAGE_IN)
				options.proto->tick(&conns[i]);
		}
	}
	if (++turn < TICKS)
		return;
	turn = 0;
	room_check_idle();
}

/* ---- writing --------------------------------------------------------- */

static uint8_t *conn_out(struct conn *c, size_t len)
{
	if (c->out_len + len > c->out_size) {
		c->out_size = (c->out_len + len) * 2;
		c->out = realloc(c->out, c->out_size);
		if (!c->out)
			die("no memory");
	}
	if (!c->queued) {
		c->queued = true;
		queue[queued++] = c;
	}
	c->said = true;
	c->out_len += len;
	return c->out + c->out_len - len;
}

void conn_send(struct conn *c, const void *data, size_t len)
{
	memcpy(conn_out(c, len), data, len);
}

void conn_say(struct conn *c, const char *format, ...)
{
	char text[2048];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0 || len >= (int)sizeof(text))
		die("too long to be said: %s", format);
	conn_send(c, text, len);
}

static void flush_one(struct conn *c)
{
	ssize_t n;

	if (c->stage == STAGE_CONNECTING || !c->out_len)
		return;
	n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL);
	if (n < 0 && errno == EAGAIN)
		return;	/* the event of room in the socket comes back here */
	if (n < 0) {
		if (conns_leaving)
			n = c->out_len;
		else
			conn_die(c, "send: %m");
	}
	c->out_len -= n;
	if (c->out_len)
		memmove(c->out, c->out + n, c->out_len);
}

void conns_flush(void)
{
	while (queued) {
		struct conn *c = queue[--queued];

		c->queued = false;
		flush_one(c);
	}
}

/* ---- reading --------------------------------------------------------- */

static void keep(struct conn *c, const uint8_t *data, size_t len)
{
	if (len > KEPT_MAX)
		conn_die(c, "a frame of more than %d bytes", KEPT_MAX);
	if (len > c->kept_size) {
		free(c->kept);
		c->kept = alloc(len);
		c->kept_size = len;
	}
	if (len)
		memcpy(c->kept, data, len);
	c->kept_len = len;
}

static void take(struct conn *c, const uint8_t *data, size_t len)
{
	size_t (*parse)(struct conn *, const uint8_t *, size_t) = options.proto->parse;

	while (len) {
		size_t used = c->skip;

		if (used) {
			if (used > len)
				used = len;
			c->skip -= used;
			if (!c->skip && c->message)
				message_came(c);
		} else {
			used = parse(c, data, len);
			if (!used)
				break;
		}
		data += used;
		len -= used;
	}
	keep(c, data, len);
}

static void read_all(struct conn *c)
{
	ssize_t n;

	do {
		n = recv(c->fd, buffer + KEPT_MAX, READ_SIZE, 0);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0 && conns_leaving) {
			c->stage = STAGE_GONE;
			return;
		}
		if (n < 0)
			conn_die(c, "receive: %m");
		if (!n)
			conn_die(c, "the server has closed the connection");
		if (timed)
			came_at = now_ns();
		if (c->kept_len)
			memcpy(buffer + KEPT_MAX - c->kept_len, c->kept, c->kept_len);
		take(c, buffer + KEPT_MAX - c->kept_len, c->kept_len + n);
		tally.bytes += n;
	} while (n == READ_SIZE);
}

static void connected(struct conn *c)
{
	socklen_t len = sizeof(errno);
	int err;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		die("ask a socket: %m");
	errno = err;
	if (err)
		conn_die(c, "connect to %s: %m", options.addr);
	c->stage = STAGE_ENTERING;
	options.proto->open(c);
}

void conn_event(struct conn *c, uint32_t events)
{
	if (c->stage == STAGE_GONE)
		return;
	if (c->stage == STAGE_CONNECTING) {
		if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
			return;
		connected(c);
	}
	if (events & EPOLLOUT && c->out_len)
		flush_one(c);
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		read_all(c);
	if (events & (EPOLLRDHUP | EPOLLHUP) && c->stage != STAGE_GONE && !conns_leaving)
		read_all(c);	/* the end, behind what was read */
}
