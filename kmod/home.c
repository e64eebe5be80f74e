// SPDX-License-Identifier: GPL-2.0-only
/*
 * A room that is not here may be elsewhere, or nowhere. Of the live servers one is
 * the registrar of a name, the same for all who see the same servers. It asks the
 * others, gives a room that nobody has to the least loaded, and remembers that until
 * it is made. Everybody else asks the registrar.
 */
#include "home.h"

#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "alloc.h"
#include "dispatch.h"
#include "frame.h"
#include "server.h"
#include "sha256.h"

#define KCHAT_GIFT_MS	5000	/* a room that was given is made by then */

/* What a question comes to: the index of a peer, or one of these. */
enum {
	HOME_HERE	= -1,
	HOME_NOWHERE	= -2,
	HOME_STOPPED	= -3,
};

/**
 * struct waiting - who waits for an answer: a JOIN, a file, or another server
 * @node: in question.waiting
 * @conn: whose JOIN, referenced, else NULL
 * @request: the JOIN, which is handled once more when the room is to be here
 * @file: a file waits for this
 * @index: of the peer that asks, if neither of them is there
 * @mark: of its question
 * @existing: the room is not to be made
 */
struct waiting {
	struct list_head node;
	struct kchat_conn *conn;
	struct kchat_ctl *request;
	struct file_waiting *file;
	u32 index;
	u64 mark;
	bool existing;
};

struct file_waiting {
	struct completion done;
	int home;
};

/**
 * struct question - the home of a room is being asked for
 * @node: in kchat_peers.questions
 * @mark: of our datagrams
 * @name: of the room
 * @name_len: bytes of it
 * @registrar: we decide
 * @comes: index of the peer from which the room comes, or -1: it alone is asked
 * @asked: by index: who has not answered yet
 * @again: jiffies when they are asked again
 * @deadline: jiffies when it is decided without them
 * @waiting: struct waiting.node, at least one
 */
struct question {
	struct list_head node;
	u64 mark;
	char name[KCHAT_ROOM_NAME_MAX];
	u32 name_len;
	bool registrar;
	int comes;
	DECLARE_BITMAP(asked, KCHAT_PEERS_MAX);
	unsigned long again;
	unsigned long deadline;
	struct list_head waiting;
};

/**
 * struct gift - a home that was given a little while ago
 * @node: in kchat_peers.gifts
 * @by_name: in kchat_peers.gift_names
 * @until: jiffies
 * @uuid: of the home
 * @name: of the room
 * @name_len: bytes of it
 */
struct gift {
	struct list_head node;
	struct hlist_node by_name;
	unsigned long until;
	u8 uuid[16];
	char name[KCHAT_ROOM_NAME_MAX];
	u32 name_len;
};

static bool same_name(const char *name, u32 len, const struct kchat_text *other)
{
	return len == other->len && !memcmp(name, other->data, len);
}

bool kchat_home_local(const struct kchat_text *name)
{
	return same_name(KCHAT_IOC_ROOM, strlen(KCHAT_IOC_ROOM), name);
}

static struct kchat_text question_name(const struct question *question)
{
	return (struct kchat_text){ question->name, question->name_len };
}

/* ---- gifts ----------------------------------------------------------------- */

static struct hlist_head *gift_bucket(struct kchat_peers *peers, const struct kchat_text *name)
{
	return &peers->gift_names[jhash(name->data, name->len, 0) % KCHAT_GIFT_BUCKETS];
}

static void gift_free(struct kchat_peers *peers, struct gift *gift)
{
	list_del(&gift->node);
	hlist_del(&gift->by_name);
	peers->nr_gifts--;
	kfree(gift);
}

static struct gift *gift_find(struct kchat_peers *peers, const struct kchat_text *name)
{
	struct gift *gift;

	hlist_for_each_entry(gift, gift_bucket(peers, name), by_name)
		if (same_name(gift->name, gift->name_len, name))
			return gift;
	return NULL;
}

