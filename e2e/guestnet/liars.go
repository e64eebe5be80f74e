// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"kchat/e2e/peer"
	"kchat/server/genl"
	"kchat/wire"
)

// datagramsOfLiars: forged, cut, repeated, from another time, and lies of somebody who knows the secret.
func datagramsOfLiars(ctx context.Context) error {
	c, l, err := newLiar(ctx)
	defer c.close()
	if err != nil {
		return err
	}
	defer l.conn.Close()
	for _, step := range []func(context.Context) error{l.forged, l.repeated, l.questions, l.lies, l.moves, l.waiting} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// forged: nothing of it makes the liar live, and nothing is answered.
func (l *liar) forged(ctx context.Context) error {
	good := l.build(kindLoad, load(1, 1), nil)
	for at := range good {
		if err := l.send(good[:at]); err != nil {
			return err
		}
		changed := bytes.Clone(good)
		changed[at] ^= 0x10
		if err := l.send(changed); err != nil {
			return err
		}
		if at%32 == 0 {
			time.Sleep(20 * time.Millisecond) // so that the queue does not drop them unread
		}
	}
	for what, b := range map[string][]byte{
		"one byte more":       append(bytes.Clone(good), 0),
		"a stranger":          l.build(kindLoad, load(1, 1), func(b []byte) { b[8] ^= 1 }),
		"the server itself":   l.build(kindLoad, load(1, 1), func(b []byte) { copy(b[8:24], l.server.uuid[:]) }),
		"to another server":   l.build(kindLoad, load(1, 1), func(b []byte) { b[24] ^= 1 }),
		"of another time":     l.build(kindLoad, load(1, 1), func(b []byte) { b[56] ^= 1 }),
		"an epoch of the end": l.build(kindLoad, load(1, 1), func(b []byte) { copy(b[64:72], "\xff\xff\xff\xff\xff\xff\xff\xff") }),
		"1201 bytes":          make([]byte, 1201),
	} {
		if err := l.send(b); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	question := l.build(kindWhere, named(1, "x"), nil)
	question[len(question)-1] ^= 1
	if err := errors.Join(l.send(question), l.silent("a forged question", kindHere)); err != nil {
		return err
	}
	if p, err := l.seen(ctx); err != nil || p.State != genl.PeerSilent {
		return fmt.Errorf("who says nothing that is true is %v: %w", p.State, err)
	}
	if err := errors.Join(l.say(kindLoad, load(5, 3)), l.server.sees(ctx, l.town, genl.PeerLive)); err != nil {
		return err
	}
	p, err := l.seen(ctx)
	if err != nil || p.Load != 5 || p.Rooms != 3 {
		return fmt.Errorf("it is seen as %+v: %w", p, err)
	}
	fmt.Println("what is forged or cut is not heard")
	return nil
}

// repeated: what was sent before is not heard again.
func (l *liar) repeated(ctx context.Context) error {
	old := l.build(kindLoad, load(100, 1), nil)
	before := l.build(kindLoad, load(99, 1), func(b []byte) { b[40]-- })
	for _, b := range [][]byte{old, l.build(kindLoad, load(200, 1), nil), old, before} {
		if err := l.send(b); err != nil {
			return err
		}
	}
	// An answer to what came after proves that all before it was looked at.
	if err := l.say(kindWhere, named(2, "x")); err != nil {
		return err
	}
	if _, err := l.hear(kindHere); err != nil {
		return err
	}
	if p, err := l.seen(ctx); err != nil || p.Load != 200 {
		return fmt.Errorf("a repeated datagram counts: %+v: %w", p, err)
	}
	fmt.Println("what was sent before is not heard again")
	return nil
}

// questions: a room that the server has is there, another is nowhere.
func (l *liar) questions(context.Context) error {
	g := guest{c: nil, login: "p0", conns: map[*town]*peer.Conn{}}
	defer g.close()
	conn, err := g.at(l.server)
	if err != nil {
		return err
	}
	r, err := l.joins(conn, "here", nil)
	if err != nil {
		return err
	}
	if r == nil {
		return errors.New("the room is not here")
	}
	for name, want := range map[string][16]byte{"here": l.server.uuid, "nowhere": {}} {
		if err := l.say(kindWhere, named(3, name)); err != nil {
			return err
		}
		d, err := l.hear(kindHere)
		if err != nil || len(d.body) != 40 || [16]byte(d.body[8:24]) != want {
			return fmt.Errorf("%q is at %+v: %w", name, d, err)
		}
	}
	fmt.Println("the server says which rooms it has")
	return nil
}

// joins sends a JOIN, and answers what the server asks meanwhile: with @home, or a lie that it is with nobody known. The
// room, or nil: MOVED.
func (l *liar) joins(conn *peer.Conn, name string, home *[16]byte) (*peer.Room, error) {
	type result struct {
		r   *peer.Room
		err error
	}
	done := make(chan result, 1)
	go func() {
		r, err := conn.Join(wire.Join{Name: name})
		done <- result{r, err}
	}()
	for {
		select {
		case got := <-done:
			var other *peer.Unexpected
			if errors.As(got.err, &other) && other.Got.Type == wire.TypeMoved {
				return nil, nil
			}
			return got.r, got.err
		default:
		}
		d, err := l.next(20 * time.Millisecond)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := l.answers(d, home); err != nil {
			return nil, err
		}
	}
}

// answers a question of the server.
func (l *liar) answers(d datagram, home *[16]byte) error {
	kind := byte(kindHere)
	switch d.kind {
	case kindWhere:
	case kindClaim:
		kind = kindGive
	default:
		return nil
	}
	at := [16]byte{0xde, 0xad} // nobody
	if home != nil {
		at = *home
	}
	body := append(bytes.Clone(d.body[:8]), at[:]...)
	return l.say(kind, append(body, load(900, 900)...))
}

// lies: a home that nobody knows is none, after a while; one that is known is followed.
func (l *liar) lies(ctx context.Context) error {
	if err := l.server.kernel.SetParam(ctx, "home_ms", 500); err != nil {
		return err
	}
	g := guest{login: "p1", conns: map[*town]*peer.Conn{}}
	defer g.close()
	conn, err := g.at(l.server)
	if err != nil {
		return err
	}
	for i := range 6 { // of some the liar is the registrar, of some the server
		if r, err := l.joins(conn, fmt.Sprintf("lie-%d", i), nil); err != nil || r == nil || r.Epoch>>32 > generationNow()+100 {
			return fmt.Errorf("a home that nobody knows: room %+v: %w", r, err)
		}
		if r, err := l.joins(conn, fmt.Sprintf("there-%d", i), &l.uuid); err != nil || r != nil {
			return fmt.Errorf("a home at the peer: room %+v: %w", r, err)
		}
	}
	// Who is live, and answers nothing, holds nobody up for longer than home_ms.
	if r, err := conn.Join(wire.Join{Name: "unanswered"}); err != nil || r == nil {
		return fmt.Errorf("a peer that does not answer: %w", err)
	}
	fmt.Println("lies end in a room all the same")
	return nil
}

// generationNow is the generation that a server would have that starts in this hour.
func generationNow() uint64 { return uint64(time.Now().Unix()) / 3600 }

// room is a room as it goes over, without rules; docs/protocol.md, section 14.
func room(name, topic string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0)
	b = binary.LittleEndian.AppendUint16(b, 50)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(name)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(topic)))
	b = binary.LittleEndian.AppendUint32(b, 0)
	for _, n := range []uint64{generationNow() << 32, 1, 1, 1} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	b = append(b, make([]byte, wire.KeyLen)...)
	return append(append(b, name...), topic...)
}

