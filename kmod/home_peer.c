// SPDX-License-Identifier: GPL-2.0-only
/* Homes of rooms: what other servers ask and answer, and what time does. */
#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "alloc.h"
#include "home.h"
#include "home_inner.h"
#include "server.h"

/* ---- from other servers ------------------------------------------------------------ */

void kchat_home_where(struct kchat_peers *peers, u32 index, const struct kchat_datagram *datagram)
{
	kchat_home_tell(peers, KCHAT_D_HERE, index, datagram->mark,
			kchat_home_known(peers, &datagram->name));
}

static struct kchat_question *question_asked(struct kchat_peers *peers, u32 index, u64 mark)
{
	struct kchat_question *question;

	list_for_each_entry(question, &peers->questions, node)
		if (question->mark == mark)
			return test_bit(index, question->asked) ? question : NULL;
	return NULL;
}

/* The room that was to come is ours now, or has been given up: then there is none. */
static void question_settle(struct kchat_peers *peers, struct kchat_question *question)
{
	const struct kchat_text name = kchat_question_name(question);
	int index = kchat_arrive_find(peers, &name);

	if (index >= 0)
		kchat_arrive_settle(peers, peers->list[index]);
	else
		kchat_question_go(peers, question);
}

/* Of the peer from which the room comes: it has it still, or not any more. */
static void here_of_arrival(struct kchat_peers *peers, struct kchat_question *question, int home)
{
	/* It comes in this moment, or asked again. */
	if (home == question->comes)
		return;
	if (home >= 0)
		kchat_question_end(peers, question, home);
	else
		question_settle(peers, question);
}

void kchat_home_here(struct kchat_peers *peers, u32 index, const struct kchat_datagram *datagram)
{
	struct kchat_question *question = question_asked(peers, index, datagram->mark);
	int home;

	if (!question)
		return;
	home = kchat_home_of(peers, datagram->home);
	if (question->comes >= 0) {
		here_of_arrival(peers, question, home);
		return;
	}
	if (!question->registrar)
		return;
	if (home != KCHAT_HOME_NOWHERE) {
		kchat_question_end(peers, question, home);
		return;
	}
	__clear_bit(index, question->asked);
	if (bitmap_empty(question->asked, KCHAT_PEERS_MAX))
		kchat_question_decide(peers, question);
}

void kchat_home_claim(struct kchat_peers *peers, u32 index, const struct kchat_datagram *datagram)
{
	struct kchat_question *question = kchat_question_find(peers, &datagram->name);
	int home = kchat_home_known(peers, &datagram->name);
	struct kchat_waiting *waiting;

	if (home != KCHAT_HOME_NOWHERE) {
		kchat_home_tell(peers, KCHAT_D_GIVE, index, datagram->mark, home);
		return;
	}
	if (question) {
		/* Asked again. */
		list_for_each_entry(waiting, &question->waiting, node)
			if (!waiting->conn && !waiting->file && waiting->index == index &&
			    waiting->mark == datagram->mark)
				return;
	}
	/* Not answered: the other server tries again, and helps itself in the end. */
	if (kchat_home_may_wait(peers, NULL) != KCHAT_E_NONE)
		return;
	waiting = kchat_alloc(kzalloc(sizeof(*waiting), GFP_KERNEL));
	if (!waiting)
		return;
	waiting->index = index;
	waiting->mark = datagram->mark;
	waiting->existing = datagram->flags & KCHAT_CLAIM_EXISTING;
	kchat_home_wait(peers, &datagram->name, waiting);
}

void kchat_home_give(struct kchat_peers *peers, u32 index, const struct kchat_datagram *datagram)
{
	struct kchat_question *question = question_asked(peers, index, datagram->mark);
	struct kchat_text name;
	int home;

	if (!question || question->registrar || question->comes >= 0)
		return;
	home = kchat_home_of(peers, datagram->home);
	if (home == KCHAT_HOME_NOWHERE && memchr_inv(datagram->home, 0, 16))
		return; /* somebody we do not know */
	if (home == KCHAT_HOME_NOWHERE && kchat_question_wants_room(question)) {
		/* Somebody came since who wants it made. */
		kchat_question_say(peers, question);
		return;
	}
	name = kchat_question_name(question);
	if (home == KCHAT_HOME_HERE)
		kchat_gift_add(peers, &name, peers->kn->cfg.server_uuid);
	kchat_question_end(peers, question, home);
}

