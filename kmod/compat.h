/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that differs between kernels. Kbuild asks the headers and defines
 * KCHAT_HAVE_*; no other file of the module has an #ifdef for a kernel.
 */
#ifndef _KCHAT_COMPAT_H
#define _KCHAT_COMPAT_H

/* crypto_memneq() is in a header of its own since 5.19, which this one includes. */
#include <crypto/algapi.h>

/* Split from crypto/sha.h in 5.11. */
#ifdef KCHAT_HAVE_SHA2_H
#include <crypto/sha2.h>
#else
#include <crypto/sha.h>
#endif

/* The state of the library's SHA-256 got a type of its own in 6.17. */
#ifdef KCHAT_HAVE_SHA256_CTX
#define kchat_sha256_ctx sha256_ctx
#else
#define kchat_sha256_ctx sha256_state
#endif

/* Moved in 6.12. */
#ifdef KCHAT_HAVE_LINUX_UNALIGNED
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/*
 * TCP takes page references from a caller since 6.5. The version and not the
 * name: 6.1.192 has the flag, and its TCP ignores it.
 */
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#define KCHAT_MSG_PAGES	MSG_SPLICE_PAGES
#else
#define KCHAT_MSG_PAGES	0
#endif

/* A shrinker is allocated since 6.7; before it is registered where it lies. */
#include <linux/shrinker.h>
#include <linux/slab.h>
static inline struct shrinker *kchat_shrinker_new(unsigned long (*count)(struct shrinker *,
									 struct shrink_control *),
						  unsigned long (*scan)(struct shrinker *,
									struct shrink_control *))
{
	struct shrinker *shrinker;
#ifdef KCHAT_HAVE_SHRINKER_ALLOC
	shrinker = shrinker_alloc(0, "kchat");
	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker_register(shrinker);
#else
	shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);
	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->seeks = DEFAULT_SEEKS;
	if (register_shrinker(shrinker, "kchat")) {
		kfree(shrinker);
		return NULL;
	}
#endif
	return shrinker;
}

static inline void kchat_shrinker_free(struct shrinker *shrinker)
{
#ifdef KCHAT_HAVE_SHRINKER_ALLOC
	shrinker_free(shrinker);
#else
	unregister_shrinker(shrinker);
	kfree(shrinker);
#endif
}

/* A tunnel is set up on the socket's inner half since 7.2. */
#include <net/udp_tunnel.h>
static inline void kchat_udp_tunnel_setup(struct net *net, struct socket *sock,
					  struct udp_tunnel_sock_cfg *cfg)
{
#ifdef KCHAT_HAVE_UDP_TUNNEL_SK
	setup_udp_tunnel_sock(net, sock->sk, cfg);
#else
	setup_udp_tunnel_sock(net, sock, cfg);
#endif
}

/*
 * A multicast group can be for CAP_NET_ADMIN alone since 6.7, and in later ones
 * of the stable kernels. Where it cannot there is none: it would tell every
 * user of the machine who talks to whom.
 */
#ifdef KCHAT_HAVE_MCAST_CAP
#define KCHAT_MCAST_GROUPS	1
#define KCHAT_MCAST_FLAGS	.flags = GENL_MCAST_CAP_NET_ADMIN,
#else
#define KCHAT_MCAST_GROUPS	0
#define KCHAT_MCAST_FLAGS
#endif
#define kchat_has_listeners(family, net)	\
	(KCHAT_MCAST_GROUPS && genl_has_listeners(family, net, 0))

/* The attributes of the request of a dump; what is told of them changed its place in 6.6. */
#ifdef KCHAT_HAVE_GENL_INFO_DUMP
#define kchat_dump_attrs(cb)	(genl_info_dump(cb)->attrs)
#else
#define kchat_dump_attrs(cb)	(genl_dumpit_info(cb)->attrs)
#endif

/* An acknowledgment can name an attribute that is missing since 6.1. */
#ifdef KCHAT_HAVE_ATTR_CHECK
#define kchat_attr_missing(info, attr)	GENL_REQ_ATTR_CHECK(info, attr)
#else
#define kchat_attr_missing(info, attr)	(!(info)->attrs[attr])
#endif

#endif /* _KCHAT_COMPAT_H */
