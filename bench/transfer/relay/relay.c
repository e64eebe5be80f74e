// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that a relay can be: of each two connections to its port it copies what
 * the first one says to the second one. What a chat server's stream is measured by.
 * The way here begins each connection with a header of the PROXY protocol, version 2.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[256 * 1024];

/*
 * 12 bytes of signature, version and family, and how long the addresses are. A plus
 * says that the connection was taken.
 */
static int take(int from)
{
	unsigned char head[16];
	size_t len;

	if (recv(from, head, sizeof(head), MSG_WAITALL) != sizeof(head))
		return -1;
	len = head[14] << 8 | head[15];
	if (recv(from, buffer, len, MSG_WAITALL) != (ssize_t)len)
		return -1;
	return write(from, "+", 1) == 1 ? 0 : -1;
}

static void copy(int from, int to)
{
	ssize_t n, sent, m;

	while ((n = read(from, buffer, sizeof(buffer))) > 0)
		for (sent = 0; sent < n; sent += m) {
			m = write(to, buffer + sent, n - sent);
			if (m < 0)
				return;
		}
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int listener, from, to, one = 1;

	signal(SIGPIPE, SIG_IGN);
	at.sin_port = htons(argc > 1 ? atoi(argv[1]) : 0);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(listener, 8)) {
		perror("relay");
		return 1;
	}
	puts("listening");
	fflush(stdout);
	while ((from = accept(listener, NULL, NULL)) >= 0) {
		if (!take(from)) {
			to = accept(listener, NULL, NULL);
			if (!take(to))
				copy(from, to);
			close(to);
		}
		close(from);
	}
	return 0;
}
