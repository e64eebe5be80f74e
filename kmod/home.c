// SPDX-License-Identifier: GPL-2.0-only
/*
 * A room that is not here may be elsewhere, or nowhere. Of the live servers one is
 * the registrar of a name, the same for all who see the same servers. It asks the
 * others, gives a room that nobody has to the least loaded, and remembers that until
 * it is made. Everybody else asks the registrar.
 */
#include "home.h"

#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "alloc.h"
#include "home_inner.h"
#include "server.h"
#include "sha256.h"
#include "uapi/kchat_device.h"

#define KCHAT_GIFT_MS	5000	/* a room that was given is made by then */

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

bool kchat_home_local(const struct kchat_text *name)
{
	return kchat_same_name(KCHAT_IOC_ROOM, strlen(KCHAT_IOC_ROOM), name);
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
		if (kchat_same_name(gift->name, gift->name_len, name))
			return gift;
	return NULL;
}

/* Without memory for it the next who asks is told anew. */
void kchat_gift_add(struct kchat_peers *peers, const struct kchat_text *name, const u8 *uuid)
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

void kchat_gifts_expire(struct kchat_peers *peers)
{
	struct gift *gift, *next;

	list_for_each_entry_safe(gift, next, &peers->gifts, node) {
		if (time_before(jiffies, gift->until))
			break;
		gift_free(peers, gift);
	}
}

void kchat_home_left(struct kchat_peers *peers, const struct kchat_text *name)
{
	struct gift *gift = gift_find(peers, name);

	if (gift)
		gift_free(peers, gift);
}

void kchat_gifts_init(struct kchat_peers *peers)
{
	u32 i;

	INIT_LIST_HEAD(&peers->gifts);
	for (i = 0; i < KCHAT_GIFT_BUCKETS; i++)
		INIT_HLIST_HEAD(&peers->gift_names[i]);
}

void kchat_gifts_free(struct kchat_peers *peers)
{
	struct gift *gift, *later;

	list_for_each_entry_safe(gift, later, &peers->gifts, node)
		gift_free(peers, gift);
}

/* ---- who is the registrar, and who is the home ------------------------------ */

static void rank_of(const struct kchat_text *name, const u8 *uuid, u8 rank[KCHAT_KEY_LEN])
{
	u8 both[KCHAT_ROOM_NAME_MAX + 16];

	memcpy(both, name->data, name->len);
	memcpy(both + name->len, uuid, 16);
	kchat_sha256(both, name->len + 16, rank);
}

/* Rendezvous hashing: the smallest hash of name and UUID. KCHAT_HOME_HERE: we are it. */
int kchat_home_registrar(const struct kchat_peers *peers, const struct kchat_text *name)
{
	u8 best[KCHAT_KEY_LEN], rank[KCHAT_KEY_LEN];
	int index = KCHAT_HOME_HERE;
	u32 i;

	rank_of(name, peers->kn->cfg.server_uuid, best);
	for (i = 0; i < KCHAT_PEERS_MAX; i++) {
		if (!kchat_home_live(peers, i))
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
	int index = KCHAT_HOME_HERE;
	struct kchat_load best;
	u32 i;

	kchat_load_of(peers, &best);
	for (i = 0; i < KCHAT_PEERS_MAX; i++) {
		if (!kchat_home_live(peers, i) ||
		    kchat_peer_state(peers->list[i]) != KCHAT_PEER_LIVE)
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

/* Of a UUID that another server names. KCHAT_HOME_NOWHERE: nobody we know, or can reach. */
int kchat_home_of(const struct kchat_peers *peers, const u8 *uuid)
{
	int index;

	if (!memcmp(uuid, peers->kn->cfg.server_uuid, 16))
		return KCHAT_HOME_HERE;
	index = kchat_peer_find(peers, uuid);
	return index >= 0 && kchat_home_live(peers, index) ? index : KCHAT_HOME_NOWHERE;
}

static bool move_gone(const struct kchat_peers *peers, const struct kchat_text *name)
{
	return peers->move.mark && peers->move.gone &&
	       kchat_same_name(peers->move.name, peers->move.name_len, name);
}

const u8 *kchat_home_uuid(const struct kchat_peers *peers, int home)
{
	static const u8 nowhere[16];

	if (home == KCHAT_HOME_HERE)
		return peers->kn->cfg.server_uuid;
	return home >= 0 ? peers->list[home]->place.uuid : nowhere;
}

/* What we know without asking. KCHAT_HOME_NOWHERE: nothing. */
int kchat_home_known(struct kchat_peers *peers, const struct kchat_text *name)
{
	struct gift *gift;

	if (kchat_room_exists(peers->kn, name))
		return KCHAT_HOME_HERE;
	if (move_gone(peers, name))
		return peers->move.peer;
	/* One that is given to us is about to be made. Another may be made, and gone on. */
	gift = gift_find(peers, name);
	if (gift && time_before(jiffies, gift->until) &&
	    kchat_home_of(peers, gift->uuid) == KCHAT_HOME_HERE)
		return KCHAT_HOME_HERE;
	return KCHAT_HOME_NOWHERE;
}

/* Nobody has it: to whom it was given a moment ago, else to the least busy. */
int kchat_home_new(struct kchat_peers *peers, const struct kchat_text *name)
{
	const struct gift *gift = gift_find(peers, name);
	int home;

	if (gift && time_before(jiffies, gift->until)) {
		home = kchat_home_of(peers, gift->uuid);
		if (home >= 0 && kchat_peer_state(peers->list[home]) == KCHAT_PEER_LIVE)
			return home;
	}
	home = least_busy(peers);
	kchat_gift_add(peers, name, kchat_home_uuid(peers, home));
	return home;
}
