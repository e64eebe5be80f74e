/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the home of a room is that is not here. */
#ifndef _KCHAT_HOME_H
#define _KCHAT_HOME_H

#include <linux/types.h>

#include "peer.h"
#include "room.h"
#include "server.h"

struct kchat_request;

/* Rooms of this name are on every server, each for itself, and stay there. */
bool kchat_home_local(const struct kchat_text *name);

/* Do others have to be asked before a room of this name is made here? */
static inline bool kchat_home_matters(struct kchat_net *kn, const struct kchat_text *name)
{
	const struct kchat_peers *peers = READ_ONCE(kn->peers);

	return unlikely(peers) && READ_ONCE(peers->open) && READ_ONCE(peers->nr) &&
	       !kchat_home_local(name);
}

/*
 * JOIN of a room that is not here. KCHAT_E_NONE: the answer comes later, from the
 * worker if the room is to be here, and holds a reference to @conn until then;
 * else what to answer at once. The connection's worker.
 */
enum kchat_error kchat_home_ask(struct kchat_conn *conn, const struct kchat_request *req,
				const struct kchat_join *join);
/* The same for a file: waits. KCHAT_E_NONE: here; KCHAT_E_MOVED: elsewhere. */
enum kchat_error kchat_home_ask_file(struct kchat_net *kn, const struct kchat_join *join);

/* Tells the other servers of an invitation: who is invited may be there. How many there are. */
unsigned int kchat_home_invite(struct kchat_net *kn, u32 flags, const struct kchat_text *name,
			       u64 from, u64 to);

/* ---- for peer.c, drain.c, arrive.c: under kchat_peers.lock ---------------- */

void kchat_home_init(struct kchat_peers *peers);
/* WHERE, HERE, CLAIM, GIVE of the peer at @index. */
void kchat_home_where(struct kchat_peers *peers, u32 index, const struct kchat_datagram *datagram);
void kchat_home_here(struct kchat_peers *peers, u32 index, const struct kchat_datagram *datagram);
void kchat_home_claim(struct kchat_peers *peers, u32 index, const struct kchat_datagram *datagram);
void kchat_home_give(struct kchat_peers *peers, u32 index, const struct kchat_datagram *datagram);
/* A room is not here any more: that it was given to us does not count. */
void kchat_home_left(struct kchat_peers *peers, const struct kchat_text *name);
/* A room is here now: who waits for it comes in. */
void kchat_home_came(struct kchat_peers *peers, const struct kchat_text *name);
/* Asks again, and ends what took too long. True: there are questions. */
bool kchat_home_tick(struct kchat_peers *peers);
/* The peer at @index is not known any more. */
void kchat_home_forget(struct kchat_peers *peers, u32 index);
/* All who wait are told that the server stops. */
void kchat_home_stop(struct kchat_peers *peers);

#endif /* _KCHAT_HOME_H */
