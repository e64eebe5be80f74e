// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"errors"
	"testing"

	"kchat/rooms"
	"kchat/server/vmtest"
	"kchat/wire"
)

func TestTwoPeopleMeetTalkAndPart(t *testing.T) {
	s := shared.Server(t)
	s.AddUser(t, "Meet-Anna", password)
	s.AddUser(t, "Meet-Bob", password)

	anna := connect(t, s.Addr, "Meet-Anna", nil)
	if me := await[rooms.Online](anna, nil).Me; me.Name != "Meet-Anna" {
		t.Errorf("%+v", me)
	}
	anna.join("meet", rooms.JoinOptions{})
	anna.awaitState(anna.say("meet", "is anybody there?"), rooms.StateAlone)

	bob := connect(t, s.Addr, "Meet-Bob", nil)
	bob.join("meet", rooms.JoinOptions{})
	came := await(anna, func(e rooms.PersonChanged) bool { return e.Person.Name == "Meet-Bob" })
	if came.Person.State != rooms.Present || anna.OthersPresent("meet") != 1 {
		t.Errorf("%+v", came)
	}

	id := anna.say("meet", "hello 안녕 👋")
	m := anna.awaitState(id, rooms.StateSent)
	heard := bob.awaitText("hello 안녕 👋")
	if heard.ID != id || heard.Pos != m.Pos || heard.Name != "Meet-Anna" || !heard.Time.Equal(m.Time) || heard.Backfill {
		t.Errorf("%+v, sent as %+v", heard, m)
	}
	if d := anna.awaitState(id, rooms.StateDelivered); d.Stored != 1 || d.Present != 1 {
		t.Errorf("delivered %d of %d", d.Stored, d.Present)
	}

	bob.Typing("meet", true)
	if e := await[rooms.TypingChanged](anna, nil); !e.Typing {
		t.Errorf("%+v", e)
	}

	bob.Close()
	gone := await(anna, func(e rooms.PersonChanged) bool { return !e.Person.State.Here() })
	if gone.Person.State != rooms.Left || anna.OthersPresent("meet") != 0 {
		t.Errorf("%+v", gone)
	}
	anna.awaitState(anna.say("meet", "still there?"), rooms.StateAlone)
}

func TestAWrongPasswordAndAnUnknownNameGetTheSameAnswer(t *testing.T) {
	s := shared.Server(t)
	s.AddUser(t, "Known", password)
	var answers []string
	for _, name := range []string{"Known", "Unknown"} {
		u := connect(t, s.Addr, name, func(c *rooms.Config) { c.Password = "wrong" })
		err := <-u.run
		if !errors.Is(err, rooms.ErrRefused) {
			t.Fatal(err)
		}
		refused, ok := errors.AsType[*rooms.ServerError](err)
		if !ok || refused.Number != wire.ErrAuth {
			t.Fatal(err)
		}
		answers = append(answers, refused.Error())
	}
	if answers[0] != answers[1] {
		t.Errorf("%q", answers)
	}
}

func TestAnAccountIsRegisteredOnceWhateverItsCase(t *testing.T) {
	s := shared.Server(t)
	ctx, cancel := vmtest.Timeout(patience)
	defer cancel()
	cfg := rooms.Config{Address: s.Addr, User: "Registered", Password: password}
	info, err := rooms.Probe(ctx, s.Addr)
	if err != nil || !info.Register {
		t.Fatalf("%+v, %v", info, err)
	}
	if _, err := rooms.Register(ctx, cfg, ""); err != nil {
		t.Fatal(err)
	}
	cfg.User = "REGISTERED"
	if _, err := rooms.Register(ctx, cfg, ""); !errors.Is(err, wire.ErrNameTaken) {
		t.Errorf("a second time: %v", err)
	}
	u := connect(t, s.Addr, "registered", nil)
	if me := await[rooms.Online](u, nil).Me; me.Name != "Registered" {
		t.Errorf("%+v", me)
	}
}
