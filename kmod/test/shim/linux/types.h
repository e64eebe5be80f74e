/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module's pure files need of the kernel's headers, for user space. */
#ifndef _SHIM_LINUX_TYPES_H
#define _SHIM_LINUX_TYPES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef long long s64;
typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef u16 __le16;
typedef u32 __le32;
typedef u64 __le64;

#define U8_MAX	0xff
#define U16_MAX	0xffff
#define U32_MAX	0xffffffffU
#define U64_MAX	0xffffffffffffffffULL

#endif