func part(mark uint64, total, offset int, data []byte) []byte {
	b := marked(mark)
	b = binary.LittleEndian.AppendUint32(b, uint32(total))
	b = binary.LittleEndian.AppendUint32(b, uint32(offset))
	return append(b, data...)
}

// taken asks for an answer to a part or to DONE, and wants a state.
func (l *liar) taken(what string, kind byte, body []byte, state byte, offset int) error {
	if err := l.say(kind, body); err != nil {
		return err
	}
	d, err := l.hear(kindTaken)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if len(d.body) != 16 || d.body[14] != state || int(binary.LittleEndian.Uint32(d.body[8:])) != offset {
		return fmt.Errorf("%s: TAKEN %x", what, d.body)
	}
	return nil
}

// moves: a room that comes in parts, twice, wrong, and too big.
func (l *liar) moves(ctx context.Context) error {
	const taken, whole, done, refused = 0, 1, 2, 3
	r := room("harbour", "ships")
	n := len(r)
	for _, step := range []struct {
		what   string
		kind   byte
		body   []byte
		state  byte
		offset int
	}{
		{"garbage", kindMove, part(10, 100, 0, make([]byte, 100)), refused, 0},
		{"a room without end", kindMove, part(11, 1<<30, 0, r), refused, 0},
		{"the room that is on every server", kindMove, part(12, len(room("local", "")), 0, room("local", "")), refused, 0},
		{"a name that none can have", kindMove, part(13, len(room(" x", "")), 0, room(" x", "")), refused, 0},
		{"DONE of nothing", kindDone, marked(14), refused, 0},
		{"the first part", kindMove, part(15, n, 0, r[:50]), taken, 50},
		{"the first part again", kindMove, part(15, n, 0, r[:50]), taken, 50},
		{"a part behind a hole", kindMove, part(15, n, 60, r[60:]), taken, 50},
		{"DONE before it is whole", kindDone, marked(15), refused, 50},
		{"the rest", kindMove, part(15, n, 50, r[50:]), whole, n},
		{"the rest again", kindMove, part(15, n, 50, r[50:]), whole, n},
		{"DONE", kindDone, marked(15), done, 0},
		{"DONE again", kindDone, marked(15), done, 0},
		{"the same room again", kindMove, part(16, n, 0, r), whole, n},
		{"and DONE", kindDone, marked(16), done, 0},
	} {
		if err := l.taken(step.what, step.kind, step.body, step.state, step.offset); err != nil {
			return err
		}
	}
	rooms, err := l.server.rooms(ctx)
	if err != nil || rooms["harbour"].Name == "" || rooms[" x"].Name != "" {
		return fmt.Errorf("the rooms are %v: %w", rooms, err)
	}
	g := guest{login: "p2", conns: map[*town]*peer.Conn{}}
	defer g.close()
	conn, err := g.at(l.server)
	if err != nil {
		return err
	}
	if r, err := conn.Join(wire.Join{Name: "harbour"}); err != nil || r.Topic != "ships" || r.Made != 1 {
		return fmt.Errorf("the room that came is %+v: %w", r, err)
	}
	fmt.Println("a room comes once, whole, or not")
	return nil
}