/* Without memory for it the next who asks is told anew. */
static void gift_add(struct kchat_peers *peers, const struct kchat_text *name, const u8 *uuid)
{
	struct gift *gift = gift_find(peers, name);

	if (gift)
		gift_free(peers, gift);
	if (peers->nr_gifts == KCHAT_GIFTS)
		gift_free(peers, list_first_entry(&peers->gifts, struct gift, node));
	gift = kchat_alloc(kzalloc(sizeof(*gift), GFP_KERNEL));
	if (!gift)
		return;
	gift->until = jiffies + msecs_to_jiffies(KCHAT_GIFT_MS);
	memcpy(gift->uuid, uuid, sizeof(gift->uuid));
	memcpy(gift->name, name->data, name->len);
	gift->name_len = name->len;
	list_add_tail(&gift->node, &peers->gifts);
	hlist_add_head(&gift->by_name, gift_bucket(peers, name));
	peers->nr_gifts++;
}

static void gifts_expire(struct kchat_peers *peers)
{
	struct gift *gift, *next;

	list_for_each_entry_safe(gift, next, &peers->gifts, node) {
		if (time_before(jiffies, gift->until))
			break;
		gift_free(peers, gift);
	}
}

/* ---- who is the registrar, and who is the home ------------------------------ */

static bool live(const struct kchat_peers *peers, u32 index)
{
	return index < KCHAT_PEERS_MAX && peers->list[index] && peers->list[index]->live;
}

static void rank_of(const struct kchat_text *name, const u8 *uuid, u8 rank[KCHAT_KEY_LEN])
{
	u8 both[KCHAT_ROOM_NAME_MAX + 16];

	memcpy(both, name->data, name->len);
	memcpy(both + name->len, uuid, 16);
	kchat_sha256(both, name->len + 16, rank);
}

/* Rendezvous hashing: the smallest hash of name and UUID. HOME_HERE: we are it. */
static int registrar_of(const struct kchat_peers *peers, const struct kchat_text *name)
{
	u8 best[KCHAT_KEY_LEN], rank[KCHAT_KEY_LEN];
	int index = HOME_HERE;
	u32 i;

	rank_of(name, peers->kn->cfg.server_uuid, best);
	for (i = 0; i < KCHAT_PEERS_MAX; i++) {
		if (!live(peers, i))
			continue;
		rank_of(name, peers->list[i]->place.uuid, rank);
		if (memcmp(rank, best, sizeof(best)) >= 0)
			continue;
		memcpy(best, rank, sizeof(best));
		index = i;
	}
	return index;
}

static bool less_busy(const struct kchat_load *a, const struct kchat_load *b)
{
	if (a->load != b->load)
		return a->load < b->load;
	if (a->rooms != b->rooms)
		return a->rooms < b->rooms;
	return a->people < b->people;
}

/* Nobody makes rooms who is drained; but where all are, one is made all the same. */
static int least_busy(struct kchat_peers *peers)
{
	int index = HOME_HERE;
	struct kchat_load best;
	u32 i;

	kchat_load_of(peers, &best);
	for (i = 0; i < KCHAT_PEERS_MAX; i++) {
		if (!live(peers, i) || kchat_peer_state(peers->list[i]) != KCHAT_PEER_LIVE)
			continue;
		if (!(best.flags & KCHAT_LOAD_DRAINED) &&
		    !less_busy(&peers->list[i]->load, &best))
			continue;
		best = peers->list[i]->load;
		index = i;
	}
	/* Until it says so itself. */
	if (index >= 0)
		peers->list[index]->load.rooms++;
	return index;
}

/* Of a UUID that another server names. HOME_NOWHERE: nobody we know, or can reach. */
static int home_of(const struct kchat_peers *peers, const u8 *uuid)
{
	int index;

	if (!memcmp(uuid, peers->kn->cfg.server_uuid, 16))
		return HOME_HERE;
	index = kchat_peer_find(peers, uuid);
	return index >= 0 && live(peers, index) ? index : HOME_NOWHERE;
}

static bool move_gone(const struct kchat_peers *peers, const struct kchat_text *name)
{
	return peers->move.mark && peers->move.gone &&
	       same_name(peers->move.name, peers->move.name_len, name);
}

