/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters of one network namespace: per CPU, read through STATUS, netlink and /proc/net/kchat. */
#ifndef _KCHAT_STATS_H
#define _KCHAT_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>

#include "frame.h"
#include "uapi/kchat.h"

struct kchat_net;
struct net;

#define KCHAT_STATS		KCHAT_C_ANSWERS

/* struct kchat_net has one as "struct kchat_stats __percpu *stats". */
struct kchat_stats {
	u64 values[KCHAT_STATS + 1];
};

/* What has happened. What there is now (CONNECTIONS to LOG_BYTES) is read where it is kept. */
#define kchat_stat_add(knet, counter, amount) \
	this_cpu_add((knet)->stats->values[counter], (u64)(amount))
#define kchat_stat_inc(knet, counter)	kchat_stat_add(knet, counter, 1)

int kchat_stats_init(struct kchat_net *knet);
void kchat_stats_destroy(struct kchat_net *knet);

u64 kchat_stat_read(struct kchat_net *knet, enum kchat_counter counter);
/* As STATUS_IS wants them: @values has room for KCHAT_STATS. */
void kchat_stat_read_all(struct kchat_net *knet, struct kchat_counter_value *values);

/* /proc/net/kchat of the namespace. */
int kchat_stats_proc_init(struct net *net);
void kchat_stats_proc_exit(struct net *net);

#endif /* _KCHAT_STATS_H */
