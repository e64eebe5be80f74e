// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/server/genl"
	"kchat/server/vmtest"
	"kchat/wire"
)

// TestAdminKicksInMidStream: who is removed hears it as the last word; the others see the stream end and the person go.
func TestAdminKicksInMidStream(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	film := begin(wire.StreamVideo, nil)
	film.Size = wire.SizeUnknown
	id, _ := a.opened(r.Number, film)
	b.accepts(id, 0)
	a.accepted(id, 1)
	a.ok(a.chunk(id, wire.FlagKeyframe, make([]byte, 4000)))

	k := world.kernel(t)
	if err := k.Kick(t.Context(), a.Me.Session, 0); err != nil {
		t.Fatal(err)
	}
	a.ends(wire.ErrKicked)
	b.sees(r.Number, a, wire.PersonLeft)
	b.find("STREAM_CANCEL", func(f peer.Frame) bool { return f.Type == wire.TypeStreamCancel && f.ID == id })
	b.alive()
	if err := k.Kick(t.Context(), a.Me.Session, 0); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("once more: want ENOENT, got %v", err)
	}
	// It is no ban, and nothing of the old session is left.
	again := enterAs(t, a.acct)
	again.join(r.Name)
	b.sees(r.Number, again, wire.PersonPresent)
}

// TestAdminKicksAllOfAnAccount: each of its sessions, and nobody else.
func TestAdminKicksAllOfAnAccount(t *testing.T) {
	t.Parallel()
	a, other := enter(t), enter(t)
	second := enterAs(t, a.acct)
	k := world.kernel(t)
	if err := k.Kick(t.Context(), 0, a.Me.Account); err != nil {
		t.Fatal(err)
	}
	a.ends(wire.ErrKicked)
	second.ends(wire.ErrKicked)
	other.alive()
	if err := k.Kick(t.Context(), 0, a.Me.Account); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("once more: want ENOENT, got %v", err)
	}
	if err := k.Kick(t.Context(), 0, firstAccount-1); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("nobody: want ENOENT, got %v", err)
	}
}

// watching hears what happens on a server until the test ends.
func watching(t *testing.T, s *vmtest.Server) func(want genl.Event) genl.Event {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	began, ended, events := make(chan struct{}), make(chan error, 1), make(chan genl.Event, 10_000)
	go func() {
		ended <- s.Runner.Watch(ctx, func() error { close(began); return nil }, func(e genl.Event) error { events <- e; return nil })
	}()
	t.Cleanup(func() { cancel(); <-ended })
	select {
	case <-began:
	case err := <-ended:
		ended <- err
		t.Fatal(err)
	}
	return func(want genl.Event) genl.Event {
		t.Helper()
		late := time.After(world.slow(patience))
		for {
			select {
			case e := <-events:
				if (want.What == "" || e.What == want.What) && e.Lost >= want.Lost && (want.Account == 0 || e.Account == want.Account) &&
					(want.RoomName == "" || e.RoomName == want.RoomName) && (want.Limit == "" || e.Limit == want.Limit) {
					return e
				}
			case <-late:
				t.Fatalf("not told: %+v", want)
			}
		}
	}
}

func TestAdminWatchesWhatHappens(t *testing.T) {
	told := watching(t, world.server(t))
	a, name := enter(t), room()
	login := told(genl.Event{What: "login", Account: a.Me.Account})
	if login.Session != a.Me.Session || login.Name != a.acct.name || !strings.HasPrefix(login.Peer, "127.0.0.1:") || login.Time.IsZero() {
		t.Errorf("login: %+v", login)
	}
	r := a.join(name)
	if made := told(genl.Event{What: "room made", RoomName: name}); made.Room != r.Number {
		t.Errorf("room made: %+v", made)
	}
	if join := told(genl.Event{What: "join", RoomName: name}); join.Account != a.Me.Account || join.Session != a.Me.Session {
		t.Errorf("join: %+v", join)
	}
	world.set(t, "rooms_per_connection", 1)
	a.refused(a.send(wire.TypeJoin, 0, wire.Join{Name: room()}), wire.ErrRooms)
	if limit := told(genl.Event{What: "limit", Limit: "rooms_per_connection"}); limit.Value != 1 {
		t.Errorf("limit: %+v", limit)
	}
	if err := world.kernel(t).Kick(t.Context(), a.Me.Session, 0); err != nil {
		t.Fatal(err)
	}
	told(genl.Event{What: "kick", Account: a.Me.Account})
	if part := told(genl.Event{What: "part", Account: a.Me.Account}); part.RoomName != name || part.State != uint8(wire.PersonLeft) {
		t.Errorf("part: %+v", part)
	}
	told(genl.Event{What: "logout", Account: a.Me.Account})
	world.set(t, "room_idle_ms", 0)
	told(genl.Event{What: "room gone", RoomName: name})
}

