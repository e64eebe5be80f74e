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

/* Whoever sends pages can put them into the packets itself, in this form, since 6.11. */
#ifdef KCHAT_HAVE_FRAGS
struct msghdr;
void kchat_msg_frags(struct msghdr *msg);
#else
#define kchat_msg_frags(msg)	((msg)->msg_flags |= KCHAT_MSG_PAGES)
#endif

/* A shrinker is allocated since 6.7; before it lies where we say, and has a name since 6.0. */
#include <linux/shrinker.h>
#include <linux/slab.h>
#ifdef KCHAT_HAVE_SHRINKER_NAME
#define kchat_register_shrinker(shrinker)	register_shrinker(shrinker, "kchat")
#else
#define kchat_register_shrinker(shrinker)	register_shrinker(shrinker)
#endif
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
	if (kchat_register_shrinker(shrinker)) {
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

static inline void kchat_udp_tunnel_release(struct socket *sock)
{
#ifdef KCHAT_HAVE_UDP_TUNNEL_SK
	udp_tunnel_sock_release(sock->sk);
#else
	udp_tunnel_sock_release(sock);
#endif
}

/*
 * A multicast group can be for CAP_NET_ADMIN alone since 6.7, and in later ones of
 * some stable kernels. Elsewhere anybody can join it, and hears nothing without
 * that: it would tell every user of the machine who talks to whom.
 */
#ifdef KCHAT_HAVE_MCAST_CAP
#define KCHAT_MCAST_FLAGS	.flags = GENL_MCAST_CAP_NET_ADMIN,
#define kchat_genl_tell(family, net, skb)	\
	genlmsg_multicast_netns(family, net, skb, 0, 0, GFP_ATOMIC)
#else
#include <linux/capability.h>
#include <linux/netlink.h>
#include <net/genetlink.h>
#define KCHAT_MCAST_FLAGS

/* Its file is there: a socket leaves the group before it lets go of that. */
static inline int kchat_must_not_hear(struct sock *sk, struct sk_buff *skb, void *net)
{
	const struct socket *sock = sk->sk_socket;

	return !sock || !sock->file ||
	       !file_ns_capable(sock->file, ((struct net *)net)->user_ns, CAP_NET_ADMIN);
}

static inline void kchat_genl_tell(const struct genl_family *family, struct net *net,
				   struct sk_buff *skb)
{
	NETLINK_CB(skb).dst_group = family->mcgrp_offset;
	netlink_broadcast_filtered(net->genl_sock, skb, 0, family->mcgrp_offset, GFP_ATOMIC,
				   kchat_must_not_hear, net);
}
#endif

/* What a family is told of before an order has another type since 6.2. */
#ifdef KCHAT_HAVE_GENL_SPLIT_OPS
#define kchat_pre_doit_ops	const struct genl_split_ops
#else
#define kchat_pre_doit_ops	const struct genl_ops
#endif

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

/* A vector of pages is filled by a function since 6.3. */
#ifndef KCHAT_HAVE_BVEC_SET_PAGE
#include <linux/bvec.h>
static inline void bvec_set_page(struct bio_vec *vec, struct page *page, unsigned int len,
				 unsigned int offset)
{
	vec->bv_page = page;
	vec->bv_len = len;
	vec->bv_offset = offset;
}
#endif

/* Renamed in 5.11, when it came to say that a name was too long. */
#ifndef KCHAT_HAVE_NLA_STRSCPY
#include <net/netlink.h>
#define nla_strscpy	nla_strlcpy
#endif

/* An address of a size that the type does not say has a type of its own since 6.19. */
#ifdef KCHAT_HAVE_SOCKADDR_UNSIZED
#define kchat_sockaddr sockaddr_unsized
#else
#define kchat_sockaddr sockaddr
#endif

/* IPv6 is reached through a table up to 7.2, since it could be a module. */
#ifdef KCHAT_HAVE_IPV6_STUBS
#include <net/ipv6_stubs.h>
#define kchat_ipv6_mc_join(sk, ifindex, group)	ipv6_stub->ipv6_sock_mc_join(sk, ifindex, group)
#define kchat_ipv6_mc_drop(sk, ifindex, group)	ipv6_stub->ipv6_sock_mc_drop(sk, ifindex, group)
#else
#define kchat_ipv6_mc_join(sk, ifindex, group)	ipv6_sock_mc_join(sk, ifindex, group)
#define kchat_ipv6_mc_drop(sk, ifindex, group)	ipv6_sock_mc_drop(sk, ifindex, group)
#endif

#endif /* _KCHAT_COMPAT_H */
