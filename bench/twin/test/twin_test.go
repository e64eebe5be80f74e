// SPDX-License-Identifier: GPL-2.0-only

package twin_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/rooms"
	"kchat/rooms/e2e/promise"
	"kchat/wire"
)

func TestTwoPeopleTalkAndWhoIsAloneIsRefused(t *testing.T) {
	address := start(t, accountsFile(t, "Anna", "Ben"), "stored_ms=50")
	anna := connect(t, address, "Anna", "den", nil)
	await[rooms.Live](anna, nil)
	anna.awaitState(anna.say("den", "is anybody here?"), rooms.StateAlone)

	ben := connect(t, address, "Ben", "den", nil)
	await[rooms.Live](ben, nil)
	await(anna, func(e rooms.PersonChanged) bool { return e.Person.Name == "Ben" && e.Person.State == rooms.Present })
	hello := anna.say("den", "hello, Ben")
	if m := ben.awaitText("hello, Ben"); m.Name != "Anna" || m.Pos.Seq != 1 || m.ID != hello {
		t.Errorf("Ben heard %+v", m)
	}
	ben.say("den", "hello, Anna")
	anna.awaitText("hello, Anna")
	await(anna, func(e rooms.MessageChanged) bool {
		return e.Message.ID == hello && e.Message.State == rooms.StateDelivered
	})

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := ben.Part(ctx, "den"); err != nil {
		t.Fatal(err)
	}
	await(anna, func(e rooms.PersonChanged) bool { return e.Person.Name == "Ben" && e.Person.State == rooms.Left })
	anna.awaitState(anna.say("den", "and now?"), rooms.StateAlone)
}

// TestATalkIsWhole: of many who talk at the same time, with words short and long, all hear all in the same order.
func TestATalkIsWhole(t *testing.T) {
	const talkers, each = 4, 200
	names := []string{"p0", "p1", "p2", "p3"}
	address := start(t, accountsFile(t, names...))
	users := make([]*user, talkers)
	for i := range users {
		users[i] = connect(t, address, names[i], "den", nil)
		await[rooms.Live](users[i], nil)
	}
	var talk sync.WaitGroup
	words := make([][]promise.Word, talkers)
	for i, u := range users {
		talk.Go(func() {
			for n := range each {
				text := fmt.Sprintf("%d of %d %s", n, i, strings.Repeat("x", n*n%16000))
				m, err := u.Send(rooms.Draft{Room: "den", Text: text})
				if err != nil {
					t.Error(err)
				}
				words[i] = append(words[i], promise.Word{ID: m.ID, Author: names[i], Text: text, Acknowledged: true})
			}
		})
	}
	talk.Wait()
	var said []promise.Word
	readers := make([]promise.Reader, talkers)
	for i, u := range users {
		said = append(said, words[i]...)
		late := time.After(patience)
		for u.ledger.Count() < talkers*each {
			select {
			case <-u.ledger.Changed():
			case <-late:
				t.Fatalf("%s has %d messages of %d", names[i], u.ledger.Count(), talkers*each)
			}
		}
		readers[i] = promise.Reader{Name: names[i], Heard: u.ledger.Settled()}
	}
	for _, b := range promise.Check(said, readers) {
		t.Error(b)
	}
}

// TestAConnectionIsReplaced: it breaks, the session goes on with another one, and what was said meanwhile comes.
func TestAConnectionIsReplaced(t *testing.T) {
	address := start(t, accountsFile(t, "Anna", "Ben", "Carl"))
	calls := make(chan net.Conn, 8)
	ben := connect(t, address, "Ben", "den", func(c *rooms.Config) {
		c.Dial = func(ctx context.Context, network, to string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, to)
			if err == nil {
				calls <- conn
			}
			return conn, err
		}
	})
	await[rooms.Live](ben, nil)
	anna := connect(t, address, "Anna", "den", nil)
	await[rooms.Live](anna, nil)
	carl := connect(t, address, "Carl", "den", nil)
	await[rooms.Live](carl, nil)
	_ = (<-calls).Close() // it breaks: that is the point
	await(anna, func(e rooms.PersonChanged) bool {
		return e.Person.Name == "Ben" && e.Person.State == rooms.Reconnecting
	})
	anna.say("den", "while Ben is away")
	await(ben, func(e rooms.Online) bool { return e.Resumed })
	ben.awaitText("while Ben is away")
	await(anna, func(e rooms.PersonChanged) bool { return e.Person.Name == "Ben" && e.Person.State == rooms.Present })
}

func TestWhoIsSilentIsReconnectingAndThenLost(t *testing.T) {
	address := start(t, accountsFile(t, "Anna", "Ben"), "silence_ms=300", "lost_ms=900", "ping_ms=100")
	anna := stranger(t, address, "anna")
	anna.KeepAlive(100 * time.Millisecond)
	r := join(t, anna, "den")
	ben := stranger(t, address, "ben")
	join(t, ben, "den")
	for _, state := range []wire.PersonState{wire.PersonPresent, wire.PersonReconnecting, wire.PersonLost} {
		if _, err := anna.Presence(patience, r.Number, ben.Me.Account, state); err != nil {
			t.Fatalf("%v: %v", state, err)
		}
	}
	if _, err := ben.Find(patience, func(f peer.Frame) bool {
		e, err := wire.ParseError(f.Body)
		return f.Type == wire.TypeError && err == nil && e.Number == wire.ErrTimeout && f.Flags&wire.FlagLast != 0
	}); err != nil {
		t.Error(err)
	}
}

