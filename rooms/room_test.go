// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"kchat/wire"
)

// ask runs a method that waits for the server while the test plays the server.
func ask[T any](f func(context.Context) (T, error)) func() (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		v, err := f(ctx)
		done <- result{v, err}
	}()
	return func() (T, error) {
		r := <-done
		return r.value, r.err
	}
}

func TestPresenceBeforeLiveIsPast(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u := n.start(nil)
		p := n.login()
		gone := person(annaID, "Anna", wire.PersonLeft)
		p.admit(epochOne, 0, 0, meAndAnna(), wire.Frame{
			Header: wire.Header{Type: wire.TypePresence, Room: roomNumber, Epoch: epochOne, Sender: annaID}, Body: gone.Append(nil),
		})
		await[Live](u, nil)
		if u.OthersPresent("lobby") != 1 {
			t.Error("what was past changed the people")
		}
		p.presence(epochOne, 0, gone)
		e := await[PersonChanged](u, nil)
		if e.Was != Present || e.Person.State != Left || u.OthersPresent("lobby") != 0 || len(u.Roster("lobby")) != 1 {
			t.Errorf("%+v, %v", e, u.Roster("lobby"))
		}
	})
}

func TestJoinOptionsAreSaidToTheServer(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), func(c *Config) { c.Rooms = []string{"lobby"} })
		join := ask(func(ctx context.Context) (RoomInfo, error) {
			return u.Join(ctx, "practice", JoinOptions{Practice: true, Backlog: -1, Existing: true})
		})
		f := p.expectSoon(wire.TypeJoin)
		j, err := wire.ParseJoin(f.Body)
		if err != nil || j.Flags != wire.RoomPractice|wire.JoinBacklog|wire.JoinExisting || j.Backlog != 0 {
			t.Errorf("%+v, %v", j, err)
		}
		p.refuse(f, wire.ErrNoRoom, 0, 0)
		if _, err := join(); !errors.Is(err, wire.ErrNoRoom) {
			t.Error(err)
		}
	})
}

func TestJoinWaitsForAConnection(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		n.setDown(true)
		u := n.start(func(c *Config) { c.Rooms = nil })
		join := ask(func(ctx context.Context) (RoomInfo, error) { return u.Join(ctx, "lobby", JoinOptions{}) })
		await[Disconnected](u, nil)
		n.setDown(false)
		n.login().admit(epochOne, 0, 0, meAndAnna())
		if info, err := join(); err != nil || info.Number != roomNumber {
			t.Error(info, err)
		}
	})
}

func TestPartLeavesAndDoesNotComeBack(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		part := ask(func(ctx context.Context) (struct{}, error) { return struct{}{}, u.Part(ctx, "lobby") })
		p.reply(p.expectSoon(wire.TypePart), wire.TypeParted, wire.Parted{})
		if _, err := part(); err != nil {
			t.Error(err)
		}
		if e := await[Parted](u, nil); e.Err != nil || u.Roster("lobby") != nil {
			t.Error(e)
		}
		p.conn.Close()
		p = n.login()
		go p.drain()
		await(u, func(e Online) bool { return e.Resumed })
		if _, err := ask(func(ctx context.Context) (struct{}, error) { return struct{}{}, u.Part(ctx, "lobby") })(); !errors.Is(err, ErrNotInRoom) {
			t.Error(err)
		}
	})
}

func TestWhoIsRemovedStaysOut(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		p.send(wire.Header{Type: wire.TypeParted, Room: roomNumber}, wire.Parted{Reason: wire.ErrKicked})
		if e := await[Parted](u, nil); !errors.Is(e.Err, wire.ErrKicked) {
			t.Error(e.Err)
		}
		u.awaitState(u.say("x"), StateFailed)
	})
}

func TestAnInvitationToARoomOfTwoIsFollowed(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), func(c *Config) { c.Rooms = []string{"lobby"} })
		p.send(wire.Header{Type: wire.TypeInvited, Room: 5, Sender: 8}, wire.Invited{Room: "work", Sender: "Zoë"})
		if e := await[Invited](u, nil); e.Direct || e.Room != "work" || e.From.Name != "Zoë" {
			t.Errorf("%+v", e)
		}
		p.send(wire.Header{Type: wire.TypeInvited, Room: 6, Sender: annaID}, wire.Invited{Flags: wire.RoomDirect, Room: "@1-2", Sender: "Anna"})
		if j := p.admit(epochOne, 0, 0, meAndAnna()); j.Name != "@1-2" {
			t.Errorf("%+v", j)
		}
		if e := await[Invited](u, nil); !e.Direct {
			t.Errorf("%+v", e)
		}
	})
}

