// SPDX-License-Identifier: GPL-2.0-only
/* When the next message is said: when an earlier one has come to all, or by the clock. */
#include "load.h"

#include <stdint.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define NS	1000000000ULL

uint64_t said, held;

static uint64_t goal;			/* messages that are to have been said, earlier runs included */
static uint64_t first;			/* those of earlier runs */
static uint64_t began, interval;	/* ns */
static uint64_t due;			/* messages that may have been said by the clock */
static bool over;			/* the time of --idle */

static int timer(uint64_t first, uint64_t every)
{
	struct itimerspec when = {
		.it_value = { first / NS, first % NS },
		.it_interval = { every / NS, every % NS },
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL))
		die("set a timer: %m");
	return fd;
}

int pace_begin(void)
{
	began = now_ns();
	first = due = said;
	over = false;
	held = 0;
	if (options.idle)
		return timer(began + options.idle * NS, 0);
	goal = first + (options.deliveries + options.members - 1) / options.members;
	if (!options.rate)
		return -1;
	interval = NS * options.members / options.rate;
	if (!interval)
		interval = 1;
	timed = true;
	return timer(began + interval, interval);
}

void pace_fill(void)
{
	while (said < goal && under_way < options.outstanding) {
		if (options.rate && said == due)
			return;
		room_say(&rooms[said % options.rooms], began + (said - first + 1) * interval);
		said++;
	}
}

/* The timer: the time of --idle is over, or messages are due. */
void pace_due(void)
{
	if (options.idle) {
		over = true;
		return;
	}
	due = first + (now_ns() - began) / interval;
	if (due > goal)
		due = goal;
	if (due > said && under_way >= options.outstanding)
		held++;
}

bool pace_done(void)
{
	return options.idle ? over : said == goal && !under_way;
}
