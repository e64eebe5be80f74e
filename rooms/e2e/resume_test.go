// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"kchat/media"
	"kchat/rooms"
	"kchat/rooms/e2e/promise"
	"kchat/server/vmtest"
	"kchat/tui/desk"
	"kchat/wire"
)

// blobs is a blob store of a client.
func blobs(t *testing.T) rooms.Blobs {
	t.Helper()
	store, err := media.OpenStore(t.TempDir(), media.StoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return desk.NewBlobs(store, nil)
}

func withBlobs(b rooms.Blobs) func(*rooms.Config) {
	return func(c *rooms.Config) { c.Blobs = b }
}

func TestABrokenConnectionIsResumedWithoutLossAndOthersSeeIt(t *testing.T) {
	s := shared.Server(t)
	s.AddUser(t, "Break-Anna", password)
	s.AddUser(t, "Break-Bob", password)
	var c cutter
	anna := connect(t, s.Addr, "Break-Anna", nil)
	bob := connect(t, s.Addr, "Break-Bob", func(cfg *rooms.Config) { cfg.Dial = c.dial })
	meet("break", anna, bob)
	anna.awaitState(anna.say("break", "before"), rooms.StateSent)
	bob.awaitText("before")
	c.cut(1)
	seen := await(anna, func(e rooms.PersonChanged) bool {
		return e.Person.Name == "Break-Bob" && e.Person.State != rooms.Present
	})
	if seen.Person.State != rooms.Reconnecting {
		t.Errorf("%+v", seen)
	}
	await(anna, func(e rooms.PersonChanged) bool {
		return e.Person.Name == "Break-Bob" && e.Person.State == rooms.Present
	})
	if !await(bob, func(e rooms.Online) bool { return true }).Resumed {
		t.Error("the session was not resumed")
	}
	anna.awaitState(anna.say("break", "after"), rooms.StateSent)
	bob.awaitText("after")
	bob.awaitState(bob.say("break", "and back"), rooms.StateSent)
	anna.awaitText("and back")
}

func TestOnePersonTwiceIsStillAlone(t *testing.T) {
	s := shared.Server(t)
	s.AddUser(t, "Twice", password)
	first := connect(t, s.Addr, "Twice", nil)
	second := connect(t, s.Addr, "Twice", nil)
	first.join("twice", rooms.JoinOptions{})
	second.join("twice", rooms.JoinOptions{})
	first.awaitState(first.say("twice", "hello me"), rooms.StateAlone)
}

func TestADirectRoomOpensOnBothSides(t *testing.T) {
	s := shared.Server(t)
	a, b := s.AddUser(t, "Direct-Anna", password), s.AddUser(t, "Direct-Bob", password)
	anna := connect(t, s.Addr, "Direct-Anna", nil)
	bob := connect(t, s.Addr, "Direct-Bob", nil)
	await[rooms.Online](anna, nil)
	await[rooms.Online](bob, nil)
	ctx, cancel := vmtest.Timeout(patience)
	defer cancel()
	info, err := anna.OpenDirect(ctx, rooms.AccountID(b))
	if err != nil || !info.Direct || info.Name != fmt.Sprintf("@%d-%d", a, b) {
		t.Fatal(info, err)
	}
	if e := await[rooms.Invited](bob, nil); !e.Direct || e.From.Name != "Direct-Anna" {
		t.Errorf("%+v", e)
	}
	await(anna, func(e rooms.PersonChanged) bool { return e.Person.ID == rooms.AccountID(b) && e.Person.State.Here() })
	anna.awaitState(anna.say(info.Name, "between us"), rooms.StateSent)
	bob.awaitText("between us")

	if err := anna.Envelope(ctx, rooms.AccountID(b), []byte("sealed")); err != nil {
		t.Error(err)
	}
	if e := await[rooms.Enveloped](bob, nil); string(e.Payload) != "sealed" || e.From != rooms.AccountID(a) {
		t.Errorf("%+v", e)
	}
	if err := anna.Envelope(ctx, 1<<40, []byte("x")); !errors.Is(err, rooms.ErrOffline) {
		t.Error(err)
	}
}

func TestQuestionsToTheServer(t *testing.T) {
	s := shared.Server(t)
	s.AddUser(t, "Asks-Anna", password)
	anna := connect(t, s.Addr, "Asks-Anna", nil)
	anna.join("asks", rooms.JoinOptions{})
	ctx, cancel := vmtest.Timeout(patience)
	defer cancel()
	if p, err := anna.Whois(ctx, "ASKS-anna"); err != nil || p.Name != "Asks-Anna" || !p.State.Here() {
		t.Error(p, err)
	}
	if _, err := anna.Whois(ctx, "asks-nobody"); !errors.Is(err, wire.ErrNoPerson) {
		t.Error(err)
	}
	people, err := anna.People(ctx)
	if err != nil || len(people) == 0 {
		t.Error(people, err)
	}
	list, err := anna.Rooms(ctx)
	if err != nil || len(list) == 0 {
		t.Error(list, err)
	}
	status, err := anna.Status(ctx)
	if err != nil || status.Kernel == "" || len(status.Counters) < 20 {
		t.Error(status, err)
	}
}

func TestAChangedPasswordCountsAtOnce(t *testing.T) {
	s := shared.Server(t)
	s.AddUser(t, "Changes", password)
	u := connect(t, s.Addr, "Changes", nil)
	await[rooms.Online](u, nil)
	ctx, cancel := vmtest.Timeout(patience)
	defer cancel()
	if err := u.ChangePassword(ctx, "another password"); err != nil {
		t.Fatal(err)
	}
	old := connect(t, s.Addr, "Changes", nil)
	if err := <-old.run; !errors.Is(err, rooms.ErrRefused) {
		t.Error(err)
	}
	fresh := connect(t, s.Addr, "Changes", func(c *rooms.Config) { c.Password = "another password" })
	await[rooms.Online](fresh, nil)
}

func TestAPictureGoesToAllWhoAreThereAndToWhoComesLater(t *testing.T) {
	s := shared.Server(t)
	for _, name := range []string{"Pic-Anna", "Pic-Bob", "Pic-Carl"} {
		s.AddUser(t, name, password)
	}
	mine, bobs, carls := blobs(t), blobs(t), blobs(t)
	anna := connect(t, s.Addr, "Pic-Anna", withBlobs(mine))
	bob := connect(t, s.Addr, "Pic-Bob", withBlobs(bobs))
	meet("pictures", anna, bob)

	data := bytes.Repeat([]byte("a picture of three megabytes and a bit "), 80_000)
	hash := rooms.Hash(sha256.Sum256(data))
	a := rooms.Attachment{Hash: hash, Size: uint64(len(data)), MIME: "image/png", Name: "big.png", Width: 1000, Height: 1000}
	ctx, cancel := vmtest.Timeout(patience)
	defer cancel()
	if _, err := anna.SendBlob(ctx, "pictures", rooms.StreamImage, a, "look", bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if e := await(bob, func(e rooms.TransferEnded) bool { return e.Transfer.Attached.Hash == hash }); e.Err != nil {
		t.Fatal(e.Err)
	}
	if e := await(anna, func(e rooms.TransferEnded) bool { return e.Transfer.Outgoing }); e.Err != nil || e.Transfer.Done != a.Size {
		t.Errorf("%+v", e)
	}
	same(t, bobs, hash, data)

	// Anna, who sent it, is gone: Bob has it.
	anna.Close()
	carl := connect(t, s.Addr, "Pic-Carl", withBlobs(carls))
	carl.join("pictures", rooms.JoinOptions{})
	if e := await(carl, func(e rooms.TransferEnded) bool { return e.Transfer.Attached.Hash == hash }); e.Err != nil {
		t.Fatal(e.Err)
	}
	same(t, carls, hash, data)
}

func same(t *testing.T, b rooms.Blobs, hash rooms.Hash, want []byte) {
	t.Helper()
	r, err := b.Open(hash)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes arrived of %d, %v", len(got), len(want), err)
	}
}

// TestWhatARestartTookIsRepairedByItsAuthors lets somebody miss words that the server has forgotten when they come back.
func TestWhatARestartTookIsRepairedByItsAuthors(t *testing.T) {
	t.Parallel()
	s := vmtest.Start(t)
	for _, name := range []string{"anna", "bob", "carl"} {
		s.AddUser(t, name, password)
	}
	carls := promise.NewLedger()
	carl := connectWith(t, s.Addr, "carl", nil, func(c *rooms.Config) { c.Store, c.Pins = carls, nil })
	anna := connect(t, s.Addr, "anna", nil)
	bob := connect(t, s.Addr, "bob", nil)
	meet("repair", carl, anna, bob)
	anna.awaitState(anna.say("repair", "all hear this"), rooms.StateSent)
	carl.awaitText("all hear this")
	carl.Close()
	await(anna, func(e rooms.PersonChanged) bool { return e.Person.Name == "carl" && !e.Person.State.Here() })
	for k := range 5 {
		anna.awaitState(anna.say("repair", fmt.Sprintf("anna %d", k)), rooms.StateSent)
		bob.awaitState(bob.say("repair", fmt.Sprintf("bob %d", k)), rooms.StateSent)
	}
	s.CutPower(t)
	for _, u := range []*user{anna, bob} {
		await(u, func(e rooms.Online) bool { return !e.Resumed })
		await(u, func(e rooms.Live) bool { return e.Room == "repair" })
	}
	connectWith(t, s.Addr, "carl", nil, func(c *rooms.Config) {
		c.Store, c.Pins, c.Rooms = carls, nil, []string{"repair"}
	})
	awaitCount(t, carls, 11, slow(time.Minute))
	for k, m := range carls.Settled() {
		want := "all hear this"
		if k > 0 {
			want = fmt.Sprintf("%s %d", []string{"bob", "anna"}[k%2], (k-1)/2)
		}
		if m.Text != want || m.Pos.Seq != uint64(k+1) {
			t.Errorf("%v %q at place %d, expected %q", m.Pos, m.Text, k, want)
		}
	}
	if own, err := anna.store.Stored(context.Background(), rooms.UUID{}, "repair"); err != nil || !own.IsZero() {
		t.Errorf("another community has the room too: %v, %v", own, err)
	}
}
