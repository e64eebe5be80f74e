// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/server/guest"
	"kchat/wire"
)

// TestTooManyAccounts: neither an administrator nor a registration goes over the limit, and who is known stays.
func TestTooManyAccounts(t *testing.T) {
	there := world.account(t, 0)
	limit := status(t, world.server(t)).Counters[wire.CounterAccounts] + 1
	world.set(t, "accounts", limit)
	k, last := world.kernel(t), firstAccount+world.number()
	if err := k.SetAccount(t.Context(), bare(last, fmt.Sprint("last-", last))); err != nil {
		t.Fatal(err)
	}
	free := firstAccount + world.number()
	if err := k.SetAccount(t.Context(), bare(free, fmt.Sprint("free-", free))); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("account %d of %d: want ENOSPC, got %v", limit+1, limit, err)
	}
	world.give(t, there, 0) // again, which needs no place

	w, name := greet(t), fmt.Sprint("newcomer-", free)
	w.refused(w.send(wire.TypeRegister, 0, registration(t, name, "p")), wire.ErrService)
	if err := k.DeleteAccount(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	// The refusal has not taken the name.
	w.gets(w.send(wire.TypeRegister, 0, registration(t, name, "p")), wire.TypeRegistered)
	enterAs(t, there)
}

// TestFailuresOfAnAddressAreLimited: whatever the names are. Who is in stays, and the limit is the address's only.
func TestFailuresOfAnAddressAreLimited(t *testing.T) {
	const most = 3
	a := enter(t)
	good := world.account(t, 0)
	t.Run("limited", func(t *testing.T) {
		world.set(t, "failures_address", most)
		for failures := 0; ; failures++ {
			err := greet(t).Login(fmt.Sprint("nobody-", world.number()), "wrong")
			if isError(err, wire.ErrAuthLimit) {
				if asError(err).Wait <= 0 {
					t.Error("AUTH_LIMIT does not say how long to wait")
				}
				break
			}
			if !isError(err, wire.ErrAuth) || failures == most {
				t.Fatalf("after %d failures: want ERROR AUTH_LIMIT, got %v", failures, err)
			}
		}
		if err := greet(t).Login(good.login, good.password); !isError(err, wire.ErrAuthLimit) {
			t.Errorf("a right password from that address: want ERROR AUTH_LIMIT, got %v", err)
		}
		a.alive()
	})
	enterAs(t, good)
}

// greetAt connects to another server than the shared one and says HELLO.
func greetAt(t *testing.T, address string) *who {
	t.Helper()
	conn, err := peer.Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	w := &who{Conn: conn, t: t}
	w.ok(w.Hello())
	return w
}

// TestAnAccountsServiceThatDoesNotAnswer: who waits for it is told in time, and not more wait than the limit allows.
func TestAnAccountsServiceThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	const waiting = 2
	s := withGuestload(t)
	wait := world.slow(2 * time.Second)
	s.SetParam(t, "requests", waiting)
	s.SetParam(t, "service_ms", uint64(wait.Milliseconds()))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	deaf := &signal{word: "deaf", seen: make(chan struct{})}
	ended := make(chan error, 1)
	go func() {
		_, err := s.Runner.Guest().Exec(ctx, guest.Exec{Path: guestload, Args: []string{"deaf"}}, deaf, io.Discard)
		ended <- err
	}()
	select {
	case <-deaf.seen:
	case err := <-ended:
		t.Fatalf("the service that does not answer: %v", err)
	}

	register := func(w *who, name string) wire.ID {
		return w.send(wire.TypeRegister, 0, registration(t, name, "p"))
	}
	for turn := range 2 { // the places are given back
		var all []*who
		var ids []wire.ID
		began := time.Now()
		for i := range waiting {
			w := greetAt(t, s.Addr)
			all, ids = append(all, w), append(ids, register(w, fmt.Sprint("waits-", turn, "-", i)))
		}
		all[0].refused(register(all[0], "impatient"), wire.ErrRate)
		other := greetAt(t, s.Addr)
		other.refused(register(other, "too-many"), wire.ErrBusy)
		for i, w := range all {
			w.refused(ids[i], wire.ErrService)
		}
		if took := time.Since(began); took < wait {
			t.Errorf("given up after %v, want %v at least", took, wait)
		}
	}
}
