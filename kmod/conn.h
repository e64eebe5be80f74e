/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection: who is let in (conn_accept.c), its socket (conn_socket.c), its
 * life (conn.c), what it receives (recv.c), what it sends (send.c, conn_reply.c),
 * what it does with a frame (dispatch.c).
 */
#ifndef _KCHAT_CONN_H
#define _KCHAT_CONN_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "frame.h"
#include "log.h"

struct kchat_login;
struct kchat_member;
struct kchat_net;
struct kchat_proxy;
struct kchat_session;
struct kchat_worker;
struct socket;

/**
 * struct kchat_ctl - a finished frame for one connection
 * @node: in kchat_conn.ctl
 * @post: in kchat_conn.post, before that
 * @request: no frame to be sent, but one for this connection to handle: one that came on
 *	the session's other connection, or a JOIN whose room is to be here
 * @reoffer: answers a REOFFER: counted in kchat_conn.reoffers until it is sent
 * @len: bytes of @data that count
 * @size: bytes of @data there are
 * @data: the frame, header first
 *
 * One owner: who made it, until it is given to kchat_conn_post() or
 * kchat_conn_reply().
 */
struct kchat_ctl {
	union {
		struct list_head node;
		struct llist_node post;
	};
	bool request;
	bool reoffer;
	u32 len;
	u32 size;
	u8 data[] __aligned(8);
};

/* NULL: no memory. Counted at the module's cap until it is freed. */
struct kchat_ctl *kchat_ctl_alloc(u32 size, gfp_t gfp);
/* One that is not given away. NULL is fine. */
void kchat_ctl_free(struct kchat_ctl *ctl);

/**
 * struct kchat_cursor - a reader of a log: a member of a room, a taker of a stream
 * @conn: who reads; not referenced: the cursor dies with the connection's worker side
 * @log: what is read
 * @pos: next byte to be sent; a frame boundary unless conn->seg
 * @seq: sequence in the header of the last frame that was begun
 * @stop: nothing from here on is sent before @ops->stopped() has moved it
 * @cut: nothing from here on is sent at all. U64_MAX, or written once, by anybody, under
 *	@lock, before anything follows in the log
 * @ops: what kind it is
 * @node: in kchat_slot.cursors
 * @lock: the lock of the log's owner
 * @pending: in kchat_conn.pending or .streams when there may be something to
 *	send, else empty
 *
 * All but @cut is touched by the connection's worker alone; @pos is read by others
 * (READ_ONCE) for statistics. To send a row of members what is new takes of each the
 * first 64 bytes only, which are one line of the cache.
 */
struct kchat_cursor {
	struct kchat_conn *conn;
	struct kchat_log *log;
	u64 pos;
	u64 seq;
	u64 stop;
	u64 cut;
	const struct kchat_cursor_ops *ops;
	struct hlist_node node;
	spinlock_t *lock;
	struct list_head pending;
};

/**
 * struct kchat_cursor_ops - what is special about a kind of reader
 * @stopped: pos has reached stop, or cut: puts control frames, moves stop. Returns false
 *	if the cursor is gone or not to be sent further
 * @behind: pos, at a frame boundary, is before the log's tail; moves pos
 * @moved: pos has moved to a frame boundary by sending; may be NULL
 */
struct kchat_cursor_ops {
	bool (*stopped)(struct kchat_cursor *cursor);
	void (*behind)(struct kchat_cursor *cursor);
	void (*moved)(struct kchat_cursor *cursor);
};

/* kchat_conn.flags, changed by atomic bit operations from everywhere */
enum {
	KCHAT_CONN_QUEUED,	/* on the worker's ready list, or about to be */
	KCHAT_CONN_READABLE,	/* the socket has data, or an end */
	KCHAT_CONN_WRITABLE,	/* the socket has room again */
	KCHAT_CONN_BROKEN,	/* the socket is of no use any more */
	KCHAT_CONN_END,		/* somebody wants it closed; see end_error */
	KCHAT_CONN_YIELD,	/* its place is needed: closed without waiting for the peer */
};

