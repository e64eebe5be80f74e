/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The header by which a proxy says whom it leads here: the PROXY protocol,
 * version 2, section 2.2 of haproxy's doc/proxy-protocol.txt. Pure: tested and
 * fuzzed in user space.
 */
#ifndef _KCHAT_PROXY_H
#define _KCHAT_PROXY_H

#include <linux/types.h>

#define KCHAT_PROXY_FIXED	16	/* signature, command, family, length */
#define KCHAT_PROXY_MAX		536	/* longer ones than a segment always carries are refused */

/**
 * struct kchat_proxy - what a header says
 * @local: the connection is the proxy's own: its address is the one it has
 * @addr: of the client, IPv4 mapped; only if not @local
 * @port: of the client, host order; only if not @local
 */
struct kchat_proxy {
	bool local;
	u8 addr[16];
	u16 port;
};

/**
 * kchat_proxy_parse - judges the first bytes of a connection
 * @data: what has come so far
 * @len: how much that is
 * @out: filled when the header is whole
 *
 * Return: 0: no header begins like this; more than @len: nothing is wrong so
 * far, and so many bytes are needed to say more; else the length of the header
 */
u32 kchat_proxy_parse(const u8 *data, u32 len, struct kchat_proxy *out);

#endif /* _KCHAT_PROXY_H */