func TestOpenDirectNamesTheRoomByBothNumbers(t *testing.T) {
	if got := DirectRoom(9, 2); got != "@2-9" {
		t.Error(got)
	}
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		join := ask(func(ctx context.Context) (RoomInfo, error) { return u.OpenDirect(ctx, annaID) })
		if j := p.admit(epochOne, 0, 0, meAndAnna()); j.Name != "@1-2" {
			t.Errorf("%+v", j)
		}
		if info, err := join(); err != nil || !info.Direct {
			t.Error(info, err)
		}
	})
}

func TestTypingIsThrottledAndEndsByItself(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		for range 10 {
			u.Typing("lobby", true)
		}
		p.expect(wire.TypeTyping)
		u.Typing("lobby", false)
		if b, err := wire.ParseTyping(p.expect(wire.TypeTyping).Body); err != nil || b.On {
			t.Error(b, err)
		}
		p.send(wire.Header{Type: wire.TypeTyping, Room: roomNumber, Sender: annaID}, wire.Typing{On: true})
		begun := time.Now()
		if e := await[TypingChanged](u, nil); !e.Typing || e.Person != annaID {
			t.Errorf("%+v", e)
		}
		go p.drain()
		if e := await[TypingChanged](u, nil); e.Typing || time.Since(begun) != typingEnds {
			t.Errorf("%+v after %v", e, time.Since(begun))
		}
	})
}

func TestTypingIsNotSaidToNobody(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna()[:1], nil)
		u.Typing("lobby", true)
		p.send(wire.Header{Type: wire.TypePing}, wire.Empty{})
		p.expect(wire.TypePong)
	})
}

func TestQuestionsToTheServer(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)

		whois := ask(func(ctx context.Context) (Person, error) { return u.Whois(ctx, "ANNA") })
		f := p.expectSoon(wire.TypeWhois)
		if w, err := wire.ParseWhois(f.Body); err != nil || w.Login != "anna" {
			t.Error(w, err)
		}
		p.reply(f, wire.TypePerson, person(annaID, "Anna", wire.PersonPresent))
		if got, err := whois(); err != nil || got.ID != annaID {
			t.Error(got, err)
		}

		people := ask(func(ctx context.Context) ([]Person, error) { return u.People(ctx) })
		p.reply(p.expectSoon(wire.TypePeople), wire.TypePeopleAre, wire.People{person(1, "Me", wire.PersonPresent)})
		f = p.expectSoon(wire.TypePeople)
		if b, err := wire.ParseNumber(f.Body); err != nil || b.Value != 1 {
			t.Error(b, err)
		}
		p.send(wire.Header{Type: wire.TypePeopleAre, Flags: wire.FlagLast, ID: f.ID}, wire.People{person(2, "Anna", wire.PersonPresent)})
		if got, err := people(); err != nil || len(got) != 2 || got[0].Name != "Anna" {
			t.Error(got, err)
		}

		list := ask(func(ctx context.Context) ([]RoomInfo, error) { return u.Rooms(ctx) })
		f = p.expectSoon(wire.TypeRooms)
		p.send(wire.Header{Type: wire.TypeRoomsAre, Flags: wire.FlagLast, ID: f.ID}, wire.RoomList{{Number: 3, People: 2, Name: "lobby", Flags: wire.RoomPractice}})
		if got, err := list(); err != nil || len(got) != 1 || !got[0].Practice || got[0].People != 2 {
			t.Error(got, err)
		}

		status := ask(func(ctx context.Context) (Status, error) { return u.Status(ctx) })
		p.reply(p.expectSoon(wire.TypeStatus), wire.TypeStatusIs, wire.StatusIs{
			Kernel: "6.12", Module: "1", Counters: []wire.Counter{{Number: wire.CounterPeople, Value: 2}, {Number: 999, Value: 1}},
		})
		if got, err := status(); err != nil || got.Kernel != "6.12" || !slices.Equal(got.Counters, []Counter{{"PEOPLE", 2}}) {
			t.Error(got, err)
		}

		envelope := ask(func(ctx context.Context) (struct{}, error) {
			return struct{}{}, u.Envelope(ctx, annaID, []byte("abc"))
		})
		p.refuse(p.expectSoon(wire.TypeDirect), wire.ErrOffline, 0, 0)
		if _, err := envelope(); !errors.Is(err, ErrOffline) {
			t.Error(err)
		}
		p.send(wire.Header{Type: wire.TypeDirect, Sender: annaID}, wire.Direct{To: myID, Data: []byte("xyz")})
		if e := await[Enveloped](u, nil); e.From != annaID || string(e.Payload) != "xyz" {
			t.Errorf("%+v", e)
		}

		invite := ask(func(ctx context.Context) (struct{}, error) { return struct{}{}, u.Invite(ctx, "lobby", annaID) })
		p.reply(p.expectSoon(wire.TypeInvite), wire.TypeOK, wire.Empty{})
		if _, err := invite(); err != nil {
			t.Error(err)
		}
	})
}