/* kchat_conn.direct: the last frame was */
enum {
	KCHAT_DIRECT_NOT,	/* something else */
	KCHAT_DIRECT_TALK,	/* long talk */
	KCHAT_DIRECT_CHUNK,	/* a chunk of a stream */
};

/* kchat_conn.phase: from top to bottom, never back */
enum kchat_conn_phase {
	KCHAT_PHASE_LIVE,
	KCHAT_PHASE_CLOSING,	/* sends what waits, hears nothing, until a deadline */
	KCHAT_PHASE_DEAD,	/* socket released; references may remain */
};

/**
 * struct kchat_conn - a connection
 * @refs: the worker's list (from accept to the end of the worker's part); the
 *	ready list while KCHAT_CONN_QUEUED; a session whose main or media
 *	connection it is; requests to the accounts service; lookups.
 *	Socket callbacks hold none: they run under sk_callback_lock, and the
 *	worker takes sk_user_data away under that lock before its reference goes
 * @kn: its server, which waits for all connections before it stops
 * @worker: its worker, for life
 * @link: in kchat_net.conns, under conns_lock
 * @stranger: in kchat_net.strangers until it has logged in, under conns_lock
 * @ready: in kchat_worker.ready
 * @flags: see above
 * @post: struct kchat_ctl from other threads
 * @post_bytes: of @post; bounds it
 * @end_error: why KCHAT_CONN_END was set; the first one counts
 * @peer: address, IPv4 mapped: the proxy's, until that has said whom it leads
 *	here; written by the worker under conns_lock, constant once @proxy is false
 * @peer_port: host order; the same
 * @proxy: from a proxy that has not said yet whom it leads here; under conns_lock
 *	to change, by the worker
 * @since: jiffies when it was accepted; constant
 * @session: set once, at login, by the worker; the connection owns a reference.
 *	Others see it only through the session
 *
 * These may be touched by others, as is said of each. What follows is touched by the worker
 * alone. The order is that of the lines of the cache, 64 bytes each, which the slab begins
 * with.
 *
 * @node: in a list of kchat_worker.wheel
 * @sock: owned; released when the connection is dead
 * @phase: see above
 * @state: of the protocol
 * @silent: nothing was heard for SILENCE_MS: its people were told
 * @stopped: input is not read while the peer does not read our answers
 * @direct: KCHAT_DIRECT_*; not 0: read the next header alone, so that what follows
 *	can be received straight into pages
 * @refused: refused logins
 * @reoffers: REOFFER whose answers are not sent yet
 * @heard: jiffies of the last sign of life
 * @deadline: jiffies: end of the login, or of closing
 * @stalled: jiffies since when a full socket has taken nothing; valid if @blocked
 * @blocked: the socket said EAGAIN
 * @shut: our side of the connection is shut, only the peer's end is awaited
 * @hold: input that could not be handled yet: part of a frame, or frames that wait
 * @hold_len: bytes in it
 * @hold_size: bytes it can have
 * @skip: bytes of input to be read over
 * @body_seg: a chunk, or long talk, is being received into these pages
 * @body_have: bytes of its frame that are there
 * @ctl: frames to send, oldest first
 * @ctl_bytes: of @ctl
 * @ctl_off: bytes of the first one that are sent
 * @seg: a frame of a log is half sent: its segment, referenced; else NULL
 * @seg_off: offset in the log of the next byte of it
 * @seg_end: and where the frame ends
 * @seg_cursor: whose frame it was, NULL if that is gone
 * @pending: cursors of rooms with something to send
 * @streams: the same of streams
 * @members: rooms it is in, struct kchat_member.node
 * @nr_members: how many
 * @takers: streams it takes, struct kchat_taker.node
 * @login: between AUTH and PROOF
 * @nonce: said in WELCOME
 * @guessed: jiffies until when no room is joined by a password: a wrong one was said; 0: none was
 * @bytes_in: received; read by others
 * @bytes_out: sent; read by others
 */