static const u8 *uuid_of(const struct kchat_peers *peers, int home)
{
	static const u8 nowhere[16];

	if (home == HOME_HERE)
		return peers->kn->cfg.server_uuid;
	return home >= 0 ? peers->list[home]->place.uuid : nowhere;
}

/* What we know without asking. HOME_NOWHERE: nothing. */
static int home_known(struct kchat_peers *peers, const struct kchat_text *name)
{
	struct gift *gift;

	if (kchat_room_exists(peers->kn, name))
		return HOME_HERE;
	if (move_gone(peers, name))
		return peers->move.peer;
	/* One that is given to us is about to be made. Another may be made, and gone on. */
	gift = gift_find(peers, name);
	if (gift && time_before(jiffies, gift->until) &&
	    home_of(peers, gift->uuid) == HOME_HERE)
		return HOME_HERE;
	return HOME_NOWHERE;
}

/* Nobody has it: to whom it was given a moment ago, else to the least busy. */
static int home_new(struct kchat_peers *peers, const struct kchat_text *name)
{
	const struct gift *gift = gift_find(peers, name);
	int home;

	if (gift && time_before(jiffies, gift->until)) {
		home = home_of(peers, gift->uuid);
		if (home >= 0 && kchat_peer_state(peers->list[home]) == KCHAT_PEER_LIVE)
			return home;
	}
	home = least_busy(peers);
	gift_add(peers, name, uuid_of(peers, home));
	return home;
}

/* ---- who waits is told --------------------------------------------------------- */

static void tell_peer(struct kchat_peers *peers, u8 kind, u32 index, u64 mark, int home)
{
	struct kchat_datagram datagram = { .kind = kind, .mark = mark,
					   .home = uuid_of(peers, home) };

	kchat_load_of(peers, &datagram.load);
	kchat_peer_send(peers, peers->list[index], &datagram);
}

static struct kchat_ctl *build_moved(const struct kchat_place *place, const struct kchat_text *name,
				     const struct kchat_head *head)
{
	struct kchat_ctl *ctl = kchat_ctl_alloc(KCHAT_HDR_LEN + KCHAT_MOVED_BODY, GFP_KERNEL);
	const struct kchat_moved moved = {
		.server_uuid = place->uuid,
		.port = place->port,
		.host = { place->host, place->host_len },
		.room = *name,
	};

	if (ctl)
		ctl->len = kchat_frame_build_moved(ctl->data, ctl->size, head, &moved);
	return ctl;
}

static struct kchat_ctl *build_refusal(const struct kchat_head *head, enum kchat_error error)
{
	struct kchat_ctl *ctl = kchat_ctl_alloc(KCHAT_HDR_LEN + 80, GFP_KERNEL);

	if (ctl)
		ctl->len = kchat_frame_build_error(ctl->data, ctl->size, head, error, KCHAT_T_JOIN,
						   0);
	return ctl;
}

static void tell_conn(struct kchat_peers *peers, struct waiting *waiting,
		      const struct kchat_text *name, int home)
{
	const struct kchat_hdr *hdr = (const struct kchat_hdr *)waiting->request->data;
	const struct kchat_head head = { .room = le32_to_cpu(hdr->room), .id = hdr->id };
	struct kchat_ctl *ctl;

	if (home == HOME_HERE) {
		ctl = waiting->request;
		waiting->request = NULL;
	} else if (home >= 0) {
		ctl = build_moved(&peers->list[home]->place, name, &head);
	} else {
		ctl = build_refusal(&head, home == HOME_STOPPED ? KCHAT_E_SHUTDOWN :
								  KCHAT_E_NO_ROOM);
	}
	/* Whoever waits for an answer must not wait in vain. */
	if (!ctl || !kchat_conn_post(waiting->conn, ctl))
		kchat_conn_end(waiting->conn, KCHAT_E_BUSY);
}

