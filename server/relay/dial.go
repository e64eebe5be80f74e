// SPDX-License-Identifier: GPL-2.0-only

package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// dialWait is how long a client may wait for the microVM: as long as clients of ours wait for WELCOME.
const dialWait = 5 * time.Second

// One attempt to reach QEMU. Its queue holds two, and where it is full the system drops who knocks and lets them knock
// again after a second; an attempt of our own comes again sooner.
const (
	tryFirst = 5 * time.Millisecond
	tryMost  = 100 * time.Millisecond
)

// dial reaches the microVM. Only one dials at a time, since QEMU's queue is that short.
func (r *Relay) dial() (*net.TCPConn, error) {
	ctx, cancel := context.WithTimeout(r.ctx, dialWait)
	defer cancel()
	for try := tryFirst; ; try = min(2*try, tryMost) {
		target, err := r.way(ctx)
		if err != nil {
			return nil, err
		}
		conn, err := r.knock(ctx, target.String(), try)
		if err == nil {
			return conn, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
		if isTimeout(err) {
			continue
		}
		select { // QEMU has just ended, or has no file descriptor left
		case <-time.After(try):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// knock makes one attempt.
func (r *Relay) knock(ctx context.Context, target string, limit time.Duration) (*net.TCPConn, error) {
	select {
	case r.dialing <- struct{}{}:
		defer func() { <-r.dialing }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to dial: %w", ctx.Err())
	}
	dialer := net.Dialer{Timeout: limit, KeepAlive: -1} // the other end is on this machine
	conn, err := dialer.DialContext(ctx, "tcp4", target)
	if err != nil {
		return nil, fmt.Errorf("reach the microVM: %w", err)
	}
	return conn.(*net.TCPConn), nil
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func isClosed(err error) bool { return errors.Is(err, net.ErrClosed) }
