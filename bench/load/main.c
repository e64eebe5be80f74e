// SPDX-License-Identifier: GPL-2.0-only
/* What the command line says, and what happens one after the other. */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS		512	/* taken at once */
#define QUIET_NS	50000000ULL	/* silent for so long: nothing is on its way any more */
#define QUIET_MAX_NS	5000000000ULL	/* a server that is never silent is waited for so long */

struct options options = {
	.addr = "127.0.0.1:10106", .members = 2, .rooms = 1, .size = 64, .outstanding = 1,
	.patience = 30, .login = "load", .password = "load",
};
struct tally tally;

static const struct proto *const protos[] = {
	&proto_kchat, &proto_raw, &proto_irc, &proto_redis, &proto_nats, &proto_mqtt,
};

static int epoll_fd, tick_fd, pace_fd = -1;
static bool ticking = true, running;
/* What epoll gives back for what is no connection. */
static char mark_tick, mark_pace, mark_control;

static char control[64];	/* what was read from standard input */
static size_t control_len;
static bool control_watched, control_over;

void die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "kchat-load: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void conn_die(struct conn *c, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "kchat-load: %s, connection %u: ", options.proto->name, c->number);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void *alloc(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		die("no memory");
	return p;
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* ---- events ---------------------------------------------------------- */

static void watch(int fd, void *mark)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = mark };

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
		die("watch a descriptor: %m");
}

static uint64_t timer_read(int fd)
{
	uint64_t times = 0;

	if (read(fd, &times, sizeof(times)) < 0)
		return 0;
	return times;
}

static void control_read(void)
{
	ssize_t n = read(STDIN_FILENO, control + control_len, sizeof(control) - control_len);

	if (n > 0) {
		control_len += n;
		return;
	}
	control_over = true;
	if (control_watched)
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
	control_watched = false;
}

static void ticks(void)
{
	uint64_t times = timer_read(tick_fd);

	/* A second that was missed as a whole is not caught up with. */
	if (times > TICKS)
		times = TICKS;
	while (ticking && times--)
		conns_tick();
}

/* One round: what has happened, and what follows from it. Gives how much of it was of connections. */
static int turn(int timeout_ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(epoll_fd, events, EVENTS, timeout_ms), i, of_conns = 0;

	if (n < 0 && errno != EINTR)
		die("wait for events: %m");
	for (i = 0; i < n; i++) {
		void *mark = events[i].data.ptr;

		if (mark == &mark_tick) {
			ticks();
		} else if (mark == &mark_pace) {
			timer_read(pace_fd);
			pace_due();
		} else if (mark == &mark_control) {
			control_read();
		} else {
			conn_event(mark, events[i].events);
			of_conns++;
		}
	}
	if (running)
		pace_fill();
	conns_flush();
	return of_conns;
}

/* Until nothing comes any more; what real clients send in between waits. */
static void wait_for_quiet(void)
{
	uint64_t begin = now_ns(), last = begin, now = begin;

	ticking = false;
	while (now - last < QUIET_NS && now - begin < QUIET_MAX_NS) {
		int n = turn(QUIET_NS / 1000000);

		now = now_ns();
		if (n)
			last = now;
	}
	ticking = true;
}

static void sync_all(void)
{
	conns_sync();
	while (conns_synced < conn_count)
		turn(-1);
	wait_for_quiet();
}

/* The next line of standard input; false: it has ended. */
static bool next_line(char line[sizeof(control)])
{
	for (;;) {
		char *end = memchr(control, '\n', control_len);

		if (end) {
			memcpy(line, control, end - control);
			line[end - control] = 0;
			control_len -= end + 1 - control;
			memmove(control, end + 1, control_len);
			return true;
		}
		if (control_over)
			return false;
		if (control_len == sizeof(control))
			die("a line of standard input is too long");
		if (control_watched)
			turn(-1);
		else
			control_read();
	}
}

/* ---- what happens ---------------------------------------------------- */

struct clocks {
	uint64_t wall, own;
};

static struct clocks entering;	/* from the start to "ready" */

/* What was used since @then. */
static struct clocks clocks_since(struct clocks then)
{
	return (struct clocks){ now_ns() - then.wall, clock_ns(CLOCK_PROCESS_CPUTIME_ID) - then.own };
}

