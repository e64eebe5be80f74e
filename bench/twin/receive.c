// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a connection receives. Bytes come into one scratch, whole frames are handled
 * there, and only what is left over is kept with the connection.
 */
#include <errno.h>
#include <linux/string.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "twin.h"

/* With so much waiting for a peer that does not read, its input is not read either. */
#define STOP_INPUT	(twin_param(control_bytes) / 4)

static bool input_stops(struct twin_conn *conn)
{
	if (conn->closing || conn->dead)
		return true;
	if (conn->out_len - conn->out_off > STOP_INPUT)
		conn->stopped = true;
	return conn->stopped;
}

/* Bytes received, or 0: nothing now, or never again. */
static u32 input(struct twin_conn *conn, void *buf, u32 len)
{
	ssize_t got = recv(conn->fd, buf, len, 0);

	if (got > 0) {
		conn->heard = twin.now;
		return got;
	}
	if (!got || (errno != EAGAIN && errno != EINTR))
		twin_conn_kill(conn);
	return 0;
}

/* ---- frames ------------------------------------------------------------ */

/* A sign of life from somebody whom the others believe to be gone. */
static void frame_heard(struct twin_conn *conn)
{
	if (likely(!conn->silent))
		return;
	conn->silent = false;
	twin_session_silence(conn->session, false);
}

/* The frame that begins at @data: how many bytes of it are done with; 0: more are needed. */
static u32 frame_take(struct twin_conn *conn, const u8 *data, u32 len)
{
	struct kchat_verdict verdict;
	struct kchat_hdr hdr;
	u32 total, have;

	memcpy(&hdr, data, sizeof(hdr));
	kchat_frame_check(&hdr, conn->state, &verdict);
	if (verdict.fatal) {
		const struct kchat_head head = { .room = le32_to_cpu(hdr.room), .id = hdr.id };

		twin_conn_close(conn, verdict.error, le16_to_cpu(hdr.type), &head);
		return len;
	}
	total = KCHAT_HDR_LEN + verdict.body_len;
	have = min(len, total);
	if (verdict.error != KCHAT_E_NONE || !verdict.rule) {
		frame_heard(conn);
		if (verdict.error != KCHAT_E_NONE)
			twin_answer_error(conn, &hdr, verdict.error, 0);
		conn->skip = total - have;
		return have;
	}
	if (have < total)
		return 0;
	frame_heard(conn);
	twin_dispatch(conn, verdict.rule, &hdr, data + KCHAT_HDR_LEN, verdict.body_len);
	return total;
}

/* Handles frames until they end or must wait; how many bytes are done with. */
static u32 frames_take(struct twin_conn *conn, const u8 *data, u32 len)
{
	u32 off = 0;

	while (len - off >= KCHAT_HDR_LEN && !input_stops(conn)) {
		u32 done = frame_take(conn, data + off, len - off);

		if (!done)
			break;
		off += done;
	}
	return off;
}

/* ---- what is left over ------------------------------------------------- */

/* The size of a buffer for what begins at @data: a header, a frame, or what waits. */
static u32 hold_size(const struct twin_conn *conn, const u8 *data, u32 len)
{
	struct kchat_hdr hdr;

	if (conn->stopped)
		return len;
	if (len < KCHAT_HDR_LEN)
		return KCHAT_HDR_LEN;
	memcpy(&hdr, data, sizeof(hdr));
	return le32_to_cpu(hdr.length) + sizeof(hdr.length);
}

static void hold_keep(struct twin_conn *conn, const u8 *data, u32 len)
{
	if (!len || conn->closing || conn->dead)
		return;
	conn->hold_size = hold_size(conn, data, len);
	conn->hold = malloc(conn->hold_size);
	if (!conn->hold) {
		twin_conn_kill(conn);
		return;
	}
	memcpy(conn->hold, data, len);
	conn->hold_len = len;
}

/* The buffer is full: it holds a header, a frame, or frames that had to wait. */
static void hold_take(struct twin_conn *conn)
{
	u32 len = conn->hold_len, done;
	u8 *hold = conn->hold;

	conn->hold = NULL;
	done = frames_take(conn, hold, len);
	hold_keep(conn, hold + done, len - done);
	free(hold);
}

/* ---- a turn ------------------------------------------------------------ */

/* One read to where the next bytes belong. Gives what came; *wanted: what could have. */
static u32 receive_once(struct twin_conn *conn, u32 *wanted)
{
	u32 got, done;

	if (conn->skip) {
		*wanted = min_t(u32, conn->skip, TWIN_SCRATCH);
		got = input(conn, twin.scratch, *wanted);
		conn->skip -= got;
	} else if (conn->hold) {
		*wanted = conn->hold_size - conn->hold_len;
		got = input(conn, conn->hold + conn->hold_len, *wanted);
		conn->hold_len += got;
		if (conn->hold_len == conn->hold_size)
			hold_take(conn);
	} else {
		*wanted = TWIN_SCRATCH;
		got = input(conn, twin.scratch, *wanted);
		done = frames_take(conn, twin.scratch, got);
		hold_keep(conn, twin.scratch + done, got - done);
	}
	return got;
}

/* There may be more, of which no event will tell. */
static void come_again(struct twin_conn *conn)
{
	if (conn->again || conn->dead)
		return;
	conn->again = true;
	list_add_tail(&conn->queue, &twin.again);
}

/* Closing: what still comes is of no interest, but its end is. */
static void receive_discard(struct twin_conn *conn)
{
	if (input(conn, twin.scratch, TWIN_SCRATCH))
		come_again(conn);
}

void twin_conn_receive(struct twin_conn *conn)
{
	u32 budget = TWIN_SCRATCH, wanted, got;

	if (conn->dead)
		return;
	if (conn->closing) {
		receive_discard(conn);
		return;
	}
	if (conn->stopped) {
		/* Until the answers are read; twin_conn_send() says when. */
		if (conn->out_len - conn->out_off > STOP_INPUT / 2)
			return;
		conn->stopped = false;
		if (conn->hold)
			hold_take(conn);
	}
	while (!input_stops(conn)) {
		got = receive_once(conn, &wanted);
		if (!got || (got < wanted && !conn->stopped && !conn->ended))
			return;
		if (got >= budget)
			break;
		budget -= got;
	}
	if (!conn->stopped)
		come_again(conn);
}
