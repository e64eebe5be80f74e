// SPDX-License-Identifier: GPL-2.0-only
/* What is asked for, and the start. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/string.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "twin.h"

struct twin twin;

#define PARAM_DEFAULT(name, def, min, max, unit, what) [KCHAT_P_##name] = (def),
u64 twin_params[KCHAT_PARAM_COUNT] = { KCHAT_PARAMS(PARAM_DEFAULT) };

#define PARAM_LINE(_name, def, _min, _max, _unit, _what) \
	{ .name = #_name, .min = (_min), .max = (_max), .unit = (_unit), .what = (_what) },
static const struct kchat_param_info params[] = { KCHAT_PARAMS(PARAM_LINE) };

const char *twin_param_set(const char *text)
{
	const char *equals = strchr(text, '=');
	char *end = NULL;
	u64 value;
	size_t i;

	if (!equals)
		return "this is not understood";
	value = strtoull(equals + 1, &end, 10);
	if (end == equals + 1 || *end)
		return "the value is not a number";
	for (i = 0; i < ARRAY_SIZE(params); i++) {
		if (strlen(params[i].name) != (size_t)(equals - text) ||
		    memcmp(params[i].name, text, equals - text))
			continue;
		if (value < params[i].min || value > params[i].max)
			return "the value is outside of its bounds (docs/limits.md)";
		twin_params[i] = value;
		return NULL;
	}
	return "there is no such limit (docs/limits.md)";
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "kchat-twin: %s: %s\n", what, why);
	exit(1);
}

/* As many connections as the system lets us have. */
static void files_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "127.0.0.1:10106", "[::1]:0"; gives its bytes, 0: it is no such thing. */
static socklen_t address_parse(const char *text, union address *address)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN], *end;
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool v6 = len > 2 && text[0] == '[' && text[len - 1] == ']';
	unsigned long port;

	if (v6) {
		text++;
		len -= 2;
	}
	if (!len || len >= sizeof(host))
		return 0;
	memcpy(host, text, len);
	host[len] = 0;
	port = strtoul(colon + 1, &end, 10);
	if (end == colon + 1 || *end || port > U16_MAX)
		return 0;
	memset(address, 0, sizeof(*address));
	address->any.sa_family = v6 ? AF_INET6 : AF_INET;
	if (v6)
		address->v6.sin6_port = htons(port);
	else
		address->v4.sin_port = htons(port);
	if (inet_pton(address->any.sa_family, host,
		      v6 ? (void *)&address->v6.sin6_addr : (void *)&address->v4.sin_addr) != 1)
		return 0;
	return v6 ? sizeof(address->v6) : sizeof(address->v4);
}

static int listen_at(const char *text)
{
	union address address;
	socklen_t len = address_parse(text, &address);
	int fd, on = 1;

	if (!len)
		die(text, "this is no address and port, such as 127.0.0.1:10106");
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &address.any, len) || listen(fd, 512))
		die(text, strerror(errno));
	return fd;
}

/* To whoever started us: where the server is, the port it was given included. */
static void announce(int fd)
{
	char host[INET6_ADDRSTRLEN];
	union address address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, &address.any, &len))
		die("getsockname", strerror(errno));
	if (address.any.sa_family == AF_INET6)
		printf("listening on [%s]:%u\n",
		       inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof(host)),
		       ntohs(address.v6.sin6_port));
	else
		printf("listening on %s:%u\n",
		       inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof(host)),
		       ntohs(address.v4.sin_port));
	fflush(stdout);
}

static void twin_init(int listener)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	INIT_LIST_HEAD(&twin.conns);
	INIT_LIST_HEAD(&twin.again);
	INIT_LIST_HEAD(&twin.dead);
	INIT_LIST_HEAD(&twin.sessions);
	INIT_LIST_HEAD(&twin.rooms);
	INIT_LIST_HEAD(&twin.dirty);
	/* Nothing is written to the accounts file: the clock makes it larger at each start. */
	twin.generation = time(NULL);
	twin.listener = listener;
	twin.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (twin.epoll < 0 || epoll_ctl(twin.epoll, EPOLL_CTL_ADD, listener, &event))
		die("epoll", strerror(errno));
}

/**
 * struct options - the command line
 * @accounts: the file
 * @address: where to listen
 */
struct options {
	const char *accounts;
	char address[INET6_ADDRSTRLEN + 16];
};

static const char usage[] =
	"usage: kchat-twin --accounts FILE [--port PORT | --listen ADDRESS:PORT] [LIMIT=VALUE]...";

static void options_read(struct options *options, int argc, char **argv)
{
	const char *wrong;
	int i;

	snprintf(options->address, sizeof(options->address), "127.0.0.1:%d", KCHAT_PORT);
	for (i = 1; i < argc; i++) {
		if (argv[i][0] != '-') {
			wrong = twin_param_set(argv[i]);
			if (wrong)
				die(argv[i], wrong);
			continue;
		}
		if (i + 1 == argc)
			die(argv[i], usage);
		if (!strcmp(argv[i], "--accounts"))
			options->accounts = argv[++i];
		else if (!strcmp(argv[i], "--port"))
			snprintf(options->address, sizeof(options->address), "127.0.0.1:%s",
				 argv[++i]);
		else if (!strcmp(argv[i], "--listen"))
			snprintf(options->address, sizeof(options->address), "%s", argv[++i]);
		else
			die(argv[i], usage);
	}
	if (!options->accounts)
		die("--accounts is needed", usage);
}

int main(int argc, char **argv)
{
	struct options options = {};
	const char *wrong;
	int listener;

	options_read(&options, argc, argv);
	wrong = twin_accounts_read(&twin.accounts, options.accounts);
	if (wrong)
		die(options.accounts, wrong);
	files_raise();
	listener = listen_at(options.address);
	twin_init(listener);
	announce(listener);
	if (!twin_loop())
		die("epoll_wait", strerror(errno));
	return 0;
}