static void fill_rooms(void)
{
	uint32_t i;

	for (i = 0; i < options.rooms; i++) {
		struct room *room = &rooms[i];
		uint32_t j;

		room->frame = alloc(FRAME_EXTRA + options.size + FRAME_EXTRA);
		options.proto->prepare(room);
		for (j = 0; j < options.size; j++)
			room->frame[room->text + j] = 'a' + j % 26;
	}
}

static void enter(void)
{
	while (conns_in < conn_count)
		turn(-1);
	fill_rooms();
	sync_all();
}

static void talk(void)
{
	pace_fd = pace_begin();
	if (pace_fd >= 0)
		watch(pace_fd, &mark_pace);
	running = true;
	pace_fill();
	conns_flush();
	while (!pace_done())
		turn(-1);
	running = false;
	if (pace_fd >= 0)
		close(pace_fd);
}

#define LLU(x) ((unsigned long long)(x))

static void report(uint64_t messages, struct clocks used)
{
	printf("{\"proto\":\"%s\",\"members\":%u,\"rooms\":%u,\"size\":%u,\"outstanding\":%u,\"rate\":%llu,"
	       "\"connections\":%u,\"messages\":%llu,\"deliveries\":%llu,\"bytes\":%llu,",
	       options.proto->name, options.members, options.rooms, options.size,
	       options.outstanding, LLU(options.rate), conn_count, LLU(messages),
	       LLU(tally.deliveries), LLU(tally.bytes));
	printf("\"elapsed_ns\":%llu,\"self_ns\":%llu,\"enter_ns\":%llu,\"enter_self_ns\":%llu,",
	       LLU(used.wall), LLU(used.own), LLU(entering.wall), LLU(entering.own));
	printf("\"reports\":%llu,\"pings\":%llu,\"passing\":%llu", LLU(tally.reports),
	       LLU(tally.pings), LLU(tally.passing));
	if (timed)
		printf(",\"p50_ns\":%llu,\"p99_ns\":%llu,\"max_ns\":%llu,\"held\":%llu",
		       LLU(hist_at(0.5)), LLU(hist_at(0.99)), LLU(hist_max()), LLU(held));
	printf("}\n");
}

static void run(void)
{
	struct clocks begin = clocks_since((struct clocks){ 0 });
	uint64_t before = said;

	memset(&tally, 0, sizeof(tally));
	hist_clear();
	talk();
	report(said - before, clocks_since(begin));
}

/* Orders come as lines; the end of them is as good as "quit". */
static void obey(void)
{
	char line[sizeof(control)];

	if (options.now) {
		run();
		return;
	}
	while (next_line(line) && strcmp(line, "quit")) {
		if (strcmp(line, "go"))
			die("\"%s\" on standard input: neither \"go\" nor \"quit\"", line);
		run();
	}
}

static void leave(void)
{
	/* What comes twice has come by the end of this. */
	sync_all();
	conns_leave();
	wait_for_quiet();
}

/* ---- the command line ------------------------------------------------ */

static const char usage[] =
	"kchat-load: messages to many members, each delivery checked\n"
	"  --proto kchat|raw|irc|redis|nats|mqtt\n"
	"  --addr ADDRESS:PORT   of the server (127.0.0.1:10106)\n"
	"  --members N           of each room (2)\n"
	"  --rooms R             (1)\n"
	"  --size BYTES          of a message's text (64)\n"
	"  --outstanding K       messages under way at most, all rooms together (1; with --rate 1024)\n"
	"  --deliveries D        at least so many\n"
	"  --rate PER_SECOND     deliveries by the clock; the latency is measured\n"
	"  --idle SECONDS        say nothing for so long\n"
	"  --patience SECONDS    what has not come after so long is lost (30)\n"
	"  --login PREFIX        login names are this and a number (load)\n"
	"  --password PASSWORD   of all accounts (load)\n"
	"  --now                 run once, without waiting for orders\n"
	"Prints \"ready\" and waits for orders: a line \"go\" is a run, which prints its result as JSON;\n"
	"a line \"quit\" is the end.\n";

static uint64_t number(const char *name, const char *text, uint64_t min, uint64_t max)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || value < min || value > max)
		die("--%s %s: a number from %llu to %llu is needed", name, text, LLU(min), LLU(max));
	return value;
}

static const struct proto *find_proto(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(protos) / sizeof(*protos); i++) {
		if (!strcmp(protos[i]->name, name))
			return protos[i];
	}
	die("--proto %s: there is no such protocol here", name);
}

