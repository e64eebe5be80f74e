// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"kchat/e2e/peer"
	"kchat/media"
	"kchat/rooms"
	"kchat/server/vmtest"
	"kchat/tui/desk"
	"kchat/wire"
)

// gate is a blob store that takes the first bytes of what comes, and the rest when it is opened.
type gate struct {
	rooms.Blobs
	after uint64
	there chan struct{} // closed when so much has come
	free  chan struct{} // closed by open
	once  sync.Once
	begun sync.Once
}

func newGate(b rooms.Blobs, after uint64) *gate {
	return &gate{Blobs: b, after: after, there: make(chan struct{}), free: make(chan struct{})}
}

func (g *gate) open() { g.once.Do(func() { close(g.free) }) }

// Receive implements rooms.Blobs.
func (g *gate) Receive(hash rooms.Hash, size, offset uint64) (rooms.BlobWriter, error) {
	w, err := g.Blobs.Receive(hash, size, offset)
	return &gated{w, g, offset}, err
}

type gated struct {
	rooms.BlobWriter
	g  *gate
	at uint64
}

// Write implements io.Writer.
func (w *gated) Write(p []byte) (int, error) {
	if w.at >= w.g.after {
		w.g.begun.Do(func() { close(w.g.there) })
		<-w.g.free
	}
	n, err := w.BlobWriter.Write(p)
	w.at += uint64(n)
	return n, err
}

// takeAll lets a client take whatever is offered.
func takeAll(b rooms.Blobs) func(*rooms.Config) {
	return func(c *rooms.Config) {
		c.Blobs, c.Accept = b, func(rooms.Transfer) bool { return true }
	}
}

// file is bytes that do not repeat themselves, and what describes them.
func file(size int) ([]byte, rooms.Attachment) {
	data := make([]byte, size)
	source := rand.NewChaCha8([32]byte{byte(size), byte(size >> 8), 7})
	_, _ = source.Read(data) // never fails
	hash := rooms.Hash(sha256.Sum256(data))
	return data, rooms.Attachment{Hash: hash, Size: uint64(size), MIME: "application/octet-stream", Name: "data.bin"}
}

func (u *user) sendFile(room string, a rooms.Attachment, data []byte) {
	u.t.Helper()
	ctx, cancel := vmtest.Timeout(patience)
	defer cancel()
	if _, err := u.SendBlob(ctx, room, rooms.StreamFile, a, "", bytes.NewReader(data)); err != nil {
		u.t.Fatal(err)
	}
}

// comes is the end of a transfer to somebody.
func comes(u *user) rooms.TransferEnded {
	u.t.Helper()
	return await(u, func(e rooms.TransferEnded) bool { return !e.Transfer.Outgoing })
}

// half is how much of a file comes before something happens.
const half = 2 << 20

func TestAFileGoesOnWhereItStoppedWhenTheMachineDied(t *testing.T) {
	t.Parallel()
	s := vmtest.Start(t)
	s.AddUser(t, "Anna", password)
	s.AddUser(t, "Bob", password)
	whole := blobs(t)
	waiting := newGate(whole, half)
	defer waiting.open()
	anna, bob := connect(t, s.Addr, "Anna", takeAll(blobs(t))), connect(t, s.Addr, "Bob", takeAll(waiting))
	meet("files", anna, bob)
	data, a := file(2 * half)
	anna.sendFile("files", a, data)
	<-waiting.there
	s.CutPower(t)
	waiting.open()
	if e := comes(bob); e.Err == nil || e.Transfer.Done < half {
		t.Fatalf("%+v", e)
	}
	again := await(bob, func(e rooms.TransferChanged) bool { return e.Transfer.Attached.Hash == a.Hash })
	if again.Transfer.Done < half {
		t.Errorf("it goes on at %d, though %d bytes were here", again.Transfer.Done, half)
	}
	if e := comes(bob); e.Err != nil {
		t.Fatal(e.Err)
	}
	same(t, whole, a.Hash, data)
}

