/* SPDX-License-Identifier: GPL-2.0-only */
/* The body of any client frame to its parser, as the dispatcher of the module does it. */
#ifndef _ANYBODY_H
#define _ANYBODY_H

#include "frame.h"
#include "scram.h"

static inline enum kchat_error parse_any(u16 type, const u8 *body, u32 len)
{
	struct kvec vec = { (void *)body, len };
	union {
		struct kchat_hello hello;
		struct kchat_resume resume;
		struct kchat_registration registration;
		struct kchat_passwd passwd;
		struct kchat_whois whois;
		struct kchat_join join;
		struct kchat_stored stored;
		struct kchat_away away;
		struct kchat_ruling ruling;
		struct kchat_direct direct;
		struct kchat_talk talk;
		struct kchat_reoffer reoffer;
		struct kchat_want want;
		struct kchat_blob_want blob_want;
		struct kchat_stream_begin begin;
		struct kchat_stream_end end;
		struct kchat_scram scram;
		bool flag;
		u16 number;
		u64 value;
	} out;

	switch (type) {
	case KCHAT_T_HELLO:
		return kchat_frame_parse_hello(body, len, &out.hello);
	case KCHAT_T_AUTH:
		return kchat_scram_first(&out.scram, body, len);
	case KCHAT_T_RESUME:
		return kchat_frame_parse_resume(body, len, &out.resume);
	case KCHAT_T_REGISTER:
		return kchat_frame_parse_register(body, len, &out.registration);
	case KCHAT_T_PASSWD:
		return kchat_frame_parse_passwd(body, len, &out.passwd);
	case KCHAT_T_WHOIS:
		return kchat_frame_parse_whois(body, len, &out.whois);
	case KCHAT_T_PEOPLE:
	case KCHAT_T_ROOMS:
	case KCHAT_T_INVITE:
	case KCHAT_T_STREAM_ACCEPT:
		return kchat_frame_parse_u64(body, len, &out.value);
	case KCHAT_T_JOIN:
		return kchat_frame_parse_join(body, len, &out.join);
	case KCHAT_T_STORED:
	case KCHAT_T_READ:
		return kchat_frame_parse_stored(body, len, &out.stored);
	case KCHAT_T_REOFFER:
		return kchat_frame_parse_reoffer(&vec, 1, &out.reoffer);
	case KCHAT_T_RULE:
		return kchat_frame_parse_rule(body, len, &out.ruling);
	case KCHAT_T_AWAY:
		return kchat_frame_parse_away(body, len, &out.away);
	case KCHAT_T_DIRECT:
		return kchat_frame_parse_direct(body, len, &out.direct);
	case KCHAT_T_MSG:
	case KCHAT_T_EDIT:
	case KCHAT_T_DELETE:
	case KCHAT_T_REACT:
	case KCHAT_T_TOPIC:
		return kchat_frame_parse_talk(type, &vec, 1, &out.talk);
	case KCHAT_T_TYPING:
		return kchat_frame_parse_typing(body, len, &out.flag);
	case KCHAT_T_WANT:
		return kchat_frame_parse_want(body, len, &out.want);
	case KCHAT_T_BLOB_WANT:
		return kchat_frame_parse_blob_want(body, len, &out.blob_want);
	case KCHAT_T_STREAM_BEGIN:
		return kchat_frame_parse_stream_begin(body, len, &out.begin);
	case KCHAT_T_STREAM_END:
		return kchat_frame_parse_stream_end(body, len, &out.end);
	case KCHAT_T_STREAM_CANCEL:
		return kchat_frame_parse_stream_cancel(body, len, &out.number);
	default:
		return KCHAT_E_NONE;
	}
}

#endif
