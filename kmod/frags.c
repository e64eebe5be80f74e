// SPDX-License-Identifier: GPL-2.0-only
/*
 * How pieces of a log get into the packets of TCP: whole. MSG_SPLICE_PAGES goes
 * page by page, so that 16 KiB that lie together take four of a packet's seventeen
 * places, and five times the work.
 *
 * A caller of tcp_sendmsg() may fill packets itself: msghdr.sg_from_iter, made for
 * io_uring (io_sg_from_iter() in io_uring/net.c), asked for by MSG_ZEROCOPY and
 * msghdr.msg_ubuf. The latter is told when nobody needs the pages any more, and a
 * packet that waits for that is copied where it arrives on the same machine
 * (skb_orphan_frags_rx()). Nothing has to wait here: each packet gets references of
 * its own, as those that MSG_SPLICE_PAGES makes. So our msg_ubuf is not
 * SKBFL_ZEROCOPY_ENABLE, is never told anything, and only passes a flag on.
 *
 * TCP does not count such pages as memory of the socket (SKBFL_PURE_ZEROCOPY): logs
 * do, and they count each once, however many sockets hold it. What waits in a socket
 * is bounded by its buffer as ever.
 */
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <linux/uio.h>

#include "compat.h"

static void frags_done(struct sk_buff *skb, struct ubuf_info *ubuf, bool success)
{
}

static const struct ubuf_info_ops frags_ops = {
	.complete = frags_done,
};

/* Set up at each use: modules' per-CPU data begin without pointers (apply_relocations()). */
static DEFINE_PER_CPU(struct ubuf_info, frags_ubuf);

/* As much as goes into @skb; -EMSGSIZE: it is full, and the rest goes into the next one. */
static int frags_fill(struct sk_buff *skb, struct iov_iter *from, size_t len)
{
	struct skb_shared_info *info = skb_shinfo(skb);
	u32 nr = info->nr_frags, done = 0;

	while (done < len && nr < MAX_SKB_FRAGS) {
		const struct bio_vec *vec = from->bvec;
		u32 part = min_t(size_t, len - done, vec->bv_len - from->iov_offset);

		get_page(vec->bv_page);
		__skb_fill_page_desc_noacc(info, nr++, vec->bv_page,
					   vec->bv_offset + from->iov_offset, part);
		iov_iter_advance(from, part);
		done += part;
	}
	info->nr_frags = nr;
	skb->len += done;
	skb->data_len += done;
	skb->truesize += done;
	return done < len ? -EMSGSIZE : 0;
}

/**
 * kchat_msg_frags - let a message's pieces become pieces of packets
 * @msg: with an iov_iter of pieces, each of a page or of a compound page from its
 *	first one on. For tcp_sendmsg_locked() on this CPU, softirqs being off
 */
void kchat_msg_frags(struct msghdr *msg)
{
	struct ubuf_info *ubuf = this_cpu_ptr(&frags_ubuf);

	ubuf->ops = &frags_ops;
	/* Each packet adds one and none takes one away. */
	refcount_set(&ubuf->refcnt, 1);
	/* Others send the same pages: nobody may encrypt them in place. */
	ubuf->flags = SKBFL_SHARED_FRAG;
	msg->msg_flags |= MSG_ZEROCOPY;
	msg->msg_ubuf = ubuf;
	msg->sg_from_iter = frags_fill;
}
