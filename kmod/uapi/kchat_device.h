/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * kchat: /dev/kchat, the calls of local programs, docs/local.md. A read gives
 * lines, a write is a message; the calls below say where.
 */
#ifndef _UAPI_KCHAT_DEVICE_H
#define _UAPI_KCHAT_DEVICE_H

#include <linux/ioctl.h>

#include "kchat.h"

#define KCHAT_IOC_MAGIC		0xBA
#define KCHAT_IOC_ROOM		"local"	/* where a file is if it has not said */
#define KCHAT_IOC_BACKLOG	0x00000001	/* begin with what a newcomer sees */

/**
 * struct kchat_ioc_join - into this room, and out of the one before
 * @flags: KCHAT_IOC_*
 * @name: of the room; what follows it is zero
 */
struct kchat_ioc_join {
	__u32 flags;
	__u8 name[KCHAT_ROOM_NAME_MAX];
};

/**
 * struct kchat_ioc_login - a session to be resumed over TCP, as the caller's person
 * @session: its number, for RESUME
 * @account: whose it is
 * @key: the session key
 * @login: the name to log in with; what follows it is zero
 * @addr: where the server listens, IPv6 or IPv4-mapped; zeros: everywhere
 * @port: host order
 * @reserved: 0
 *
 * It is gone unless it is resumed within the limit login_ms.
 */
struct kchat_ioc_login {
	__u64 session;
	__u64 account;
	__u8 key[KCHAT_KEY_LEN];
	__u8 login[KCHAT_NAME_MAX];
	__u8 addr[16];
	__u16 port;
	__u16 reserved[3];
};

#define KCHAT_IOC_JOIN		_IOW(KCHAT_IOC_MAGIC, 1, struct kchat_ioc_join)
#define KCHAT_IOC_LOGIN		_IOR(KCHAT_IOC_MAGIC, 2, struct kchat_ioc_login)

#endif /* _UAPI_KCHAT_DEVICE_H */