static void waiting_free(struct kchat_peers *peers, struct waiting *waiting)
{
	list_del(&waiting->node);
	peers->nr_waiting--;
	kchat_ctl_free(waiting->request);
	if (waiting->conn)
		kchat_conn_put(waiting->conn);
	kfree(waiting);
}

static void waiting_end(struct kchat_peers *peers, struct waiting *waiting,
			const struct kchat_text *name, int home)
{
	if (waiting->conn) {
		tell_conn(peers, waiting, name, home);
	} else if (waiting->file) {
		waiting->file->home = home;
		complete(&waiting->file->done);
	} else if (home != HOME_STOPPED) {
		tell_peer(peers, KCHAT_D_GIVE, waiting->index, waiting->mark, home);
	}
	waiting_free(peers, waiting);
}

static void question_free(struct question *question)
{
	list_del(&question->node);
	kfree(question);
}

static void question_end(struct kchat_peers *peers, struct question *question, int home)
{
	const struct kchat_text name = question_name(question);
	struct waiting *waiting, *next;

	list_for_each_entry_safe(waiting, next, &question->waiting, node)
		waiting_end(peers, waiting, &name, home);
	question_free(question);
}

/* ---- asking -------------------------------------------------------------------- */

static bool wants_room(const struct question *question)
{
	const struct waiting *waiting;

	list_for_each_entry(waiting, &question->waiting, node)
		if (!waiting->existing)
			return true;
	return false;
}

static void question_say(struct kchat_peers *peers, struct question *question)
{
	bool where = question->registrar || question->comes >= 0;
	struct kchat_datagram datagram = {
		.kind = where ? KCHAT_D_WHERE : KCHAT_D_CLAIM,
		.mark = question->mark,
		.flags = where || wants_room(question) ? 0 : KCHAT_CLAIM_EXISTING,
		.name = question_name(question),
	};
	u32 i;

	question->again = jiffies + msecs_to_jiffies(KCHAT_PEER_AGAIN_MS);
	for_each_set_bit(i, question->asked, KCHAT_PEERS_MAX)
		kchat_peer_send(peers, peers->list[i], &datagram);
}

/* Nobody has it, as far as can be known. Ends the question. */
static void question_decide(struct kchat_peers *peers, struct question *question)
{
	const struct kchat_text name = question_name(question);
	int home = HOME_NOWHERE;

	if (wants_room(question))
		home = home_new(peers, &name);
	question_end(peers, question, home);
}

/* Whom to ask; the question is over when it is known already. */
static void question_go(struct kchat_peers *peers, struct question *question)
{
	const struct kchat_text name = question_name(question);
	int home = home_known(peers, &name), index;
	u32 i;

	if (home != HOME_NOWHERE) {
		question_end(peers, question, home);
		return;
	}
	bitmap_zero(question->asked, KCHAT_PEERS_MAX);
	question->comes = kchat_arrive_find(peers, &name);
	index = question->comes >= 0 ? question->comes : registrar_of(peers, &name);
	question->registrar = index == HOME_HERE;
	if (!question->registrar)
		__set_bit(index, question->asked);
	/* Who asks us too: it does not have it, but says how busy it is. */
	for (i = 0; question->registrar && i < KCHAT_PEERS_MAX; i++)
		if (live(peers, i))
			__set_bit(i, question->asked);
	if (bitmap_empty(question->asked, KCHAT_PEERS_MAX))
		question_decide(peers, question);
	else
		question_say(peers, question);
}

static struct question *question_find(struct kchat_peers *peers, const struct kchat_text *name)
{
	struct question *question;

	list_for_each_entry(question, &peers->questions, node)
		if (same_name(question->name, question->name_len, name))
			return question;
	return NULL;
}

static struct question *question_new(struct kchat_peers *peers, const struct kchat_text *name,
				     unsigned long patience)
{
	struct question *question = kchat_alloc(kzalloc(sizeof(*question), GFP_KERNEL));

	if (!question)
		return NULL;
	question->mark = ++peers->mark;
	memcpy(question->name, name->data, name->len);
	question->name_len = name->len;
	question->deadline = jiffies + patience;
	INIT_LIST_HEAD(&question->waiting);
	list_add_tail(&question->node, &peers->questions);
	kchat_peers_kick(peers);
	return question;
}

