// SPDX-License-Identifier: GPL-2.0-only
/* When the machine needs memory, rooms forget what they said first. */
#include "shrink.h"

#include "alloc.h"
#include "compat.h"
#include "room.h"
#include "server.h"

/* Protects @running. The shrinker only tries it, as it only tries all other locks. */
static DEFINE_MUTEX(running_lock);
/* Servers that run: kchat_net.running_link. */
static LIST_HEAD(running);

static struct shrinker *shrinker;

void kchat_shrink_add(struct kchat_net *kn)
{
	mutex_lock(&running_lock);
	list_add_tail(&kn->running_link, &running);
	mutex_unlock(&running_lock);
}

void kchat_shrink_del(struct kchat_net *kn)
{
	mutex_lock(&running_lock);
	list_del(&kn->running_link);
	mutex_unlock(&running_lock);
}

static unsigned long shrink_count(struct shrinker *unused, struct shrink_control *sc)
{
	return atomic64_read(&kchat_graves.bytes) / PAGE_SIZE ?: SHRINK_EMPTY;
}

/*
 * Memory is asked for in the middle of everything, by threads that hold any of
 * our locks: so nothing is waited for, and who is busy keeps what it has.
 */
static void shrink_server(struct kchat_net *kn)
{
	if (!mutex_trylock(&kn->rooms_lock))
		return;
	kchat_rooms_shrink(kn);
	mutex_unlock(&kn->rooms_lock);
}

static unsigned long shrink_scan(struct shrinker *unused, struct shrink_control *sc)
{
	u64 before = atomic64_read(&kchat_graves.bytes), after;
	struct kchat_net *kn;

	if (!mutex_trylock(&running_lock))
		return SHRINK_STOP;
	list_for_each_entry(kn, &running, running_link)
		shrink_server(kn);
	mutex_unlock(&running_lock);
	after = atomic64_read(&kchat_graves.bytes);
	return before > after ? (before - after) / PAGE_SIZE : SHRINK_STOP;
}

int kchat_shrink_init(void)
{
	shrinker = kchat_alloc(kchat_shrinker_new(shrink_count, shrink_scan));
	return shrinker ? 0 : -ENOMEM;
}

void kchat_shrink_exit(void)
{
	kchat_shrinker_free(shrinker);
}