// waiting: so many JOINs wait and no more; who goes meanwhile is no matter; a server that stops tells who is left.
func (l *liar) waiting(ctx context.Context) error {
	for name, value := range map[string]uint64{"home_ms": 60_000, "joins": 2, "peer_ms": 60_000} {
		if err := l.server.kernel.SetParam(ctx, name, value); err != nil {
			return err
		}
	}
	if err := l.say(kindLoad, load(5, 3)); err != nil {
		return err
	}
	var conns [3]*peer.Conn
	for i := range conns {
		g := guest{login: fmt.Sprintf("p%d", 3+i), conns: map[*town]*peer.Conn{}}
		defer g.close()
		var err error
		if conns[i], err = g.at(l.server); err != nil {
			return err
		}
		if _, err := conns[i].Request(wire.TypeJoin, 0, wire.Join{Name: fmt.Sprintf("wait-%d", i)}); err != nil {
			return err
		}
		// The JOIN was handled when the answer to what follows it is here.
		if _, err := conns[i].Ask(wire.TypePing, 0, wire.Empty{}, wire.TypePong); err != nil {
			return err
		}
	}
	busy := func(f peer.Frame) bool { return f.Type == wire.TypeError }
	f, err := conns[2].Find(patience, busy)
	if err != nil {
		return fmt.Errorf("one JOIN too many: %w", err)
	}
	if e, err := wire.ParseError(f.Body); err != nil || e.Number != wire.ErrBusy {
		return fmt.Errorf("one JOIN too many: %+v", e)
	}
	if err := conns[0].Reset(); err != nil {
		return err
	}
	began := time.Now()
	if err := l.server.kernel.Stop(ctx); err != nil {
		return err
	}
	f, err = conns[1].Find(patience, busy)
	if err != nil {
		return fmt.Errorf("a JOIN that waits while the server stops: %w", err)
	}
	if e, err := wire.ParseError(f.Body); err != nil || e.Number != wire.ErrShutdown {
		return fmt.Errorf("a JOIN that waits while the server stops: %+v", e)
	}
	fmt.Printf("the server stops with JOINs that wait, in %v\n", time.Since(began).Round(time.Millisecond))
	// Once more, and the namespace goes with it.
	l.server.start.Generation++
	if err := l.server.kernel.Start(ctx, l.server.start); err != nil {
		return err
	}
	if _, err := l.hear(kindLoad); err != nil {
		return err
	}
	if err := errors.Join(l.say(kindLoad, load(5, 3)), l.server.sees(ctx, l.town, genl.PeerLive)); err != nil {
		return err
	}
	g := guest{login: "p9", conns: map[*town]*peer.Conn{}}
	conn, err := g.at(l.server)
	if err != nil {
		return err
	}
	if _, err := conn.Request(wire.TypeJoin, 0, wire.Join{Name: "wait-for-ever"}); err != nil {
		return err
	}
	_, err = conn.Ask(wire.TypePing, 0, wire.Empty{}, wire.TypePong)
	_, _ = rand.Read(l.uuid[:])
	return err
}