/* Takes over @waiting in every case. */
static enum kchat_error wait_for(struct kchat_peers *peers, const struct kchat_text *name,
				 struct waiting *waiting)
{
	unsigned long patience = kchat_param_jiffies(peers->kn, KCHAT_P_home_ms);
	struct question *question = question_find(peers, name);
	bool first = !question;

	/* Who asks us waits itself, and is to hear before that is over. */
	if (first)
		question = question_new(peers, name, waiting->conn || waiting->file ?
					patience : patience / 2);
	if (!question) {
		peers->nr_waiting++;
		INIT_LIST_HEAD(&waiting->node);
		waiting_free(peers, waiting);
		return KCHAT_E_BUSY;
	}
	list_add_tail(&waiting->node, &question->waiting);
	peers->nr_waiting++;
	if (first)
		question_go(peers, question);
	return KCHAT_E_NONE;
}

/* ---- JOIN ------------------------------------------------------------------------ */

static u32 waits_of(const struct kchat_peers *peers, const struct kchat_conn *conn)
{
	const struct question *question;
	const struct waiting *waiting;
	u32 count = 0;

	list_for_each_entry(question, &peers->questions, node)
		list_for_each_entry(waiting, &question->waiting, node)
			count += waiting->conn == conn;
	return count;
}

static enum kchat_error may_wait(struct kchat_peers *peers, const struct kchat_conn *conn)
{
	struct kchat_net *kn = peers->kn;

	if (!peers->open)
		return KCHAT_E_SHUTDOWN;
	if (conn && conn->nr_members + waits_of(peers, conn) >=
		    kchat_param(kn, KCHAT_P_rooms_per_connection)) {
		kchat_event_limit(kn, KCHAT_P_rooms_per_connection);
		return KCHAT_E_ROOMS;
	}
	if (peers->nr_waiting < kchat_param(kn, KCHAT_P_joins))
		return KCHAT_E_NONE;
	kchat_event_limit(kn, KCHAT_P_joins);
	return KCHAT_E_BUSY;
}

static struct waiting *waiting_conn(struct kchat_conn *conn, const struct kchat_request *req,
				    const struct kchat_join *join)
{
	struct waiting *waiting = kchat_alloc(kzalloc(sizeof(*waiting), GFP_KERNEL));
	struct kchat_ctl *ctl = kchat_ctl_alloc(KCHAT_HDR_LEN + req->len, GFP_KERNEL);

	if (!waiting || !ctl) {
		kfree(waiting);
		kchat_ctl_free(ctl);
		return NULL;
	}
	ctl->request = true;
	ctl->len = KCHAT_HDR_LEN + req->len;
	memcpy(ctl->data, req->hdr, KCHAT_HDR_LEN);
	memcpy(ctl->data + KCHAT_HDR_LEN, req->body, req->len);
	waiting->request = ctl;
	waiting->conn = kchat_conn_hold(conn);
	waiting->existing = join->flags & KCHAT_JOIN_EXISTING;
	return waiting;
}

enum kchat_error kchat_home_ask(struct kchat_conn *conn, const struct kchat_request *req,
				const struct kchat_join *join)
{
	struct kchat_peers *peers = conn->kn->peers;
	struct waiting *waiting;
	enum kchat_error error;

	mutex_lock(&peers->lock);
	error = may_wait(peers, conn);
	if (error == KCHAT_E_NONE) {
		waiting = waiting_conn(conn, req, join);
		error = waiting ? wait_for(peers, &join->name, waiting) : KCHAT_E_BUSY;
	}
	mutex_unlock(&peers->lock);
	return error;
}

enum kchat_error kchat_home_ask_file(struct kchat_net *kn, const struct kchat_join *join)
{
	struct kchat_peers *peers = kn->peers;
	struct file_waiting file = {};
	struct waiting *waiting;
	enum kchat_error error;

