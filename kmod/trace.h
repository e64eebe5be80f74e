/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, in /sys/kernel/tracing/events/kchat: what a server does, in numbers.
 * None of them shows what is said, or by whom but the number of the account. One
 * that nobody has switched on costs a jump that is not taken.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kchat

#if !defined(_KCHAT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KCHAT_TRACE_H

#include <linux/tracepoint.h>

struct kchat_conn;
struct kchat_room;
struct kchat_session;

/* A session has begun; for a local program if @local. */
TRACE_EVENT(kchat_login,

	TP_PROTO(const struct kchat_session *session),
	TP_ARGS(session),
	TP_STRUCT__entry(
		__field(u64, account)
		__field(u64, session)
		__field(bool, local)
	),
	TP_fast_assign(
		__entry->account = session->account->number;
		__entry->session = session->number;
		__entry->local = session->local;
	),
	TP_printk("account=%llu session=%llu local=%u", __entry->account, __entry->session,
		  __entry->local)
);

/* A session has come into a room. */
TRACE_EVENT(kchat_join,

	TP_PROTO(const struct kchat_session *session, const struct kchat_room *room),
	TP_ARGS(session, room),
	TP_STRUCT__entry(
		__field(u64, account)
		__field(u64, session)
		__field(u64, epoch)
		__field(u32, room)
	),
	TP_fast_assign(
		__entry->account = session->account->number;
		__entry->session = session->number;
		__entry->epoch = room->epoch;
		__entry->room = room->number;
	),
	TP_printk("account=%llu session=%llu room=%u epoch=%llu", __entry->account,
		  __entry->session, __entry->room, __entry->epoch)
);

/* A session has given up its place in a room. @state: enum kchat_person_state, LEFT or LOST */
TRACE_EVENT(kchat_part,

	TP_PROTO(const struct kchat_session *session, const struct kchat_room *room, u8 state),
	TP_ARGS(session, room, state),
	TP_STRUCT__entry(
		__field(u64, account)
		__field(u64, session)
		__field(u64, epoch)
		__field(u32, room)
		__field(u8, state)
	),
	TP_fast_assign(
		__entry->account = session->account->number;
		__entry->session = session->number;
		__entry->epoch = room->epoch;
		__entry->room = room->number;
		__entry->state = state;
	),
	TP_printk("account=%llu session=%llu room=%u epoch=%llu state=%u", __entry->account,
		  __entry->session, __entry->room, __entry->epoch, __entry->state)
);

/* A frame has got its place in the log that all who are in the room read. Under room->lock. */
TRACE_EVENT(kchat_relay,

	TP_PROTO(const struct kchat_room *room, const struct kchat_hdr *hdr),
	TP_ARGS(room, hdr),
	TP_STRUCT__entry(
		__field(u64, account)
		__field(u64, epoch)
		__field(u64, seq)
		__field(u32, room)
		__field(u32, bytes)
		__field(u32, people)
		__field(u16, type)
	),
	TP_fast_assign(
		__entry->account = le64_to_cpu(hdr->sender);
		__entry->epoch = room->epoch;
		__entry->seq = le64_to_cpu(hdr->seq);
		__entry->room = room->number;
		__entry->bytes = le32_to_cpu(hdr->length) + sizeof(hdr->length);
		__entry->people = room->nr_people;
		__entry->type = le16_to_cpu(hdr->type);
	),
	TP_printk("room=%u epoch=%llu seq=%llu type=0x%x account=%llu bytes=%u people=%u",
		  __entry->room, __entry->epoch, __entry->seq, __entry->type,
		  __entry->account, __entry->bytes, __entry->people)
);

/* Somebody was so slow that the log has dropped @bytes unread: a GAP between two sequences. */
TRACE_EVENT(kchat_lag,

	TP_PROTO(const struct kchat_conn *conn, const struct kchat_room *room, u64 from, u64 to,
		 u64 bytes),
	TP_ARGS(conn, room, from, to, bytes),
	TP_STRUCT__entry(
		__field(u64, account)
		__field(u64, session)
		__field(u64, epoch)
		__field(u64, from)
		__field(u64, to)
		__field(u64, bytes)
		__field(u32, room)
	),
	TP_fast_assign(
		__entry->account = conn->session->account->number;
		__entry->session = conn->session->number;
		__entry->epoch = room->epoch;
		__entry->from = from;
		__entry->to = to;
		__entry->bytes = bytes;
		__entry->room = room->number;
	),
	TP_printk("account=%llu session=%llu room=%u epoch=%llu from=%llu to=%llu bytes=%llu",
		  __entry->account, __entry->session, __entry->room, __entry->epoch,
		  __entry->from, __entry->to, __entry->bytes)
);

/* The server closes a connection; without a login, of account 0. @reason: enum kchat_error */
TRACE_EVENT(kchat_drop,

	TP_PROTO(const struct kchat_conn *conn, u32 reason),
	TP_ARGS(conn, reason),
	TP_STRUCT__entry(
		__field(u64, account)
		__field(u64, session)
		__field(u64, bytes_in)
		__field(u64, bytes_out)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->account = conn->session ? conn->session->account->number : 0;
		__entry->session = conn->session ? conn->session->number : 0;
		__entry->bytes_in = conn->bytes_in;
		__entry->bytes_out = conn->bytes_out;
		__entry->reason = reason;
	),
	TP_printk("account=%llu session=%llu reason=%u bytes_in=%llu bytes_out=%llu",
		  __entry->account, __entry->session, __entry->reason, __entry->bytes_in,
		  __entry->bytes_out)
);

#endif /* _KCHAT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