struct kchat_conn {
	/* What it takes to reach it. */
	refcount_t refs;
	u32 end_error;
	struct kchat_net *kn;
	struct kchat_worker *worker;
	unsigned long flags;
	struct llist_node ready;
	struct llist_head post;
	atomic_t post_bytes;
	u16 peer_port;
	bool proxy;
	struct kchat_session *session;

	/* What it takes to send it what is new in a room: with @bytes_out all there is. */
	struct socket *sock;
	u8 phase;
	u8 state;
	bool silent;
	bool stopped;
	u8 direct;
	bool blocked;
	bool shut;
	u8 refused;
	struct kchat_seg *seg;
	u32 ctl_bytes;
	u32 ctl_off;
	struct list_head ctl;
	struct list_head pending;

	/* What it takes to hear it. */
	u64 bytes_out;
	u64 bytes_in;
	unsigned long heard;
	u8 *hold;
	u32 hold_len;
	u32 hold_size;
	u32 skip;
	u32 body_have;
	struct kchat_seg *body_seg;
	struct list_head members;

	/* What it takes now and then. */
	u64 seg_off;
	u64 seg_end;
	struct kchat_cursor *seg_cursor;
	struct list_head streams;
	struct list_head takers;
	u32 nr_members;
	u8 reoffers;
	struct list_head node;
	unsigned long stalled;
	unsigned long deadline;
	struct kchat_login *login;
	unsigned long guessed;
	struct list_head link;
	struct list_head stranger;
	unsigned long since;
	struct in6_addr peer;
	u8 nonce[KCHAT_NONCE_LEN];
};

/* ---- from everywhere --------------------------------------------------- */

static inline struct kchat_conn *kchat_conn_hold(struct kchat_conn *conn)
{
	refcount_inc(&conn->refs);
	return conn;
}

void kchat_conn_put(struct kchat_conn *conn);
/* The worker looks at it soon. Any context; the caller holds a reference or sk_callback_lock. */
void kchat_conn_kick(struct kchat_conn *conn);
/*
 * A frame from another thread, after all that waits already. Takes over @ctl.
 * False (and @ctl is freed): too much waits, or the connection is at its end.
 */
bool kchat_conn_post(struct kchat_conn *conn, struct kchat_ctl *ctl);
/* To be closed with ERROR @error, or without a word for KCHAT_E_NONE. The first reason counts. */
void kchat_conn_end(struct kchat_conn *conn, enum kchat_error error);
/* "address" for the log, without the port. */
#define KCHAT_PEER_LEN	48
void kchat_conn_peer(const struct kchat_conn *conn, char out[KCHAT_PEER_LEN]);
bool kchat_conn_loopback(const struct kchat_conn *conn);

int kchat_conns_init(void);
void kchat_conns_exit(void);
/* Takes over @sock in every case. Process context. */
void kchat_conn_accept(struct kchat_net *kn, struct socket *sock);
/*
 * Before somebody is accepted. False: who is here longest without having logged
 * in makes place, and kchat_listener_resume() follows when it has.
 */
bool kchat_conn_place(struct kchat_net *kn);
/* Ends all connections; they are gone when kn->nr_conns is 0. */
void kchat_conns_stop(struct kchat_net *kn);

/* ---- its worker only --------------------------------------------------- */

/* A turn: what others left, input, output. */
void kchat_conn_turn(struct kchat_conn *conn);
/* Deadlines; gives jiffies of when it wants to be looked at again. */
unsigned long kchat_conn_tick(struct kchat_conn *conn);
/* Nothing more is heard from it; it is closed when what waits is sent. */
void kchat_conn_close(struct kchat_conn *conn, enum kchat_error error, u16 cause,
		      const struct kchat_head *head);