	init_completion(&file.done);
	mutex_lock(&peers->lock);
	error = may_wait(peers, NULL);
	if (error == KCHAT_E_NONE) {
		waiting = kchat_alloc(kzalloc(sizeof(*waiting), GFP_KERNEL));
		error = KCHAT_E_BUSY;
		if (waiting) {
			waiting->file = &file;
			error = wait_for(peers, &join->name, waiting);
		}
	}
	mutex_unlock(&peers->lock);
	if (error != KCHAT_E_NONE)
		return error;
	/* Not for long: home_ms, or until the server stops. */
	wait_for_completion(&file.done);
	if (file.home == HOME_STOPPED)
		return KCHAT_E_SHUTDOWN;
	return file.home == HOME_HERE ? KCHAT_E_NONE : KCHAT_E_MOVED;
}

/* ---- from other servers ------------------------------------------------------------ */

void kchat_home_where(struct kchat_peers *peers, u32 index, const struct kchat_datagram *datagram)
{
	tell_peer(peers, KCHAT_D_HERE, index, datagram->mark,
		  home_known(peers, &datagram->name));
}

static struct question *question_asked(struct kchat_peers *peers, u32 index, u64 mark)
{
	struct question *question;

	list_for_each_entry(question, &peers->questions, node)
		if (question->mark == mark)
			return test_bit(index, question->asked) ? question : NULL;
	return NULL;
}

/* The room that was to come is ours now, or has been given up: then there is none. */
static void question_settle(struct kchat_peers *peers, struct question *question)
{
	const struct kchat_text name = question_name(question);
	int index = kchat_arrive_find(peers, &name);

	if (index >= 0)
		kchat_arrive_settle(peers, peers->list[index]);
	else
		question_go(peers, question);
}

/* Of the peer from which the room comes: it has it still, or not any more. */
static void here_of_arrival(struct kchat_peers *peers, struct question *question, int home)
{
	/* It comes in this moment, or asked again. */
	if (home == question->comes)
		return;
	if (home >= 0)
		question_end(peers, question, home);
	else
		question_settle(peers, question);
}

void kchat_home_here(struct kchat_peers *peers, u32 index, const struct kchat_datagram *datagram)
{
	struct question *question = question_asked(peers, index, datagram->mark);
	int home;

	if (!question)
		return;
	home = home_of(peers, datagram->home);
	if (question->comes >= 0) {
		here_of_arrival(peers, question, home);
		return;
	}
	if (!question->registrar)
		return;
	if (home != HOME_NOWHERE) {
		question_end(peers, question, home);
		return;
	}
	__clear_bit(index, question->asked);
	if (bitmap_empty(question->asked, KCHAT_PEERS_MAX))
		question_decide(peers, question);
}