// TestAdminIsNotFloodedWithEvents: what is over the limit is counted, and told with the next.
func TestAdminIsNotFloodedWithEvents(t *testing.T) {
	told := watching(t, world.server(t))
	a := enter(t)
	told(genl.Event{What: "login", Account: a.Me.Account})
	world.set(t, "events", 1)
	name := room()
	for began := time.Now(); time.Since(began) < 2*time.Second; { // longer than what is counted together
		_, err := a.Part(a.join(name).Number)
		a.ok(err)
	}
	told(genl.Event{Lost: 1})
}

// TestAdminNeedsPrivilege: whoever is not root hears EPERM to each order, and listens to nothing.
func TestAdminNeedsPrivilege(t *testing.T) {
	t.Parallel()
	s := withGuestload(t)
	user := s.AddUsers(t, "busy", "password", 1)[0]
	ctx, cancel := s.Timeout(time.Minute)
	defer cancel()
	var out string
	ended := make(chan error, 1)
	go func() {
		var err error
		out, err = s.Exec(ctx, guestload, "nobody")
		ended <- err
	}()
	// Something is to be heard all the time.
	for len(ended) == 0 {
		w := greetAt(t, s.Addr)
		w.ok(w.Login(user, "password"))
		w.ok(w.Close())
	}
	if err := <-ended; err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	given, client := map[string]bool{}, 0 // 5.10 asks for the privilege before it looks whether there is such a list
	for _, line := range lines {
		if order, _, _ := strings.Cut(line, ":"); strings.HasPrefix(order, "command ") {
			given[order] = true
		} else {
			client++
		}
	}
	if want := specified(t, "flags: [admin-perm]") - 1; len(given) != want || client != 19 { // less the multicast group
		t.Errorf("%d of %d orders were given, %d by the client:\n%s", len(given), want, client, out)
	}
	for _, line := range lines {
		// EPERM; before 6.7 anybody can join the group of events, but hears nothing there.
		if !strings.HasSuffix(line, ": errno 1") && line != "events: silence" {
			t.Error(line)
		}
	}
	if got := status(t, s); !got.Running {
		t.Error("the server does not run any more")
	}
}

// TestLimitsAllChangeLive: each to both of its bounds and not over them, while two people talk; then all as low as they go.
func TestLimitsAllChangeLive(t *testing.T) {
	t.Parallel()
	s := vmtest.Start(t)
	users := s.AddUsers(t, "limited", "password", 3)
	come := func(name string) *who {
		w := greetAt(t, s.Addr)
		w.ok(w.Login(name, "password"))
		w.KeepAlive(200 * time.Millisecond)
		return w
	}
	a, b := come(users[0]), come(users[1])
	r := a.join("hall")
	b.join("hall")
	a.sees(r.Number, b, wire.PersonPresent)
	k := s.Runner.Kernel()
	params, err := k.Params(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range params {
		if strings.HasSuffix(p.Name, "_ms") {
			continue // below, where nobody has to keep to them
		}
		for _, value := range []uint64{p.Max, p.Min} {
			if err := k.SetParam(t.Context(), p.Name, value); err != nil {
				t.Errorf("%s to %d: %v", p.Name, value, err)
			}
		}
		if err := k.SetParam(t.Context(), p.Name, p.Max+1); !errors.Is(err, syscall.ERANGE) {
			t.Errorf("%s over its bounds: want ERANGE, got %v", p.Name, err)
		}
		if p.Min == 0 {
			continue
		}
		if err := k.SetParam(t.Context(), p.Name, p.Min-1); !errors.Is(err, syscall.ERANGE) {
			t.Errorf("%s under its bounds: want ERANGE, got %v", p.Name, err)
		}
	}
	// One connection, one session, one room, one account: nobody is thrown out, and who is there talks on.
	b.gets(a.say(r.Number, "still here"), wire.TypeMsg)
	a.gets(b.say(r.Number, "so am I"), wire.TypeMsg)
	if got := status(t, s); got.Counters[wire.CounterConnections] != 2 || got.Counters[wire.CounterPeople] != 2 {
		t.Errorf("left are %v", got.Counters)
	}
	a.refused(a.send(wire.TypeJoin, 0, wire.Join{Name: "another"}), wire.ErrRooms)
	full(t, 0, func() (*peer.Conn, error) { return greetedAt(t, s.Addr) })
	for _, p := range params {
		if !strings.HasSuffix(p.Name, "_ms") {
			continue
		}
		for _, value := range []uint64{p.Min, p.Max} {
			if err := k.SetParam(t.Context(), p.Name, value); err != nil {
				t.Errorf("%s to %d: %v", p.Name, value, err)
			}
		}
	}
	for _, p := range params {
		if err := k.SetParam(t.Context(), p.Name, p.Value); err != nil {
			t.Errorf("%s back to %d: %v", p.Name, p.Value, err)
		}
	}
	again, err := k.Params(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range params {
		if again[i] != p {
			t.Errorf("%+v was %+v", again[i], p)
		}
	}
}
