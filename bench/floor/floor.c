// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor of user space: the least that a server can do which sends each
 * message to every member of its room. One thread, epoll, one send() for each
 * member of what one read() brought. No names, no login, no limits.
 *
 * The language: u32 bytes that follow, u32 room, text; little-endian. A frame
 * without text brings its sender into the room, and is sent back to it alone;
 * each connection is in one room.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD		8
#define FRAME_MAX	(64 * 1024)
#define READ_SIZE	(256 * 1024)
#define EVENTS		512
#define ROOMS_MAX	1000000

struct room {
	struct conn **members;
	uint32_t count, size;
};

struct conn {
	int fd;
	struct room *room;
	uint8_t *in, *out;	/* a frame that has not come whole; what the socket did not take */
	uint32_t in_len, out_len, out_size;
};

static int epoll_fd;
static struct room **rooms;	/* by number */
static uint32_t rooms_size;
static uint8_t buffer[FRAME_MAX + READ_SIZE];	/* what was kept comes before what is read */

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "kchat-floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *grow(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		die("memory");
	return p;
}

/* ---- sending --------------------------------------------------------- */

static void keep_out(struct conn *c, const uint8_t *data, size_t len)
{
	if (c->out_len + len > c->out_size) {
		c->out_size = (c->out_len + len) * 2;
		c->out = grow(c->out, c->out_size);
	}
	memcpy(c->out + c->out_len, data, len);
	c->out_len += len;
}

/* A connection that is broken is noticed where it is read. */
static void conn_send(struct conn *c, const uint8_t *data, size_t len)
{
	ssize_t n = 0;

	if (!c->out_len)
		n = send(c->fd, data, len, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN)
		return;
	if (n < 0)
		n = 0;
	if ((size_t)n < len)
		keep_out(c, data + n, len - n);
}

static void conn_send_rest(struct conn *c)
{
	ssize_t n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL);

	if (n <= 0)
		return;
	c->out_len -= n;
	memmove(c->out, c->out + n, c->out_len);
}

/* ---- rooms ----------------------------------------------------------- */

static struct room *room_get(uint32_t number)
{
	uint32_t size = number + 1;

	if (number >= rooms_size) {
		rooms = grow(rooms, size * sizeof(*rooms));
		memset(rooms + rooms_size, 0, (size - rooms_size) * sizeof(*rooms));
		rooms_size = size;
	}
	if (!rooms[number]) {
		rooms[number] = grow(NULL, sizeof(struct room));
		memset(rooms[number], 0, sizeof(struct room));
	}
	return rooms[number];
}

static void room_leave(struct conn *c)
{
	struct room *room = c->room;
	uint32_t i;

	for (i = 0; room && i < room->count; i++) {
		if (room->members[i] == c) {
			room->members[i] = room->members[--room->count];
			break;
		}
	}
	c->room = NULL;
}

static void room_enter(struct conn *c, uint32_t number)
{
	struct room *room = room_get(number);

	if (c->room == room)
		return;
	room_leave(c);
	if (room->count == room->size) {
		room->size = room->size ? 2 * room->size : 16;
		room->members = grow(room->members, room->size * sizeof(*room->members));
	}
	room->members[room->count++] = c;
	c->room = room;
}

static void room_send(struct room *room, const uint8_t *data, size_t len)
{
	uint32_t i;

	for (i = 0; room && i < room->count; i++)
		conn_send(room->members[i], data, len);
}

/* ---- reading --------------------------------------------------------- */

/* Messages that follow each other go out together. Gives the bytes of whole frames, -1: malformed. */
static ssize_t take(struct conn *c, const uint8_t *data, size_t len)
{
	size_t used = 0, first = 0;

	while (len - used >= HEAD) {
		uint32_t length, number;

		memcpy(&length, data + used, 4);
		memcpy(&number, data + used + 4, 4);
		length = le32toh(length);
		number = le32toh(number);
		if (length < 4 || length > FRAME_MAX - 4 || number >= ROOMS_MAX)
			return -1;
		if (len - used < 4 + length)
			break;
		if (length == 4) {
			if (used > first)
				room_send(c->room, data + first, used - first);
			room_enter(c, number);
			conn_send(c, data + used, HEAD);
			first = used + HEAD;
		}
		used += 4 + length;
	}
	if (used > first)
		room_send(c->room, data + first, used - first);
	return used;
}

static void keep_in(struct conn *c, const uint8_t *data, size_t len)
{
	if (len && !c->in)
		c->in = grow(NULL, FRAME_MAX);
	if (len)
		memcpy(c->in, data, len);
	c->in_len = len;
}

static void conn_close(struct conn *c)
{
	room_leave(c);
	close(c->fd);
	free(c->in);
	free(c->out);
	free(c);
}

/* Is the connection still there? */
static bool conn_read(struct conn *c)
{
	ssize_t n, used;

	do {
		uint8_t *begin = buffer + FRAME_MAX - c->in_len;

		n = recv(c->fd, buffer + FRAME_MAX, READ_SIZE, 0);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			return false;
		if (c->in_len)
			memcpy(begin, c->in, c->in_len);
		used = take(c, begin, c->in_len + n);
		if (used < 0)
			return false;
		keep_in(c, begin + used, c->in_len + n - used);
	} while (n == READ_SIZE);
	return true;
}

static void conn_event(struct conn *c, uint32_t events)
{
	if (events & EPOLLOUT && c->out_len)
		conn_send_rest(c);
	if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
		return;
	if (!conn_read(c) || (events & (EPOLLRDHUP | EPOLLHUP) && !conn_read(c)))
		conn_close(c);
}

/* ---- listening ------------------------------------------------------- */

static void accept_all(int listener)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	int fd, one = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct conn *c = grow(NULL, sizeof(*c));

		memset(c, 0, sizeof(*c));
		c->fd = fd;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		event.data.ptr = c;
		if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
			die("watch a connection");
	}
	if (errno != EAGAIN && errno != ECONNABORTED)
		die("accept");
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct epoll_event event = { .events = EPOLLIN };
	socklen_t len = sizeof(addr);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("make a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 4096))
		die("listen");
	if (getsockname(fd, (struct sockaddr *)&addr, &len))
		die("ask for the port");
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
		die("watch the listener");
	printf("listening on port %u\n", ntohs(addr.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	int listener;

	if (argc != 3 || strcmp(argv[1], "--port")) {
		fprintf(stderr, "usage: kchat-floor --port PORT (0: any that is free)\n");
		return 2;
	}
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	listener = listen_on(strtoul(argv[2], NULL, 10));
	for (;;) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(epoll_fd, events, EVENTS, -1), i;

		if (n < 0 && errno != EINTR)
			die("wait for events");
		for (i = 0; i < n; i++) {
			if (events[i].data.ptr)
				conn_event(events[i].data.ptr, events[i].events);
			else
				accept_all(listener);
		}
	}
}
