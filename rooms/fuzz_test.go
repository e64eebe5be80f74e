// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kchat/media"
	"kchat/wire"
)

// storeBlobs is a real media store for a client.
type storeBlobs struct{ *media.Store }

func (b storeBlobs) Has(h Hash) bool                        { return b.Store.Has(media.Hash(h)) }
func (b storeBlobs) Open(h Hash) (io.ReadSeekCloser, error) { return b.Store.Open(media.Hash(h)) }
func (b storeBlobs) Partial(h Hash) (uint64, error)         { return b.Store.Partial(media.Hash(h)) }

func (b storeBlobs) Receive(h Hash, size, offset uint64) (BlobWriter, error) {
	in, err := b.Store.Receive(media.Hash(h), size, offset)
	if err != nil {
		return nil, err
	}
	return storeWriter{in}, nil
}

type storeWriter struct{ *media.Incoming }

func (w storeWriter) Expect(h Hash, size uint64) { w.Incoming.Expect(media.Hash(h), size) }

// hostile is a client without goroutines of its own, which is given frames one after the other.
type hostile struct {
	*Client
	l    *link
	dir  string
	asks map[wire.Type]wire.ID // the client's last request of each type
	last wire.ID
	data []byte
}

func newHostile(t testing.TB, data []byte) *hostile {
	dir := t.TempDir()
	blobs, err := media.OpenStore(filepath.Join(dir, "blobs"), media.StoreOptions{MaxBlob: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	store := newMemStore()
	c, err := New(Config{
		Address: "test:1", User: "Me", Password: peerPassword, Rooms: []string{"lobby", "work"}, Store: store, Pins: store,
		Blobs: storeBlobs{blobs}, Accept: func(Transfer) bool { return true }, StreamMax: 1 << 16,
		Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("not here") },
	})
	if err != nil {
		t.Fatal(err)
	}
	c.ctx, c.cancel = context.WithCancel(t.Context())
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	s := &session{number: 1, server: peerServer, community: peerCommunity, iterations: peerIterations, me: Person{ID: myID, Name: "Me"}}
	h := &hostile{Client: c, l: newLink(c.main, ours, wire.NewReader(ours), false), dir: dir, asks: map[wire.Type]wire.ID{}, data: data}
	c.view.session, c.main.session, c.main.link, c.online, c.loaded = s, s, h.l, true, true
	c.names[myID] = "Me"
	c.main.media.link = h.l // streams come on the first connection
	for _, r := range c.view.rooms {
		r.known = true
		c.join(r)
	}
	return h
}

func (h *hostile) byte() byte {
	if len(h.data) == 0 {
		return 0
	}
	b := h.data[0]
	h.data = h.data[1:]
	return b
}

// number is small, or near the largest.
func (h *hostile) number() uint64 {
	b := h.byte()
	switch {
	case b < 0xf0:
		return uint64(b)
	default:
		return ^uint64(0) - uint64(b-0xf0)<<(b&3*8)
	}
}

func (h *hostile) bytes() []byte {
	n := min(int(h.byte()), len(h.data))
	b := h.data[:n]
	h.data = h.data[n:]
	return b
}

var epochs = [...]uint64{epochOne, epochTwo, 0, 1, ^uint64(0)}

func (h *hostile) epoch() uint64 { return epochs[int(h.byte())%len(epochs)] }

var fuzzNames = [...]string{"lobby", "work", "@1-2", "@2-1", "../../etc", "", "a/b"}

func (h *hostile) name() string { return fuzzNames[int(h.byte())%len(fuzzNames)] }

func (h *hostile) person() wire.Person {
	return wire.Person{Account: h.number(), State: wire.PersonState(h.byte() % 7), Flags: h.byte(), Name: h.name()}
}

// kinds are the frames that a server may send.
var fuzzKinds = [...]wire.Type{
	wire.TypeJoined, wire.TypeRoster, wire.TypeLive, wire.TypeMsg, wire.TypePresence, wire.TypeGap, wire.TypeWant, wire.TypeReoffer,
	wire.TypeMoved, wire.TypeStreamBegin, wire.TypeStreamStart, wire.TypeStreamChunk, wire.TypeStreamEnd, wire.TypeStreamCancel,
	wire.TypeStreamCredit, wire.TypeInvited, wire.TypeParted, wire.TypeDelivered, wire.TypeBlobWant, wire.TypeError, wire.TypeOK,
	wire.TypeAck, wire.TypeTyping, wire.TypePerson, wire.TypeEdit, wire.TypeReact, wire.TypeTopic, wire.TypeDelete, wire.TypeDirect,
	wire.TypePing, wire.TypePong, wire.TypeRoomsAre, wire.TypeWelcome, wire.TypeAuthOK, 0x9999, 0x1999,
}

// body is a well-formed body of a type, with contents that make no sense.
func (h *hostile) body(kind wire.Type) wire.Body {
	hash := [32]byte{h.byte() & 1}
	switch kind {
	case wire.TypeJoined:
		return wire.Joined{Start: h.number(), First: h.number(), Made: uint64(time.Now().UnixMicro()), People: 2, Flags: uint32(h.byte()), Name: h.name()}
	case wire.TypeRoster:
		return wire.People{h.person(), h.person()}
	case wire.TypePresence, wire.TypePerson:
		return h.person()
	case wire.TypeMsg, wire.TypeEdit, wire.TypeReact, wire.TypeTopic, wire.TypeDelete:
		return h.talk()
	case wire.TypeGap:
		return wire.Gap{From: h.number(), To: h.number()}
	case wire.TypeWant:
		return wire.Want{FromEpoch: h.epoch(), FromSeq: h.number(), ToEpoch: h.epoch(), ToSeq: h.number()}
	case wire.TypeReoffer:
		return wire.Reoffer{To: h.number(), Epoch: h.epoch(), Seq: h.number(), Type: wire.TypeMsg, Body: h.talk().Append(nil)}
	case wire.TypeMoved:
		return wire.Moved{Server: [16]byte{h.byte()}, Port: uint16(h.byte()), Host: h.name(), Room: h.name()}
	case wire.TypeStreamBegin:
		size := h.number()
		return wire.StreamBegin{Size: size, Offset: h.number(), To: h.number(), Kind: h.byte() & 3, Hash: hash, MIME: h.name(), Name: h.name()}
	case wire.TypeStreamEnd:
		return wire.StreamEnd{Size: h.number(), Hash: hash}
	case wire.TypeStreamStart:
		return wire.Number{Value: h.number()}
	case wire.TypeInvited:
		return wire.Invited{Flags: uint32(h.byte()), Room: h.name(), Sender: h.name()}
	case wire.TypeDelivered:
		return wire.Delivered{Present: uint32(h.byte()), Steps: []wire.Step{{Seq: h.number(), People: uint32(h.byte())}}}
	case wire.TypeError:
		return wire.ErrorBody{Number: wire.ErrorNumber(h.byte()), Wait: time.Duration(h.byte()) * time.Millisecond, Sentence: h.name()}
	case wire.TypeBlobWant:
		return wire.BlobWant{Hash: hash, Offset: h.number()}
	default:
		return wire.Raw(h.bytes())
	}
}

func (h *hostile) talk() wire.Talk {
	t := wire.Talk{Text: h.bytes()}
	if b := h.byte(); b&1 != 0 {
		t.Descriptor = &wire.Descriptor{Hash: [32]byte{b & 2}, Size: h.number(), MIME: h.name(), Name: h.name()}
		t.Target = wire.ID{h.byte()}
	}
	return t
}

// frame is the server's next frame.
func (h *hostile) frame() (wire.Header, wire.Body) {
	kind, how := fuzzKinds[int(h.byte())%len(fuzzKinds)], h.byte()
	f := wire.Frame{Header: wire.Header{
		Type: kind, Flags: wire.Flags(how >> 4 & 3), Room: roomNumber + uint32(how>>6), Epoch: h.epoch(), Seq: h.number(), Sender: uint64(h.byte() % 5),
	}}
	switch how & 3 {
	case 0:
		f.ID = h.last
	case 1:
		f.ID = h.asks[wire.TypeJoin]
	case 2:
		f.ID = streamID
	default:
		f.ID = wire.ID{h.byte()}
	}
	if how&4 != 0 {
		return f.Header, wire.Raw(h.bytes())
	}
	return f.Header, h.body(kind)
}

// listen reads what the client has said.
func (h *hostile) listen(t testing.TB) {
	h.l.mu.Lock()
	said := h.l.pending
	h.l.pending = nil
	h.l.mu.Unlock()
	for r := wire.NewReader(strings.NewReader(string(said))); ; {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("the client writes what nobody can read: %v", err)
		}
		if n := f.CheckRequest(wire.StateAny); n != 0 {
			t.Fatalf("%v from the client is %s", f.Type, n.Name())
		}
		h.asks[f.Type], h.last = f.ID, f.ID
	}
}

