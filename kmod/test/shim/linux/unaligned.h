/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_LINUX_UNALIGNED_H
#define _SHIM_LINUX_UNALIGNED_H

#include <linux/types.h>
#include <string.h>

#define SHIM_UNALIGNED(bits)						\
static inline u##bits get_unaligned_le##bits(const void *p)		\
{									\
	u##bits value;							\
									\
	memcpy(&value, p, sizeof(value));				\
	return value;							\
}									\
									\
static inline void put_unaligned_le##bits(u##bits value, void *p)	\
{									\
	memcpy(p, &value, sizeof(value));				\
}

SHIM_UNALIGNED(16)
SHIM_UNALIGNED(32)
SHIM_UNALIGNED(64)

#define get_unaligned(p) ({						\
	__typeof__(*(p) + 0) _value;					\
	memcpy(&_value, (p), sizeof(_value));				\
	_value;								\
})

#endif
