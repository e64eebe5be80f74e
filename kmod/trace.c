// SPDX-License-Identifier: GPL-2.0-only
/* The tracepoints of trace.h become code here, and nowhere else. */
#include <linux/module.h>

#include "account.h"
#include "conn.h"
#include "room.h"
#include "session.h"

#define CREATE_TRACE_POINTS
#include "trace.h"
