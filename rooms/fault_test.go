// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"kchat/wire"
)

// brokenStore panics when it is asked what was not sent, which a worker does after the login.
type brokenStore struct{ *memStore }

func (brokenStore) Outbox(context.Context, UUID, AccountID) ([]Message, error) {
	panic("the store is broken")
}

func isFault(t *testing.T, err error) {
	t.Helper()
	if fault, ok := errors.AsType[*Fault](err); !ok || !strings.Contains(fault.Stack, "fault_test.go") {
		t.Errorf("Run ends with %v", err)
	}
}

func TestAPanicEndsTheClientAndNotTheProcess(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u := n.start(func(c *Config) {
			c.Dial = func(context.Context, string, string) (net.Conn, error) { panic("no dialling") }
		})
		isFault(t, <-u.run)
	})
}

func TestAPanicOfAWorkerEndsTheClientInGoodOrder(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		store := newMemStore()
		u := n.start(func(c *Config) { c.Store, c.Pins = brokenStore{store}, store })
		p := n.answer()
		p.finishLogin(p.expect(wire.TypeAuth), peerPassword)
		isFault(t, <-u.run)
	})
}