void kchat_home_claim(struct kchat_peers *peers, u32 index, const struct kchat_datagram *datagram)
{
	struct question *question = question_find(peers, &datagram->name);
	int home = home_known(peers, &datagram->name);
	struct waiting *waiting;

	if (home != HOME_NOWHERE) {
		tell_peer(peers, KCHAT_D_GIVE, index, datagram->mark, home);
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
	if (may_wait(peers, NULL) != KCHAT_E_NONE)
		return;
	waiting = kchat_alloc(kzalloc(sizeof(*waiting), GFP_KERNEL));
	if (!waiting)
		return;
	waiting->index = index;
	waiting->mark = datagram->mark;
	waiting->existing = datagram->flags & KCHAT_CLAIM_EXISTING;
	wait_for(peers, &datagram->name, waiting);
}

void kchat_home_give(struct kchat_peers *peers, u32 index, const struct kchat_datagram *datagram)
{
	struct question *question = question_asked(peers, index, datagram->mark);
	struct kchat_text name;
	int home;

	if (!question || question->registrar || question->comes >= 0)
		return;
	home = home_of(peers, datagram->home);
	if (home == HOME_NOWHERE && memchr_inv(datagram->home, 0, 16))
		return; /* somebody we do not know */
	if (home == HOME_NOWHERE && wants_room(question)) {
		/* Somebody came since who wants it made. */
		question_say(peers, question);
		return;
	}
	name = question_name(question);
	if (home == HOME_HERE)
		gift_add(peers, &name, peers->kn->cfg.server_uuid);
	question_end(peers, question, home);
}

void kchat_home_left(struct kchat_peers *peers, const struct kchat_text *name)
{
	struct gift *gift = gift_find(peers, name);

	if (gift)
		gift_free(peers, gift);
}

void kchat_home_came(struct kchat_peers *peers, const struct kchat_text *name)
{
	struct question *question = question_find(peers, name);

	if (question)
		question_end(peers, question, HOME_HERE);
}

/* ---- time ---------------------------------------------------------------------------- */

/* Its deadline is over: what can be known is known. */
static void question_late(struct kchat_peers *peers, struct question *question)
{
	if (question->comes >= 0) {
		/* It should have come long ago: where it was heard last it is. */
		if (live(peers, question->comes))
			question_end(peers, question, question->comes);
		else
			question_settle(peers, question);
	} else if (question->registrar) {
		question_decide(peers, question);
	} else {
		question_end(peers, question, wants_room(question) ? HOME_HERE : HOME_NOWHERE);
	}
}

static void question_tick(struct kchat_peers *peers, struct question *question)
{
	bool lost = false;
	u32 i;

	if (time_after_eq(jiffies, question->deadline)) {
		question_late(peers, question);
		return;
	}
	for_each_set_bit(i, question->asked, KCHAT_PEERS_MAX) {
		if (live(peers, i))
			continue;
		__clear_bit(i, question->asked);
		lost = true;
	}
	/* Who is asked is gone: somebody else is, or nobody any more. */
	if (lost && bitmap_empty(question->asked, KCHAT_PEERS_MAX) && question->registrar)
		question_decide(peers, question);
	else if (lost && bitmap_empty(question->asked, KCHAT_PEERS_MAX) && question->comes >= 0)
		question_settle(peers, question);
	else if (lost && bitmap_empty(question->asked, KCHAT_PEERS_MAX))
		question_go(peers, question);
	else if (time_after_eq(jiffies, question->again))
		question_say(peers, question);
}

bool kchat_home_tick(struct kchat_peers *peers)
{
	struct question *question, *next;

	list_for_each_entry_safe(question, next, &peers->questions, node)
		question_tick(peers, question);
	gifts_expire(peers);
	return !list_empty(&peers->questions);
}

/* ---- life ---------------------------------------------------------------------------- */

void kchat_home_init(struct kchat_peers *peers)
{
	u32 i;

	INIT_LIST_HEAD(&peers->questions);
	INIT_LIST_HEAD(&peers->gifts);
	for (i = 0; i < KCHAT_GIFT_BUCKETS; i++)
		INIT_HLIST_HEAD(&peers->gift_names[i]);
}

static void question_forget(struct kchat_peers *peers, struct question *question, u32 index)
{
	struct waiting *waiting, *next;
	bool asked = test_bit(index, question->asked);

	__clear_bit(index, question->asked);
	list_for_each_entry_safe(waiting, next, &question->waiting, node)
		if (!waiting->conn && !waiting->file && waiting->index == index)
			waiting_free(peers, waiting);
	if (list_empty(&question->waiting))
		question_free(question);
	else if (asked && bitmap_empty(question->asked, KCHAT_PEERS_MAX))
		question_go(peers, question);
}

void kchat_home_forget(struct kchat_peers *peers, u32 index)
{
	struct question *question, *next;

	peers->list[index]->live = false;
	kchat_arrive_free(peers, peers->list[index]);
	list_for_each_entry_safe(question, next, &peers->questions, node)
		question_forget(peers, question, index);
}

void kchat_home_stop(struct kchat_peers *peers)
{
	struct question *question, *next;
	struct gift *gift, *later;

	list_for_each_entry_safe(question, next, &peers->questions, node)
		question_end(peers, question, HOME_STOPPED);
	list_for_each_entry_safe(gift, later, &peers->gifts, node)
		gift_free(peers, gift);
}