enum { PROTO = 1, ADDR, MEMBERS, ROOMS, SIZE, OUTSTANDING, DELIVERIES, RATE, IDLE, PATIENCE, LOGIN,
	PASSWORD, NOW, HELP };

static const struct option names[] = {
	{ "proto", required_argument, NULL, PROTO },
	{ "addr", required_argument, NULL, ADDR },
	{ "members", required_argument, NULL, MEMBERS },
	{ "rooms", required_argument, NULL, ROOMS },
	{ "size", required_argument, NULL, SIZE },
	{ "outstanding", required_argument, NULL, OUTSTANDING },
	{ "deliveries", required_argument, NULL, DELIVERIES },
	{ "rate", required_argument, NULL, RATE },
	{ "idle", required_argument, NULL, IDLE },
	{ "patience", required_argument, NULL, PATIENCE },
	{ "login", required_argument, NULL, LOGIN },
	{ "password", required_argument, NULL, PASSWORD },
	{ "now", no_argument, NULL, NOW },
	{ "help", no_argument, NULL, HELP },
	{ 0 },
};

static void set_option(int option, const char *name, const char *value)
{
	switch (option) {
	case PROTO:	options.proto = find_proto(value); break;
	case ADDR:	options.addr = value; break;
	case MEMBERS:	options.members = number(name, value, 1, 1000000); break;
	case ROOMS:	options.rooms = number(name, value, 1, 1000000); break;
	case SIZE:	options.size = number(name, value, SIZE_MIN, SIZE_MAX_MSG); break;
	case OUTSTANDING: options.outstanding = number(name, value, 1, 65536); break;
	case DELIVERIES: options.deliveries = number(name, value, 0, 1ULL << 40); break;
	case RATE:	options.rate = number(name, value, 1, 1000000000); break;
	case IDLE:	options.idle = number(name, value, 1, 1000000); break;
	case PATIENCE:	options.patience = number(name, value, 1, 1000000); break;
	case LOGIN:	options.login = value; break;
	case PASSWORD:	options.password = value; break;
	case NOW:	options.now = true; break;
	case HELP:	fputs(usage, stdout); exit(0);
	default:	fputs(usage, stderr); exit(2);
	}
}

static void read_options(int argc, char **argv)
{
	int option, index = 0;
	bool outstanding = false;

	while ((option = getopt_long(argc, argv, "", names, &index)) != -1) {
		outstanding |= option == OUTSTANDING;
		set_option(option, option == '?' ? "" : names[index].name, optarg);
	}
	if (optind < argc)
		die("%s: what is that?", argv[optind]);
	if (!options.proto)
		die("--proto is needed");
	if (options.rate && !outstanding)
		options.outstanding = 1024;
	if (options.size > options.proto->size_max)
		die("--size %u: %s takes up to %u bytes", options.size, options.proto->name,
		    options.proto->size_max);
	if (!options.idle && !options.deliveries)
		die("--deliveries or --idle is needed");
}

static void allow_files(void)
{
	uint64_t want = (uint64_t)options.rooms * (options.members + 1) + 16;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		die("ask how many files may be open: %m");
	if (limit.rlim_cur >= want)
		return;
	limit.rlim_cur = want;
	if (limit.rlim_max < want)
		limit.rlim_max = want;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("open %llu connections: %m", LLU(want));
}

static void prepare(void)
{
	struct itimerspec tick = {
		.it_value.tv_nsec = 1000000000 / TICKS, .it_interval.tv_nsec = 1000000000 / TICKS,
	};
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &mark_control };

	setvbuf(stdout, NULL, _IOLBF, 0);
	allow_files();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (epoll_fd < 0 || tick_fd < 0 || timerfd_settime(tick_fd, 0, &tick, NULL))
		die("prepare to wait: %m");
	watch(tick_fd, &mark_tick);
	/* Files cannot be watched, and need not be. */
	control_watched = !options.now && !epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &event);
	rooms_open();
	conns_open(epoll_fd);
}

int main(int argc, char **argv)
{
	struct clocks begin;

	read_options(argc, argv);
	begin = clocks_since((struct clocks){ 0 });
	prepare();
	enter();
	entering = clocks_since(begin);
	puts("ready");
	obey();
	leave();
	return 0;
}
