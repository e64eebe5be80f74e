// SPDX-License-Identifier: GPL-2.0-only
/* A connection's life. */
#include <linux/string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

/* ---- it comes ---------------------------------------------------------- */

static struct twin_conn *conn_alloc(int fd)
{
	struct twin_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->fd = fd;
	conn->state = KCHAT_CONN_NEW;
	INIT_LIST_HEAD(&conn->members);
	conn->since = twin.now;
	conn->heard = twin.now;
	conn->stalled = twin.now;
	list_add_tail(&conn->node, &twin.conns);
	twin.nr_conns++;
	return conn;
}

void twin_conn_accept(int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	int unsent = twin_param(unsent_bytes), on = 1;
	struct twin_conn *conn = conn_alloc(fd);

	if (!conn) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	event.data.ptr = conn;
	if (epoll_ctl(twin.epoll, EPOLL_CTL_ADD, fd, &event))
		twin_conn_kill(conn);
	else if (twin.nr_conns > twin_param(connections))
		twin_conn_close(conn, KCHAT_E_FULL, 0, NULL);
}

/* ---- it goes ----------------------------------------------------------- */

void twin_conn_kill(struct twin_conn *conn)
{
	if (conn->dead)
		return;
	if (conn->again)
		list_del(&conn->queue);
	conn->again = false;
	conn->dead = true;
	list_add_tail(&conn->queue, &twin.dead);
}

static void conn_leave(struct twin_conn *conn)
{
	struct twin_session *session = conn->session;
	struct twin_member *member, *next;

	list_for_each_entry_safe(member, next, &conn->members, by_conn)
		twin_member_free(member);
	conn->session = NULL;
	if (session)
		twin_session_detach(session);
}

void twin_conn_close(struct twin_conn *conn, enum kchat_error error, u16 cause,
		     const struct kchat_head *head)
{
	struct kchat_head last = head ? *head : (struct kchat_head){};
	u8 *frame;

	if (conn->closing || conn->dead)
		return;
	last.flags |= KCHAT_F_LAST;
	if (error != KCHAT_E_NONE) {
		frame = twin_reply_begin(conn, KCHAT_HDR_LEN + 80);
		if (frame)
			twin_reply_end(conn, kchat_frame_build_error(frame, KCHAT_HDR_LEN + 80,
								     &last, error, cause, 0));
	}
	conn_leave(conn);
	conn->closing = true;
	conn->since = twin.now + twin_param(closing_ms);
	twin_conn_send(conn);
}

void twin_conn_free(struct twin_conn *conn)
{
	conn_leave(conn);
	list_del(&conn->queue);
	list_del(&conn->node);
	twin.nr_conns--;
	if (conn->seg)
		twin_seg_put(conn->seg);
	if (conn->login)
		memzero_explicit(conn->login, sizeof(*conn->login));
	free(conn->login);
	free(conn->hold);
	free(conn->out);
	close(conn->fd);
	free(conn);
}

/* ---- it lives ---------------------------------------------------------- */

void twin_conn_event(struct twin_conn *conn, u32 events)
{
	if (conn->dead)
		return;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		conn->ended = true;
	if (events & EPOLLOUT)
		conn->blocked = false;
	if (events & ~EPOLLOUT)
		twin_conn_receive(conn);
	twin_conn_send(conn);
}

static void conn_silence(struct twin_conn *conn)
{
	u64 quiet = twin.now - conn->heard;

	if (quiet > twin_param(lost_ms)) {
		twin_session_leave_rooms(conn->session, KCHAT_PERSON_LOST);
		twin_conn_close(conn, KCHAT_E_TIMEOUT, 0, NULL);
	} else if (quiet > twin_param(silence_ms) && !conn->silent) {
		conn->silent = true;
		twin_session_silence(conn->session, true);
	}
}

void twin_conn_tick(struct twin_conn *conn)
{
	if (conn->dead)
		return;
	if (conn->closing) {
		if (twin.now >= conn->since)
			twin_conn_kill(conn);
		return;
	}
	if (conn->blocked && twin.now - conn->stalled > twin_param(stall_ms))
		twin_conn_close(conn, KCHAT_E_SLOW, 0, NULL);
	else if (conn->session)
		conn_silence(conn);
	else if (twin.now - conn->since > twin_param(login_ms))
		twin_conn_close(conn, KCHAT_E_TIMEOUT, 0, NULL);
}
