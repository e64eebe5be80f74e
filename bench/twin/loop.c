// SPDX-License-Identifier: GPL-2.0-only
/* The loop: events, then what they made new is sent, then who is gone goes. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "twin.h"

#define LOOP_EVENTS	256

/* Once for each turn: what comes in one turn came at the same time. */
static void clocks_read(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	twin.now = (u64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	clock_gettime(CLOCK_REALTIME, &ts);
	twin.time = (u64)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void accept_all(void)
{
	int fd;

	while ((fd = accept4(twin.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		twin_conn_accept(fd);
}

static void tick(void)
{
	struct twin_conn *conn;

	accept_all(); /* those for whom there was no descriptor */
	list_for_each_entry(conn, &twin.conns, node)
		twin_conn_tick(conn);
	twin_sessions_tick();
	twin_rooms_tick();
}

/* Who had more to say than one turn takes; who still has comes on the list anew. */
static void go_on(void)
{
	struct list_head batch = twin.again;
	struct twin_conn *conn;

	if (list_empty(&twin.again))
		return;
	batch.next->prev = &batch;
	batch.prev->next = &batch;
	INIT_LIST_HEAD(&twin.again);
	while (!list_empty(&batch)) {
		conn = list_first_entry(&batch, struct twin_conn, queue);
		list_del(&conn->queue);
		conn->again = false;
		twin_conn_receive(conn);
		twin_conn_send(conn);
	}
}

/* A connection that ends can make a room grow. */
static void finish(void)
{
	struct twin_conn *conn;

	do {
		twin_rooms_send();
		while (!list_empty(&twin.dead)) {
			conn = list_first_entry(&twin.dead, struct twin_conn, queue);
			twin_conn_free(conn);
		}
	} while (!list_empty(&twin.dirty));
}

/* ms to the next tick; without anybody or anything there is none. */
static int sleep_ms(u64 next_tick)
{
	if (!list_empty(&twin.again))
		return 0;
	if (list_empty(&twin.conns) && list_empty(&twin.rooms) && list_empty(&twin.sessions))
		return -1;
	return next_tick > twin.now ? next_tick - twin.now : 0;
}

bool twin_loop(void)
{
	struct epoll_event events[LOOP_EVENTS];
	u64 next_tick = 0;
	int nr, i;

	for (;;) {
		nr = epoll_wait(twin.epoll, events, LOOP_EVENTS, sleep_ms(next_tick));
		if (nr < 0 && errno != EINTR)
			return false;
		clocks_read();
		go_on();
		for (i = 0; i < nr; i++) {
			if (!events[i].data.ptr)
				accept_all();
			else
				twin_conn_event(events[i].data.ptr, events[i].events);
			if (twin.appended >= TWIN_FLUSH_BYTES)
				twin_rooms_send();
		}
		if (twin.now >= next_tick) {
			tick();
			next_tick = twin.now + TWIN_TICK_MS;
		}
		finish();
	}
}
