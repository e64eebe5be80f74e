// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/server/vmtest"
	"kchat/wire"
)

// TestUnloadInMidStream: a film that goes on, a file whose reader has stopped, chunks on their way in sockets. The module
// goes in time all the same, and leaves nothing.
func TestUnloadInMidStream(t *testing.T) {
	t.Parallel()
	s := vmtest.Start(t)
	users := s.AddUsers(t, "streamer", "password", 3)
	come := func(name string, connect func(string) (*peer.Conn, error)) *who {
		c, err := connect(s.Addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		w := &who{Conn: c, t: t}
		w.ok(w.Hello())
		w.ok(w.Login(name, "password"))
		return w
	}
	a, b, lazy := come(users[0], peer.Dial), come(users[1], peer.Dial), come(users[2], peer.DialNarrow)
	r := a.join("cinema")
	b.join("cinema")
	lazy.join("cinema")
	a.sees(r.Number, b, wire.PersonPresent)
	a.sees(r.Number, lazy, wire.PersonPresent)

	file := blob(4 << 20)
	fileID, credit := a.opened(r.Number, begin(wire.StreamFile, file))
	lazy.accepts(fileID, 0)
	a.accepted(fileID, 1)
	for at := uint64(0); at+wire.ChunkMax <= credit.Limit; at += wire.ChunkMax {
		a.ok(a.chunk(fileID, 0, file[at:at+wire.ChunkMax]))
	}
	film := begin(wire.StreamVideo, nil)
	film.Size = wire.SizeUnknown
	filmID, _ := a.opened(r.Number, film)
	b.accepts(filmID, 0)
	lazy.ok(lazy.Send(wire.Header{Type: wire.TypeStreamAccept, ID: filmID}, wire.Number{}))
	ended := make(chan int, 1)
	started := make(chan struct{})
	go func() {
		frame := make([]byte, 4000)
		for n := 0; ; n++ {
			flags := wire.Flags(0)
			if n%30 == 0 {
				flags = wire.FlagKeyframe
			}
			if a.chunk(filmID, flags, frame) != nil {
				ended <- n
				return
			}
			if n == 100 {
				close(started)
			}
			time.Sleep(time.Millisecond) // a film has a pace of its own
		}
	}()
	<-started
	b.find("the film", func(f peer.Frame) bool { return f.ID == filmID && f.Type == wire.TypeStreamChunk })
	unload(t, s)
	if n := <-ended; n < 100 {
		t.Errorf("the film ended after %d frames", n)
	}
	reload(t, s) // for the end of the server, which unloads it
}
