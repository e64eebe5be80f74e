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

/* As in the kernel: newer compilers see through a memcpy() of a pointer's type. */
#define get_unaligned(p) ({						\
	const struct { __typeof__(*(p) + 0) value; } __attribute__((packed)) \
		*_packed = (const void *)(p);				\
	_packed->value;							\
})

#endif