func TestAQuestionEndsWithItsConnection(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		status := ask(func(ctx context.Context) (Status, error) { return u.Status(ctx) })
		p.expectSoon(wire.TypeStatus)
		n.setDown(true)
		p.conn.Close()
		if _, err := status(); !errors.Is(err, ErrNoServer) {
			t.Error(err)
		}
		if _, err := ask(func(ctx context.Context) (Status, error) { return u.Status(ctx) })(); !errors.Is(err, ErrNoServer) {
			t.Error(err)
		}
	})
}

func TestChangePasswordProvesTheSession(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		change := ask(func(ctx context.Context) (struct{}, error) { return struct{}{}, u.ChangePassword(ctx, "new one") })
		f := p.expectSoon(wire.TypePasswd)
		b, err := wire.ParsePasswd(f.Body)
		if err != nil || b.Proof != wire.PasswdProof(n.key, b) {
			t.Error(err)
		}
		k, err := wire.DeriveKeys("new one", b.Salt, b.Iterations)
		if err != nil || k.StoredKey != b.StoredKey {
			t.Error(err)
		}
		p.reply(f, wire.TypeOK, wire.Empty{})
		if _, err := change(); err != nil {
			t.Error(err)
		}
	})
}

func TestUnknownFramesAreSkippedUnlessCritical(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		p.send(wire.Header{Type: 0x0fff, Room: roomNumber}, wire.Raw("?"))
		p.relay(said(epochOne, 1, annaID, wire.ID{1}, "still here"))
		await(u, func(e MessageChanged) bool { return e.Message.Text == "still here" })
		p.send(wire.Header{Type: 0x8fff, Room: roomNumber}, wire.Raw("?"))
		if e := await[Disconnected](u, nil); e.Err == nil {
			t.Error("a critical frame that is not known was skipped")
		}
	})
}

func TestMalformedFramesEndTheConnection(t *testing.T) {
	for name, f := range map[string]wire.Frame{
		"a message without a body":   {Header: wire.Header{Type: wire.TypeMsg, Room: roomNumber, Epoch: epochOne, Seq: 1, Sender: annaID}},
		"a presence that breaks off": {Header: wire.Header{Type: wire.TypePresence, Room: roomNumber}, Body: []byte("short")},
		"a roster that breaks off":   {Header: wire.Header{Type: wire.TypeRoster, Room: roomNumber}, Body: []byte("short")},
		"a gap that breaks off":      {Header: wire.Header{Type: wire.TypeGap, Room: roomNumber}, Body: []byte("short")},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *network) {
				u, p := open(t, n, meAndAnna(), nil)
				p.relay(f)
				if e := await[Disconnected](u, nil); !errors.Is(e.Err, wire.ErrBadFrame) {
					t.Error(e.Err)
				}
			})
		})
	}
}

func TestMethodsAfterTheEndSaySo(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		go p.drain()
		u.Close()
		<-u.run
		if _, err := u.Status(context.Background()); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		synctest.Wait()
	})
}
