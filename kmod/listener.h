/* SPDX-License-Identifier: GPL-2.0-only */
/* The socket that listens, and accepts. */
#ifndef _KCHAT_LISTENER_H
#define _KCHAT_LISTENER_H

struct kchat_net;
struct sock;

/**
 * struct kchat_callbacks - what a TCP socket does when nobody has changed it
 *
 * Saved once from the listener before its own callbacks are changed: an
 * accepted child inherits the changed ones, so there it would be too late.
 */
struct kchat_callbacks {
	void (*data_ready)(struct sock *sk);
	void (*state_change)(struct sock *sk);
	void (*write_space)(struct sock *sk);
};

/* Opens kn->cfg's port. Errors of socket(), bind(), listen(). */
int kchat_listener_start(struct kchat_net *kn);
/* No connection is accepted any more when it returns. */
void kchat_listener_stop(struct kchat_net *kn);
/* There may be place again: accepting goes on if it had to wait. Process context. */
void kchat_listener_resume(struct kchat_net *kn);
/* Valid until the last connection is gone. */
const struct kchat_callbacks *kchat_listener_callbacks(void);

#endif /* _KCHAT_LISTENER_H */
