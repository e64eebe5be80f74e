// SPDX-License-Identifier: GPL-2.0-only
/* Frames for one connection alone: posts from other threads, replies from its own. */
#include "alloc.h"
#include "conn.h"

#include <linux/slab.h>

#include "server.h"
#include "stats.h"

struct kchat_ctl *kchat_ctl_alloc(u32 size, gfp_t gfp)
{
	struct kchat_ctl *ctl = kchat_alloc(kmalloc(sizeof(*ctl) + size, gfp));

	if (!ctl)
		return NULL;
	ctl->request = false;
	ctl->reoffer = false;
	ctl->len = 0;
	ctl->size = size;
	atomic64_add(sizeof(*ctl) + size, &kchat_graves.bytes);
	return ctl;
}

void kchat_ctl_free(struct kchat_ctl *ctl)
{
	if (!ctl)
		return;
	atomic64_sub(sizeof(*ctl) + ctl->size, &kchat_graves.bytes);
	kfree(ctl);
}

bool kchat_conn_post(struct kchat_conn *conn, struct kchat_ctl *ctl)
{
	u64 cap = kchat_param(conn->kn, KCHAT_P_control_bytes);

	/* What one asks for oneself is bounded by not being heard; this is not. */
	if (test_bit(KCHAT_CONN_END, &conn->flags) || !kchat_net_memory(conn->kn, 0))
		goto refused;
	if (atomic_add_return(ctl->len, &conn->post_bytes) > cap) {
		atomic_sub(ctl->len, &conn->post_bytes);
		goto refused;
	}
	llist_add(&ctl->post, &conn->post);
	kchat_conn_kick(conn);
	return true;

refused:
	kchat_ctl_free(ctl);
	return false;
}

void kchat_conn_drop_posts(struct kchat_conn *conn)
{
	struct kchat_ctl *ctl, *next;

	llist_for_each_entry_safe(ctl, next, llist_del_all(&conn->post), post)
		kchat_ctl_free(ctl);
}

void kchat_conn_take_posts(struct kchat_conn *conn)
{
	struct llist_node *list;
	struct kchat_ctl *ctl, *next;
	u32 bytes = 0;

	if (llist_empty(&conn->post))
		return;
	list = llist_reverse_order(llist_del_all(&conn->post));
	llist_for_each_entry_safe(ctl, next, list, post) {
		bytes += ctl->len;
		if (conn->phase == KCHAT_PHASE_LIVE && !ctl->request) {
			kchat_conn_reply(conn, ctl);
			continue;
		}
		if (conn->phase == KCHAT_PHASE_LIVE)
			kchat_dispatch_request(conn, ctl);
		kchat_ctl_free(ctl);
	}
	atomic_sub(bytes, &conn->post_bytes);
	if (conn->ctl_bytes > 2 * kchat_param(conn->kn, KCHAT_P_control_bytes))
		kchat_conn_close(conn, KCHAT_E_SLOW, 0, NULL);
}

/* ---- replies ----------------------------------------------------------- */

void kchat_conn_reply(struct kchat_conn *conn, struct kchat_ctl *ctl)
{
	list_add_tail(&ctl->node, &conn->ctl);
	conn->ctl_bytes += ctl->len;
}

/* No memory for an answer: the connection cannot go on without it. */
static struct kchat_ctl *reply_alloc(struct kchat_conn *conn, u32 body)
{
	struct kchat_ctl *ctl = kchat_ctl_alloc(KCHAT_HDR_LEN + body, GFP_KERNEL);

	if (!ctl)
		set_bit(KCHAT_CONN_BROKEN, &conn->flags);
	return ctl;
}

struct kchat_ctl *kchat_conn_answer(struct kchat_conn *conn, const struct kchat_hdr *hdr, u32 body,
				    struct kchat_head *head)
{
	*head = (struct kchat_head){ .room = le32_to_cpu(hdr->room), .id = hdr->id };
	return reply_alloc(conn, body);
}

void kchat_conn_reply_error(struct kchat_conn *conn, const struct kchat_hdr *hdr,
			    enum kchat_error error, u32 wait_ms)
{
	struct kchat_head head;
	struct kchat_ctl *ctl = kchat_conn_answer(conn, hdr, 80, &head);

	kchat_stat_inc(conn->kn, KCHAT_C_ERRORS);
	if (!ctl)
		return;
	ctl->len = kchat_frame_build_error(ctl->data, ctl->size, &head, error,
					   le16_to_cpu(hdr->type), wait_ms);
	kchat_conn_reply(conn, ctl);
}

void kchat_conn_reply_frame(struct kchat_conn *conn, const struct kchat_hdr *hdr, u16 type,
			    const void *body, u32 len)
{
	struct kchat_head head;
	struct kchat_ctl *ctl = kchat_conn_answer(conn, hdr, len, &head);

	if (!ctl)
		return;
	ctl->len = kchat_frame_build(ctl->data, ctl->size, type, &head, body, len);
	kchat_conn_reply(conn, ctl);
}

void kchat_conn_reply_ok(struct kchat_conn *conn, const struct kchat_hdr *hdr)
{
	kchat_conn_reply_frame(conn, hdr, KCHAT_T_OK, NULL, 0);
}

void kchat_conn_reply_counts(struct kchat_conn *conn)
{
	struct kchat_ctl *last;

	/* Without memory for the reply the connection is at its end. */
	if (test_bit(KCHAT_CONN_BROKEN, &conn->flags) || list_empty(&conn->ctl))
		return;
	last = list_last_entry(&conn->ctl, struct kchat_ctl, node);
	last->reoffer = true;
	conn->reoffers++;
}