func TestWhenTheAuthorIsGoneAnotherRecipientGoesOn(t *testing.T) {
	s := shared.Server(t)
	for _, name := range []string{"Gone-Anna", "Gone-Bob", "Gone-Carl"} {
		s.AddUser(t, name, password)
	}
	whole := blobs(t)
	waiting := newGate(whole, half)
	defer waiting.open()
	anna, bob := connect(t, s.Addr, "Gone-Anna", takeAll(blobs(t))), connect(t, s.Addr, "Gone-Bob", takeAll(waiting))
	carls := blobs(t)
	carl := connect(t, s.Addr, "Gone-Carl", takeAll(carls))
	meet("gone", anna, bob, carl)
	data, a := file(2*half + 1)
	anna.sendFile("gone", a, data)
	<-waiting.there
	anna.Close() // Carl has no more than Bob and a window, either
	if e := comes(carl); e.Err == nil {
		t.Fatalf("%+v", e)
	}
	waiting.open()
	if e := comes(bob); e.Err == nil {
		t.Fatalf("%+v", e)
	}
	// Somebody comes who has it.
	dora := connectAs(t, s, "Gone-Dora", data, a)
	dora.join("gone", rooms.JoinOptions{})
	for _, u := range []*user{bob, carl} {
		again := await(u, func(e rooms.TransferChanged) bool {
			return !e.Transfer.Outgoing && e.Transfer.Stream != (rooms.MessageID{})
		})
		if again.Transfer.Done == 0 {
			t.Errorf("%s begins anew: %+v", u.name, again)
		}
		if e := comes(u); e.Err != nil {
			t.Fatalf("%s: %v", u.name, e.Err)
		}
	}
	same(t, whole, a.Hash, data)
	same(t, carls, a.Hash, data)
}

