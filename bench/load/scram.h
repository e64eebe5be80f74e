/* SPDX-License-Identifier: GPL-2.0-only */
/* The client's half of SCRAM-SHA-256 (RFC 5802, RFC 7677), as docs/protocol.md has it. */
#ifndef _BENCH_SCRAM_H
#define _BENCH_SCRAM_H

#include <stdbool.h>
#include <stddef.h>

/* No message of a login has more bytes. */
#define SCRAM_MAX	512

/* A login that is under way. */
struct scram {
	char first[SCRAM_MAX];			/* client-first-message-bare */
	char signature[SCRAM_MAX];		/* what the server has to end with */
};

/* Each gives the bytes of the message to be sent, -1: the server's is malformed. */
int scram_first(struct scram *scram, const char *login, char out[SCRAM_MAX]);
int scram_final(struct scram *scram, const char *password, const char *challenge, size_t len,
		char out[SCRAM_MAX]);
bool scram_verify(const struct scram *scram, const char *data, size_t len);

#endif /* _BENCH_SCRAM_H */
