// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kchat/e2e/peer"
	"kchat/media"
	"kchat/rooms"
	"kchat/server/vmtest"
	"kchat/tui/desk"
	"kchat/wire"
)

// filmer sends live video: a peer that writes its frames itself.
type filmer struct {
	*peer.Conn
	t    *testing.T
	room uint32
	id   wire.ID
}

func newFilmer(t *testing.T, s *vmtest.Server, name, room string) *filmer {
	t.Helper()
	s.AddUser(t, name, password)
	c, err := peer.Dial(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // a test may have closed it
	if err := c.Hello(); err != nil {
		t.Fatal(err)
	}
	if err := c.Login(strings.ToLower(name), password); err != nil {
		t.Fatal(err)
	}
	r, err := c.Join(wire.Join{Name: room})
	if err != nil {
		t.Fatal(err)
	}
	return &filmer{Conn: c, t: t, room: r.Number, id: peer.NewID()}
}

func (f *filmer) send(kind wire.Type, body wire.Body) {
	f.t.Helper()
	if err := f.Send(wire.Header{Type: kind, Room: f.room, ID: f.id}, body); err != nil {
		f.t.Fatal(err)
	}
}

// begin announces a film of which nothing is known, and waits until somebody takes it.
func (f *filmer) begin() {
	f.t.Helper()
	f.send(wire.TypeStreamBegin, wire.StreamBegin{Size: wire.SizeUnknown, Kind: wire.StreamVideo, MIME: "video/x-matroska", Name: "live.mkv"})
	if _, err := f.Find(patience, func(fr peer.Frame) bool {
		credit, err := wire.ParseStreamCredit(fr.Body)
		return fr.Type == wire.TypeStreamCredit && fr.ID == f.id && err == nil && credit.Takers == 1
	}); err != nil {
		f.t.Fatal("nobody takes it:", err)
	}
}

func (f *filmer) chunks(film []byte) {
	f.t.Helper()
	for at := 0; at < len(film); at += wire.ChunkMax {
		h := wire.Header{Type: wire.TypeStreamChunk, Room: f.room, ID: f.id, Flags: wire.FlagKeyframe}
		if err := f.Send(h, wire.Raw(film[at:min(at+wire.ChunkMax, len(film))])); err != nil {
			f.t.Fatal(err)
		}
	}
}

func TestLiveVideoIsNamedByItsEnd(t *testing.T) {
	s := shared.Server(t)
	dir := t.TempDir()
	store, err := media.OpenStore(dir, media.StoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.AddUser(t, "Live-Bob", password)
	bob := connect(t, s.Addr, "Live-Bob", func(c *rooms.Config) {
		c.Blobs = desk.NewBlobs(store, nil)
		c.Accept = func(rooms.Transfer) bool { return true }
	})
	bob.join("live", rooms.JoinOptions{})
	film := bytes.Repeat([]byte("moving "), 30_000)
	hash := sha256.Sum256(film)

	// The sender vanishes in the middle: nothing is left.
	gone := newFilmer(t, s, "Live-Gone", "live")
	gone.begin()
	gone.chunks(film[:100_000])
	if err := gone.Reset(); err != nil {
		t.Fatal(err)
	}
	if e := await[rooms.TransferEnded](bob, nil); e.Err == nil {
		t.Errorf("%+v", e)
	}
	left, err := os.ReadDir(filepath.Join(dir, "partial"))
	if err != nil || len(left) != 0 {
		t.Error(left, err)
	}

	// It goes to its end: the blob is kept under its hash.
	anna := newFilmer(t, s, "Live-Anna", "live")
	anna.begin()
	anna.chunks(film)
	anna.send(wire.TypeStreamEnd, wire.StreamEnd{Size: uint64(len(film)), Hash: hash})
	e := await[rooms.TransferEnded](bob, nil)
	if e.Err != nil || e.Transfer.Attached.Hash != hash || e.Transfer.Attached.Size != uint64(len(film)) {
		t.Errorf("%+v", e)
	}
	if err := store.Verify(hash); err != nil {
		t.Error(err)
	}
}
