// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"kchat/e2e/peer"
	"kchat/server/genl"
	"kchat/wire"
)

// TestManyLoginsWhereOneSessionIsAllowed: each wants the place of another, whose session may just have begun or be about
// to end. While they come and go all sessions are listed; afterwards none is left.
func TestManyLoginsWhereOneSessionIsAllowed(t *testing.T) {
	const people, logins = 8, 40
	acct := world.account(t, 0)
	world.set(t, "sessions", 1)
	world.set(t, "session_ms", 100)
	k := world.kernel(t)
	ours := func() []genl.Session {
		list, err := k.Sessions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(list, func(s genl.Session) bool { return s.Account != acct.number })
	}
	var all sync.WaitGroup
	in := make(chan int, people)
	for range people {
		all.Go(func() {
			n := 0
			for range logins {
				c, err := peer.Dial(world.server(t).Addr)
				if err != nil {
					t.Error(err)
					break
				}
				err = c.Hello()
				if err == nil {
					err = c.Login(acct.login, acct.password)
				}
				var number wire.ErrorNumber
				switch {
				case err == nil:
					n++
				case !errors.As(err, &number) || (number != wire.ErrSessions && number != wire.ErrAuthLimit):
					t.Errorf("a login: %v", err)
				}
				_ = c.Close()
			}
			in <- n
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for busy := true; busy; {
		ours()
		select {
		case <-done:
			busy = false
		default:
		}
	}
	total := 0
	for range people {
		total += <-in
	}
	if total == 0 {
		t.Error("nobody got in")
	}
	t.Logf("%d of %d logins got in", total, people*logins)
	eventually(t, "the end of the last session", func() bool { return len(ours()) == 0 })
}
