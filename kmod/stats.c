// SPDX-License-Identifier: GPL-2.0-only
#include "stats.h"

#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <net/net_namespace.h>

#include "alloc.h"
#include "server.h"

static const char *const names[KCHAT_STATS + 1] = {
	[KCHAT_C_CONNECTIONS]		= "connections",
	[KCHAT_C_SESSIONS]		= "sessions",
	[KCHAT_C_PEOPLE]		= "people",
	[KCHAT_C_ROOMS]			= "rooms",
	[KCHAT_C_STREAMS]		= "streams",
	[KCHAT_C_ACCOUNTS]		= "accounts",
	[KCHAT_C_LOG_BYTES]		= "log_bytes",
	[KCHAT_C_ACCEPTED]		= "accepted",
	[KCHAT_C_REFUSED]		= "refused",
	[KCHAT_C_LOGINS]		= "logins",
	[KCHAT_C_LOGIN_FAILURES]	= "login_failures",
	[KCHAT_C_FRAMES_IN]		= "frames_in",
	[KCHAT_C_FRAMES_OUT]		= "frames_out",
	[KCHAT_C_BYTES_IN]		= "bytes_in",
	[KCHAT_C_BYTES_OUT]		= "bytes_out",
	[KCHAT_C_MESSAGES]		= "messages",
	[KCHAT_C_REPEATS]		= "repeats",
	[KCHAT_C_ALONE]			= "alone",
	[KCHAT_C_ERRORS]		= "errors",
	[KCHAT_C_GAPS]			= "gaps",
	[KCHAT_C_STREAM_BYTES]		= "stream_bytes",
	[KCHAT_C_STREAM_DROPS]		= "stream_drops",
	[KCHAT_C_UPTIME_MS]		= "uptime_ms",
	[KCHAT_C_QUESTIONS]		= "questions",
	[KCHAT_C_ANSWERS]		= "answers",
};

int kchat_stats_init(struct kchat_net *knet)
{
	knet->stats = kchat_alloc(alloc_percpu(struct kchat_stats));
	return knet->stats ? 0 : -ENOMEM;
}

void kchat_stats_destroy(struct kchat_net *knet)
{
	free_percpu(knet->stats);
}

static u64 sum(struct kchat_net *knet, enum kchat_counter counter)
{
	u64 total = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		total += READ_ONCE(per_cpu_ptr(knet->stats, cpu)->values[counter]);
	return total;
}

static u64 uptime_ms(struct kchat_net *knet)
{
	u64 started = READ_ONCE(knet->started);

	return started ? div_u64(ktime_get_ns() - started, NSEC_PER_MSEC) : 0;
}

/**
 * kchat_stat_read - a counter
 * @knet: of this namespace
 * @counter: which
 *
 * Return: what there is now, or the sum since the module was loaded
 */
u64 kchat_stat_read(struct kchat_net *knet, enum kchat_counter counter)
{
	switch (counter) {
	case KCHAT_C_CONNECTIONS:
		return atomic_read(&knet->nr_conns);
	case KCHAT_C_SESSIONS:
		return atomic_read(&knet->nr_sessions);
	case KCHAT_C_PEOPLE:
		return atomic_read(&knet->nr_people);
	case KCHAT_C_ROOMS:
		return atomic_read(&knet->nr_rooms);
	case KCHAT_C_STREAMS:
		return atomic_read(&knet->nr_streams);
	case KCHAT_C_ACCOUNTS:
		return READ_ONCE(knet->accounts.count);
	case KCHAT_C_LOG_BYTES:
		return atomic64_read(&knet->nr_log_bytes);
	case KCHAT_C_UPTIME_MS:
		return uptime_ms(knet);
	default:
		return sum(knet, counter);
	}
}

/**
 * kchat_stat_read_all - all counters in order
 * @knet: of this namespace
 * @values: room for KCHAT_STATS of them
 */
void kchat_stat_read_all(struct kchat_net *knet, struct kchat_counter_value *values)
{
	int i;

	for (i = 0; i < KCHAT_STATS; i++) {
		values[i].number = i + 1;
		values[i].value = kchat_stat_read(knet, i + 1);
	}
}

/* /proc/net/kchat: a name and a value on each line. */
static int stats_show(struct seq_file *seq, void *v)
{
	struct kchat_net *knet = kchat_net_of(seq_file_single_net(seq));
	int i;

	seq_printf(seq, "version %s\n", KCHAT_MODULE_VERSION);
	seq_printf(seq, "running %d\n", kchat_net_running(knet));
	for (i = 1; i <= KCHAT_STATS; i++)
		seq_printf(seq, "%s %llu\n", names[i], kchat_stat_read(knet, i));
	return 0;
}

int kchat_stats_proc_init(struct net *net)
{
	if (!proc_create_net_single("kchat", 0444, net->proc_net, stats_show, NULL))
		return -ENOMEM;
	return 0;
}

void kchat_stats_proc_exit(struct net *net)
{
	remove_proc_entry("kchat", net->proc_net);
}
