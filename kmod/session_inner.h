/* SPDX-License-Identifier: GPL-2.0-only */
/* What session.c and session_begin.c know of each other, and nobody else. */
#ifndef _KCHAT_SESSION_INNER_H
#define _KCHAT_SESSION_INNER_H

#include "session.h"

/* The session of this number, with a reference, or NULL. */
struct kchat_session *kchat_session_get(struct kchat_net *kn, u64 number);
/*
 * Makes @conn, which may be NULL, the main or the media connection: @which is
 * its place. Under session->lock; takes over the reference of @conn, gives that
 * of the old one.
 */
struct kchat_conn *kchat_session_set(struct kchat_session *session, struct kchat_conn **which,
				     struct kchat_conn *conn);
/* An open file is behind it, or none. Under session->lock. */
void kchat_session_set_file(struct kchat_session *session, bool file);
/* When time is to look at it again; under session->lock, after every change. */
void kchat_session_set_due(struct kchat_session *session);
/* In no room until it joins again: its people are reconnecting. Under session->lock. */
void kchat_session_detach_rooms(struct kchat_session *session);
/* Takes it off its account's list. */
void kchat_session_unlink(struct kchat_session *session);
/* Ends it, and its connections with @error. May sleep. */
void kchat_session_kill(struct kchat_session *session, enum kchat_error error);

#endif /* _KCHAT_SESSION_INNER_H */