// TestWhoReadsTooSlowlyGetsAGap: and then the log goes on, every frame whole and every number accounted for.
func TestWhoReadsTooSlowlyGetsAGap(t *testing.T) {
	const count = 400
	address := start(t, accountsFile(t, "Anna", "Ben"), "log_bytes=262144", "unsent_bytes=4096")
	ben := stranger(t, address, "ben")
	ben.KeepAlive(time.Second)
	join(t, ben, "den")
	anna := stranger(t, address, "anna")
	anna.KeepAlive(time.Second)
	r := join(t, anna, "den")
	text := strings.Repeat("long ", 3000)
	for range count {
		id := peer.NewID()
		if err := anna.Say(r.Number, id, text); err != nil {
			t.Fatal(err)
		}
		if _, err := anna.Find(patience, func(f peer.Frame) bool { return f.ID == id }); err != nil {
			t.Fatal(err)
		}
	}
	var last, gaps, missed uint64
	for last < count {
		f, err := ben.Next(patience)
		if err != nil {
			t.Fatal(err)
		}
		switch f.Type {
		case wire.TypeGap:
			g, err := wire.ParseGap(f.Body)
			if err != nil || g.From != last || g.To <= last {
				t.Fatalf("after %d the gap from %d to %d (%v)", last, g.From, g.To, err)
			}
			gaps, missed, last = gaps+1, missed+g.To-g.From, g.To
		case wire.TypeMsg:
			talk, err := wire.ParseTalk(f.Body)
			if err != nil || string(talk.Text) != text || f.Seq != last+1 {
				t.Fatalf("after %d the message %d of %d bytes (%v)", last, f.Seq, len(talk.Text), err)
			}
			last = f.Seq
		}
	}
	if gaps == 0 || missed < count/4 {
		t.Errorf("%d gaps, %d messages missed: it was not slow enough", gaps, missed)
	}
}

func TestARepeatIsAcknowledgedWithTheFirstNumbers(t *testing.T) {
	address := start(t, accountsFile(t, "Anna", "Ben"))
	ben := stranger(t, address, "ben")
	join(t, ben, "den")
	anna := stranger(t, address, "anna")
	r := join(t, anna, "den")
	id := peer.NewID()
	if err := errors.Join(anna.Say(r.Number, id, "once"), anna.Say(r.Number, peer.NewID(), "another"), anna.Say(r.Number, id, "once")); err != nil {
		t.Fatal(err)
	}
	first, err := anna.Find(patience, func(f peer.Frame) bool { return f.Type == wire.TypeMsg && f.ID == id })
	if err != nil {
		t.Fatal(err)
	}
	ack, err := anna.Find(patience, func(f peer.Frame) bool { return f.Type == wire.TypeAck })
	if err != nil || ack.ID != id || ack.Seq != first.Seq || ack.Time != first.Time || ack.Sender != anna.Me.Account {
		t.Errorf("%+v, %v; the first was %+v", ack.Header, err, first.Header)
	}
}

func TestWrongPasswordsAndWhatItDoesNotDoAreRefused(t *testing.T) {
	address := start(t, accountsFile(t, "Anna"))
	c, err := peer.Dial(address)
	if err == nil {
		err = c.Hello()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	for _, who := range []string{"anna", "nobody"} {
		var refused *peer.Unexpected
		if err := c.Login(who, "wrong"); !errors.As(err, &refused) || !errors.Is(err, wire.ErrAuth) {
			t.Errorf("%s: %v", who, err)
		}
	}
	if err := c.Login("anna", password); err != nil {
		t.Fatal(err)
	}
	id, err := c.Request(wire.TypeStatus, 0, wire.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Reply(id, wire.TypeStatusIs); !errors.Is(err, wire.ErrUnknownType) {
		t.Error(err)
	}
}

func TestAFileThatIsNoAccountsFileIsNamed(t *testing.T) {
	for file, complaint := range map[string]string{
		"/dev/null":     "/dev/null: it is not an accounts file of kchat",
		"/nowhere/else": "/nowhere/else: it cannot be read",
	} {
		out, err := exec.Command(bin.Path("kchat-twin"), "--accounts", file, "--port", "0").CombinedOutput()
		if err == nil || !strings.Contains(string(out), complaint) {
			t.Errorf("%s: %v, %s", file, err, out)
		}
	}
	out, err := exec.Command(bin.Path("kchat-twin"), "--accounts", accountsFile(t), "members=1").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "members=1: the value is outside of its bounds") {
		t.Errorf("%v, %s", err, out)
	}
}
