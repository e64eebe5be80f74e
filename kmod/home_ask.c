// SPDX-License-Identifier: GPL-2.0-only
/* The question where the home of a room is: who waits for its answer, and who is asked. */
#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "alloc.h"
#include "dispatch.h"
#include "frame.h"
#include "home.h"
#include "home_inner.h"
#include "server.h"

/* ---- who waits is told --------------------------------------------------------- */

void kchat_home_tell(struct kchat_peers *peers, u8 kind, u32 index, u64 mark, int home)
{
	struct kchat_datagram datagram = { .kind = kind, .mark = mark,
					   .home = kchat_home_uuid(peers, home) };

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

static void tell_conn(struct kchat_peers *peers, struct kchat_waiting *waiting,
		      const struct kchat_text *name, int home)
{
	const struct kchat_hdr *hdr = (const struct kchat_hdr *)waiting->request->data;
	const struct kchat_head head = { .room = le32_to_cpu(hdr->room), .id = hdr->id };
	struct kchat_ctl *ctl;

	if (home == KCHAT_HOME_HERE) {
		ctl = waiting->request;
		waiting->request = NULL;
	} else if (home >= 0) {
		ctl = build_moved(&peers->list[home]->place, name, &head);
	} else {
		ctl = build_refusal(&head, home == KCHAT_HOME_STOPPED ? KCHAT_E_SHUTDOWN :
								  KCHAT_E_NO_ROOM);
	}
	/* Whoever waits for an answer must not wait in vain. */
	if (!ctl || !kchat_conn_post(waiting->conn, ctl))
		kchat_conn_end(waiting->conn, KCHAT_E_BUSY);
}

void kchat_waiting_free(struct kchat_peers *peers, struct kchat_waiting *waiting)
{
	list_del(&waiting->node);
	peers->nr_waiting--;
	kchat_ctl_free(waiting->request);
	if (waiting->conn)
		kchat_conn_put(waiting->conn);
	kfree(waiting);
}

static void waiting_end(struct kchat_peers *peers, struct kchat_waiting *waiting,
			const struct kchat_text *name, int home)
{
	if (waiting->conn) {
		tell_conn(peers, waiting, name, home);
	} else if (waiting->file) {
		waiting->file->home = home;
		complete(&waiting->file->done);
	} else if (home != KCHAT_HOME_STOPPED) {
		kchat_home_tell(peers, KCHAT_D_GIVE, waiting->index, waiting->mark, home);
	}
	kchat_waiting_free(peers, waiting);
}

void kchat_question_free(struct kchat_question *question)
{
	list_del(&question->node);
	kfree(question);
}

void kchat_question_end(struct kchat_peers *peers, struct kchat_question *question, int home)
{
	const struct kchat_text name = kchat_question_name(question);
	struct kchat_waiting *waiting, *next;

	list_for_each_entry_safe(waiting, next, &question->waiting, node)
		waiting_end(peers, waiting, &name, home);
	kchat_question_free(question);
}

/* ---- asking -------------------------------------------------------------------- */

void kchat_question_say(struct kchat_peers *peers, struct kchat_question *question)
{
	bool where = question->registrar || question->comes >= 0;
	struct kchat_datagram datagram = {
		.kind = where ? KCHAT_D_WHERE : KCHAT_D_CLAIM,
		.mark = question->mark,
		.flags = where || kchat_question_wants_room(question) ? 0 : KCHAT_CLAIM_EXISTING,
		.name = kchat_question_name(question),
	};
	u32 i;

	question->again = jiffies + msecs_to_jiffies(KCHAT_PEER_AGAIN_MS);
	for_each_set_bit(i, question->asked, KCHAT_PEERS_MAX)
		kchat_peer_send(peers, peers->list[i], &datagram);
}

/* Nobody has it, as far as can be known. Ends the question. */
/* A room of two is where the first of them is, who is there to be told of the other. */
static int home_of_two(struct kchat_peers *peers, const struct kchat_question *question)
{
	const struct kchat_waiting *first = list_first_entry(&question->waiting,
							     struct kchat_waiting, node);
	const struct kchat_text name = kchat_question_name(question);
	int home = first->conn || first->file ? KCHAT_HOME_HERE : first->index;

	if (home == KCHAT_HOME_HERE ? peers->drained :
	    !kchat_home_live(peers, home) ||
	    kchat_peer_state(peers->list[home]) != KCHAT_PEER_LIVE)
		return kchat_home_new(peers, &name);
	kchat_gift_add(peers, &name, kchat_home_uuid(peers, home));
	return home;
}

void kchat_question_decide(struct kchat_peers *peers, struct kchat_question *question)
{
	const struct kchat_text name = kchat_question_name(question);
	int home = KCHAT_HOME_NOWHERE;

	if (kchat_question_wants_room(question))
		home = name.data[0] == '@' ? home_of_two(peers, question) :
					     kchat_home_new(peers, &name);
	kchat_question_end(peers, question, home);
}

/* Whom to ask; the question is over when it is known already. */
void kchat_question_go(struct kchat_peers *peers, struct kchat_question *question)
{
	const struct kchat_text name = kchat_question_name(question);
	int home = kchat_home_known(peers, &name), index;
	u32 i;

	if (home != KCHAT_HOME_NOWHERE) {
		kchat_question_end(peers, question, home);
		return;
	}
	bitmap_zero(question->asked, KCHAT_PEERS_MAX);
	question->comes = kchat_arrive_find(peers, &name);
	index = question->comes >= 0 ? question->comes : kchat_home_registrar(peers, &name);
	question->registrar = index == KCHAT_HOME_HERE;
	if (!question->registrar)
		__set_bit(index, question->asked);
	/* Who asks us too: it does not have it, but says how busy it is. */
	for (i = 0; question->registrar && i < KCHAT_PEERS_MAX; i++)
		if (kchat_home_live(peers, i))
			__set_bit(i, question->asked);
	if (bitmap_empty(question->asked, KCHAT_PEERS_MAX))
		kchat_question_decide(peers, question);
	else
		kchat_question_say(peers, question);
}

struct kchat_question *kchat_question_find(struct kchat_peers *peers, const struct kchat_text *name)
{
	struct kchat_question *question;

	list_for_each_entry(question, &peers->questions, node)
		if (kchat_same_name(question->name, question->name_len, name))
			return question;
	return NULL;
}

static struct kchat_question *question_new(struct kchat_peers *peers,
					   const struct kchat_text *name, unsigned long patience)
{
	struct kchat_question *question = kchat_alloc(kzalloc(sizeof(*question), GFP_KERNEL));

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
enum kchat_error kchat_home_wait(struct kchat_peers *peers, const struct kchat_text *name,
				 struct kchat_waiting *waiting)
{
	unsigned long patience = kchat_param_jiffies(peers->kn, KCHAT_P_home_ms);
	struct kchat_question *question = kchat_question_find(peers, name);
	bool first = !question;

	/* Who asks us waits itself, and is to hear before that is over. */
	if (first)
		question = question_new(peers, name, waiting->conn || waiting->file ?
					patience : patience / 2);
	if (!question) {
		peers->nr_waiting++;
		INIT_LIST_HEAD(&waiting->node);
		kchat_waiting_free(peers, waiting);
		return KCHAT_E_BUSY;
	}
	list_add_tail(&waiting->node, &question->waiting);
	peers->nr_waiting++;
	if (first)
		kchat_question_go(peers, question);
	return KCHAT_E_NONE;
}

/* ---- JOIN ------------------------------------------------------------------------ */

static u32 waits_of(const struct kchat_peers *peers, const struct kchat_conn *conn)
{
	const struct kchat_question *question;
	const struct kchat_waiting *waiting;
	u32 count = 0;

	list_for_each_entry(question, &peers->questions, node)
		list_for_each_entry(waiting, &question->waiting, node)
			count += waiting->conn == conn;
	return count;
}

enum kchat_error kchat_home_may_wait(struct kchat_peers *peers, const struct kchat_conn *conn)
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

static struct kchat_waiting *waiting_conn(struct kchat_conn *conn, const struct kchat_request *req,
					  const struct kchat_join *join)
{
	struct kchat_waiting *waiting = kchat_alloc(kzalloc(sizeof(*waiting), GFP_KERNEL));
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
	struct kchat_waiting *waiting;
	enum kchat_error error;

	mutex_lock(&peers->lock);
	error = kchat_home_may_wait(peers, conn);
	if (error == KCHAT_E_NONE) {
		waiting = waiting_conn(conn, req, join);
		error = waiting ? kchat_home_wait(peers, &join->name, waiting) : KCHAT_E_BUSY;
	}
	mutex_unlock(&peers->lock);
	return error;
}

enum kchat_error kchat_home_ask_file(struct kchat_net *kn, const struct kchat_join *join)
{
	struct kchat_peers *peers = kn->peers;
	struct kchat_file_waiting file = {};
	struct kchat_waiting *waiting;
	enum kchat_error error;

	init_completion(&file.done);
	mutex_lock(&peers->lock);
	error = kchat_home_may_wait(peers, NULL);
	if (error == KCHAT_E_NONE) {
		waiting = kchat_alloc(kzalloc(sizeof(*waiting), GFP_KERNEL));
		error = KCHAT_E_BUSY;
		if (waiting) {
			waiting->file = &file;
			error = kchat_home_wait(peers, &join->name, waiting);
		}
	}
	mutex_unlock(&peers->lock);
	if (error != KCHAT_E_NONE)
		return error;
	/* Not for long: home_ms, or until the server stops. */
	wait_for_completion(&file.done);
	if (file.home == KCHAT_HOME_STOPPED)
		return KCHAT_E_SHUTDOWN;
	return file.home == KCHAT_HOME_HERE ? KCHAT_E_NONE : KCHAT_E_MOVED;
}