// settle does what the client has put off, without waiting for its timers.
func (h *hostile) settle() {
	h.settleMail()
	h.out.settle(context.Background(), h.out.work.take())
	h.settleMail()
	h.out.told.take()
}

// FuzzServer gives a client what a server has no right to say. It must neither panic nor hold more than it was sent
// allows, nor write outside the folder of its blobs, nor answer with frames that are not allowed.
func FuzzServer(f *testing.F) {
	open := []byte{0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 0x11, 0, 0, 2, 0, 1, 1, 0, 0, 2, 1, 0, 0, 2, 1, 0, 0, 2}
	f.Add(open)
	for k := range fuzzKinds {
		f.Add(append(append([]byte{}, open...), byte(k), 0, 0, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8, byte(k), 2, 1, 2, 3, 4, 0xff, 0xfe))
		f.Add(append(append([]byte{}, open...), byte(k), 4, 0, 1, 2, 5, 2, 3, 4, 5, 6, 7, 8, byte(k), 6, 1, 2, 3, 4, 0xff, 0xfe))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h := newHostile(t, data)
		for len(h.data) > 0 && h.l.reason() == nil {
			h.listen(t)
			head, body := h.frame()
			fr, err := wire.NewReader(bytes.NewReader(wire.AppendFrame(nil, head, body))).Next()
			if err != nil {
				continue // the connection would have ended
			}
			if !h.blobs.receive(h.l, fr) {
				h.handle(h.l, copyFrame(fr))
			}
			h.settle()
		}
		h.cancel()
		h.l.fail(ErrClosed)
		h.workers.Wait()
		if f := h.fault.Load(); f != nil {
			t.Fatalf("%v\n%s", f, f.Stack)
		}
		h.settle()
		if h.main.link != nil {
			h.main.media.link = nil
			h.lost(h.main, ErrClosed)
		}
		h.settle()
		for timer := range h.timers {
			timer.Stop()
		}
		h.bounded(t, len(data))
	})
}

// bounded checks what is left of a run.
func (h *hostile) bounded(t *testing.T, sent int) {
	if n := len(h.view.rooms); n > sent+2 || n > roomsMax {
		t.Errorf("%d rooms", n)
	}
	if n := len(h.blobs.byID); n != 0 {
		t.Errorf("%d streams are left", n)
	}
	if len(h.homes) > homesMax {
		t.Errorf("%d homes", len(h.homes))
	}
	err := filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		in, err := filepath.Rel(filepath.Join(h.dir, "blobs"), path)
		if err != nil || strings.HasPrefix(in, "..") {
			t.Errorf("a file outside the folder of blobs: %s", path)
		}
		if info, err := os.Lstat(path); err == nil && info.Size() > int64(sent) {
			t.Errorf("%s has %d bytes, %d were sent", path, info.Size(), sent)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