// connectAs is somebody who has a blob already.
func connectAs(t *testing.T, s *vmtest.Server, name string, data []byte, a rooms.Attachment) *user {
	t.Helper()
	s.AddUser(t, name, password)
	b := blobs(t)
	w, err := b.Receive(a.Hash, a.Size, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	return connect(t, s.Addr, name, takeAll(b))
}

func TestBytesOfALiarAreThrownAwayAndAskedFromAnother(t *testing.T) {
	s := shared.Server(t)
	data, a := file(100_000)
	whole := blobs(t)
	s.AddUser(t, "Liar-Bob", password)
	bob, carl := connect(t, s.Addr, "Liar-Bob", takeAll(whole)), connectAs(t, s, "Liar-Carl", data, a)
	meet("liar", bob, carl)
	f := newFilmer(t, s, "Liar", "liar")
	message := peer.NewID()
	if err := f.Send(wire.Header{Type: wire.TypeMsg, Room: f.room, ID: message},
		wire.Talk{Descriptor: &wire.Descriptor{Hash: a.Hash, Size: a.Size, MIME: a.MIME, Name: a.Name}}); err != nil {
		t.Fatal(err)
	}
	f.send(wire.TypeStreamBegin, wire.StreamBegin{Size: a.Size, Kind: wire.StreamFile, Hash: a.Hash, MIME: a.MIME, Name: a.Name})
	spoilt := bytes.Clone(data)
	spoilt[77] ^= 1
	f.chunks(spoilt)
	f.send(wire.TypeStreamEnd, wire.StreamEnd{Size: a.Size, Hash: a.Hash})
	if e := comes(bob); !errors.Is(e.Err, wire.ErrStreamHash) {
		t.Fatalf("%+v", e)
	}
	if e := comes(bob); e.Err != nil || e.Transfer.Done != a.Size {
		t.Fatalf("%+v", e)
	}
	same(t, whole, a.Hash, data)
}

func TestAnEmptyFileArrives(t *testing.T) {
	s := shared.Server(t)
	s.AddUser(t, "Empty-Anna", password)
	s.AddUser(t, "Empty-Bob", password)
	whole := blobs(t)
	anna, bob := connect(t, s.Addr, "Empty-Anna", takeAll(blobs(t))), connect(t, s.Addr, "Empty-Bob", takeAll(whole))
	meet("empty", anna, bob)
	data, a := file(0)
	anna.sendFile("empty", a, data)
	if e := comes(bob); e.Err != nil {
		t.Fatal(e.Err)
	}
	same(t, whole, a.Hash, data)
	if e := await(anna, func(e rooms.TransferEnded) bool { return e.Transfer.Outgoing }); e.Err != nil {
		t.Error(e.Err)
	}
}

func TestAFullStoreSaysSoAndKeepsNothing(t *testing.T) {
	s := shared.Server(t)
	s.AddUser(t, "Full-Anna", password)
	s.AddUser(t, "Full-Bob", password)
	dir := t.TempDir()
	small, err := media.OpenStore(dir, media.StoreOptions{Limit: 50_000})
	if err != nil {
		t.Fatal(err)
	}
	pinned, _, err := small.Put(strings.NewReader(strings.Repeat("to be kept ", 4000)))
	if err == nil {
		err = small.Pin(pinned)
	}
	if err != nil {
		t.Fatal(err)
	}
	anna, bob := connect(t, s.Addr, "Full-Anna", takeAll(blobs(t))), connect(t, s.Addr, "Full-Bob", takeAll(desk.NewBlobs(small, nil)))
	meet("full", anna, bob)
	data, a := file(20_000)
	anna.sendFile("full", a, data)
	if e := comes(bob); !errors.Is(e.Err, rooms.ErrKeeping) || !errors.Is(e.Err, media.ErrStoreFull) || !strings.Contains(e.Err.Error(), "raise its limit") {
		t.Fatalf("%+v", e)
	}
	left, err := os.ReadDir(filepath.Join(dir, "partial"))
	if err != nil || len(left) != 0 || !small.Has(pinned) {
		t.Error(left, err)
	}
	bob.say("full", "go on") // with all else
	anna.awaitText("go on")
}

// TestWhoStopsReadingHoldsNobodyUpForLong: the module drops whoever reads under the floor, the others have the file then,
// and who was dropped goes on from where it was.
func TestWhoStopsReadingHoldsNobodyUpForLong(t *testing.T) {
	t.Parallel()
	s := shared.Server(t)
	for _, name := range []string{"Stop-Anna", "Stop-Bob", "Stop-Carl"} {
		s.AddUser(t, name, password)
	}
	whole, carls := blobs(t), blobs(t)
	waiting := newGate(whole, half)
	defer waiting.open()
	anna := connect(t, s.Addr, "Stop-Anna", takeAll(blobs(t)))
	bob, carl := connect(t, s.Addr, "Stop-Bob", takeAll(waiting)), connect(t, s.Addr, "Stop-Carl", takeAll(carls))
	meet("stop", anna, bob, carl)
	data, a := file(8 * half) // more than all buffers on the way to Bob hold
	anna.sendFile("stop", a, data)
	<-waiting.there
	if e := comes(carl); e.Err != nil {
		t.Fatal(e.Err)
	}
	same(t, carls, a.Hash, data)
	if whole.Has(a.Hash) {
		t.Fatal("Bob has it all: nobody was held up")
	}
	waiting.open()
	if e := comes(bob); e.Err == nil || e.Transfer.Done < half {
		t.Fatalf("%+v", e)
	}
	if e := comes(bob); e.Err != nil {
		t.Fatal(e.Err)
	}
	same(t, whole, a.Hash, data)
}

func TestEitherSideEndsAFileThere(t *testing.T) {
	s := shared.Server(t)
	for _, name := range []string{"End-Anna", "End-Bob", "End-Carl"} {
		s.AddUser(t, name, password)
	}
	bobs, carls := newGate(blobs(t), half), newGate(blobs(t), half)
	defer bobs.open()
	defer carls.open()
	anna := connect(t, s.Addr, "End-Anna", takeAll(blobs(t)))
	bob, carl := connect(t, s.Addr, "End-Bob", takeAll(bobs)), connect(t, s.Addr, "End-Carl", takeAll(carls))
	meet("end", anna, bob, carl)
	data, a := file(2*half + 2)
	anna.sendFile("end", a, data)
	<-bobs.there
	<-carls.there

	// Bob ends it for himself; Carl's goes on.
	bob.StopBlob("end", a.Hash)
	bobs.open()
	if e := comes(bob); !errors.Is(e.Err, wire.ErrCancelled) {
		t.Fatalf("%+v", e)
	}
	await(anna, func(e rooms.TransferChanged) bool { return e.Transfer.Takers == 2 })

	// Anna ends it for all, and gives it to nobody any more.
	anna.StopBlob("end", a.Hash)
	if e := await(anna, func(e rooms.TransferEnded) bool { return e.Transfer.Outgoing }); !errors.Is(e.Err, wire.ErrCancelled) {
		t.Fatalf("%+v", e)
	}
	carls.open()
	if e := comes(carl); !errors.Is(e.Err, wire.ErrCancelled) {
		t.Fatalf("%+v", e)
	}
	ctx, cancel := vmtest.Timeout(patience)
	defer cancel()
	if err := carl.Fetch(ctx, "end", a); err != nil {
		t.Fatal(err)
	}
	carl.say("end", "after the question") // which Anna has had when she hears this
	anna.awaitText("after the question")
	bobs.mustNotHave(t, a.Hash)
	carls.mustNotHave(t, a.Hash)
}

func (g *gate) mustNotHave(t *testing.T, hash rooms.Hash) {
	t.Helper()
	if g.Has(hash) {
		t.Error("it has come all the same")
	}
}