void kchat_home_came(struct kchat_peers *peers, const struct kchat_text *name)
{
	struct kchat_question *question = kchat_question_find(peers, name);

	if (question)
		kchat_question_end(peers, question, KCHAT_HOME_HERE);
}

/* ---- invitations ------------------------------------------------------------------------ */

unsigned int kchat_home_invite(struct kchat_net *kn, u32 flags, const struct kchat_text *name,
			       u64 from, u64 to)
{
	struct kchat_peers *peers = READ_ONCE(kn->peers);
	struct kchat_datagram datagram = {
		.kind = KCHAT_D_INVITE,
		.mark = to,
		.flags = flags,
		.name = *name,
		.from = from,
	};
	unsigned int count = 0;
	u32 i;

	if (likely(!peers) || !READ_ONCE(peers->nr))
		return 0;
	mutex_lock(&peers->lock);
	for (i = 0; peers->open && i < KCHAT_PEERS_MAX; i++) {
		if (!kchat_home_live(peers, i))
			continue;
		kchat_peer_send(peers, peers->list[i], &datagram);
		count++;
	}
	mutex_unlock(&peers->lock);
	return count;
}

/* ---- time ---------------------------------------------------------------------------- */

/* Its deadline is over: what can be known is known. */
static void question_late(struct kchat_peers *peers, struct kchat_question *question)
{
	if (question->comes >= 0) {
		/* It should have come long ago: where it was heard last it is. */
		if (kchat_home_live(peers, question->comes))
			kchat_question_end(peers, question, question->comes);
		else
			question_settle(peers, question);
	} else if (question->registrar) {
		kchat_question_decide(peers, question);
	} else {
		kchat_question_end(peers, question, kchat_question_wants_room(question) ?
				   KCHAT_HOME_HERE : KCHAT_HOME_NOWHERE);
	}
}

static void question_tick(struct kchat_peers *peers, struct kchat_question *question)
{
	bool lost = false;
	u32 i;

	if (time_after_eq(jiffies, question->deadline)) {
		question_late(peers, question);
		return;
	}
	for_each_set_bit(i, question->asked, KCHAT_PEERS_MAX) {
		if (kchat_home_live(peers, i))
			continue;
		__clear_bit(i, question->asked);
		lost = true;
	}
	/* Who is asked is gone: somebody else is, or nobody any more. */
	if (lost && bitmap_empty(question->asked, KCHAT_PEERS_MAX) && question->registrar)
		kchat_question_decide(peers, question);
	else if (lost && bitmap_empty(question->asked, KCHAT_PEERS_MAX) && question->comes >= 0)
		question_settle(peers, question);
	else if (lost && bitmap_empty(question->asked, KCHAT_PEERS_MAX))
		kchat_question_go(peers, question);
	else if (time_after_eq(jiffies, question->again))
		kchat_question_say(peers, question);
}

bool kchat_home_tick(struct kchat_peers *peers)
{
	struct kchat_question *question, *next;

	list_for_each_entry_safe(question, next, &peers->questions, node)
		question_tick(peers, question);
	kchat_gifts_expire(peers);
	return !list_empty(&peers->questions);
}

/* ---- life ---------------------------------------------------------------------------- */

void kchat_home_init(struct kchat_peers *peers)
{
	INIT_LIST_HEAD(&peers->questions);
	kchat_gifts_init(peers);
}

static void question_forget(struct kchat_peers *peers, struct kchat_question *question, u32 index)
{
	struct kchat_waiting *waiting, *next;
	bool asked = test_bit(index, question->asked);

	__clear_bit(index, question->asked);
	list_for_each_entry_safe(waiting, next, &question->waiting, node)
		if (!waiting->conn && !waiting->file && waiting->index == index)
			kchat_waiting_free(peers, waiting);
	if (list_empty(&question->waiting))
		kchat_question_free(question);
	else if (asked && bitmap_empty(question->asked, KCHAT_PEERS_MAX))
		kchat_question_go(peers, question);
}

void kchat_home_forget(struct kchat_peers *peers, u32 index)
{
	struct kchat_question *question, *next;

	peers->list[index]->live = false;
	kchat_arrive_free(peers, peers->list[index]);
	list_for_each_entry_safe(question, next, &peers->questions, node)
		question_forget(peers, question, index);
}

void kchat_home_stop(struct kchat_peers *peers)
{
	struct kchat_question *question, *next;

	list_for_each_entry_safe(question, next, &peers->questions, node)
		kchat_question_end(peers, question, KCHAT_HOME_STOPPED);
	kchat_gifts_free(peers);
}