/* Queues a frame; takes over @ctl. What waits is bounded: input stops when it is much. */
void kchat_conn_reply(struct kchat_conn *conn, struct kchat_ctl *ctl);
/* A frame to answer the request of this header with: room for a body, and its head. */
struct kchat_ctl *kchat_conn_answer(struct kchat_conn *conn, const struct kchat_hdr *hdr, u32 body,
				    struct kchat_head *head);
/* An answer whose body is at hand. */
void kchat_conn_reply_frame(struct kchat_conn *conn, const struct kchat_hdr *hdr, u16 type,
			    const void *body, u32 len);
/* An ERROR or OK to the request of this header. */
void kchat_conn_reply_error(struct kchat_conn *conn, const struct kchat_hdr *hdr,
			    enum kchat_error error, u32 wait_ms);
void kchat_conn_reply_ok(struct kchat_conn *conn, const struct kchat_hdr *hdr);
/* The reply queued last answers a REOFFER: it counts in @reoffers until it is sent. */
void kchat_conn_reply_counts(struct kchat_conn *conn);

/* conn.c, for conn_accept.c: one that nobody knows yet; NULL: no memory. */
struct kchat_conn *kchat_conn_alloc(struct kchat_net *kn, struct socket *sock);
/* One that nobody has got to know. Its socket stays the caller's. */
void kchat_conn_discard(struct kchat_conn *conn);

/* conn_accept.c: its proxy has said whose it is. */
void kchat_conn_proxied(struct kchat_conn *conn, const struct kchat_proxy *proxy);
/* conn_accept.c: it has logged in. */
void kchat_conn_known(struct kchat_conn *conn);
/* Its socket is gone: there is place for another one. */
void kchat_conn_left(struct kchat_conn *conn);

/* conn_socket.c: what the child inherited from the listener is replaced; data may come at once. */
void kchat_conn_install(struct kchat_conn *conn);
/* After this no callback knows us. Also for a child that was never installed. */
void kchat_conn_restore(struct socket *sock);
/* Whose the socket is: conn->peer and its port. */
int kchat_conn_read_peer(struct kchat_conn *conn);

/* conn_reply.c: what was posted becomes replies, or is handled; or is dropped. */
void kchat_conn_take_posts(struct kchat_conn *conn);
void kchat_conn_drop_posts(struct kchat_conn *conn);

/* recv.c */
void kchat_conn_receive(struct kchat_conn *conn);
void kchat_conn_receive_free(struct kchat_conn *conn);

/* send.c: as much as the socket takes. */
void kchat_conn_send(struct kchat_conn *conn);
void kchat_conn_send_free(struct kchat_conn *conn);
/* The log of these cursors, of one worker, has grown: to each what it lacks. */
void kchat_cursors_walk(struct kchat_net *kn, struct hlist_head *cursors);
/* Has it sent all that waits? */
bool kchat_conn_sent(const struct kchat_conn *conn);
/* The cursor may have something to send; to its connection's list. */
void kchat_cursor_wake(struct kchat_cursor *cursor, struct list_head *list);
/* The cursor goes away. What is half sent is sent to the end all the same. */
void kchat_cursor_forget(struct kchat_cursor *cursor);

/* dispatch.c: what the session's other connection passed on. */
void kchat_dispatch_request(struct kchat_conn *conn, const struct kchat_ctl *ctl);
/*
 * dispatch_room.c: long talk that kchat_frame_check() let through, received into
 * @seg, which is taken over.
 */
void kchat_dispatch_long(struct kchat_conn *conn, struct kchat_seg *seg);
/* dispatch.c: a whole frame that kchat_frame_check() let through. */
void kchat_dispatch(struct kchat_conn *conn, const struct kchat_rule *rule,
		    const struct kchat_hdr *hdr, const u8 *body, u32 len);

#endif /* _KCHAT_CONN_H */
