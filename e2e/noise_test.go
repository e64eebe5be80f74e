// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

// noiseSeconds is how long TestNoise makes noise; KCHAT_NOISE_SECONDS is another number.
const noiseSeconds = 5

// noise is one client that knows the grammar and breaks it.
type noise struct {
	random *rand.Rand
	acct   account
	conn   *peer.Conn
	rooms  []uint32
	ids    []wire.ID
	people []uint64
	names  []string
}

func (n *noise) pick(list ...wire.Type) wire.Type { return list[n.random.IntN(len(list))] }

func (n *noise) id() wire.ID {
	if n.random.IntN(3) == 0 {
		n.ids = append(n.ids, peer.NewID())
	}
	if len(n.ids) == 0 {
		return wire.ID{}
	}
	return n.ids[n.random.IntN(len(n.ids))]
}

func (n *noise) room() uint32 {
	if len(n.rooms) == 0 || n.random.IntN(20) == 0 {
		return n.random.Uint32N(1000)
	}
	return n.rooms[n.random.IntN(len(n.rooms))]
}

func (n *noise) person() uint64 { return n.people[n.random.IntN(len(n.people))] }

// frame is a frame that could be right.
func (n *noise) frame() []byte {
	h := wire.Header{Room: n.room(), ID: n.id()}
	var body wire.Body = wire.Empty{}
	text := make([]byte, n.random.IntN(300)+1)
	for i := range text {
		text[i] = 'a' + byte(n.random.IntN(26))
	}
	if n.random.IntN(10) == 0 {
		text = append(text, make([]byte, n.random.IntN(wire.TextMax))...)
		for i := range text {
			text[i] |= 0x40
		}
	}
	h.Type = n.pick(wire.TypeMsg, wire.TypeMsg, wire.TypeMsg, wire.TypeEdit, wire.TypeDelete, wire.TypeReact, wire.TypeTopic, wire.TypeTyping,
		wire.TypeWant, wire.TypeBlobWant, wire.TypeStored, wire.TypeReoffer, wire.TypeDirect, wire.TypeInvite, wire.TypeWhois, wire.TypePeople,
		wire.TypeRooms, wire.TypeStatus, wire.TypeJoin, wire.TypeJoin, wire.TypePart, wire.TypePing, wire.TypePong, wire.TypeStreamBegin,
		wire.TypeStreamBegin, wire.TypeStreamAccept, wire.TypeStreamAccept, wire.TypeStreamChunk, wire.TypeStreamChunk, wire.TypeStreamChunk,
		wire.TypeStreamEnd, wire.TypeStreamCancel, wire.TypeHello, wire.TypeAuth, wire.TypeResume, wire.TypePasswd, wire.TypeRegister)
	switch h.Type {
	case wire.TypeMsg, wire.TypeEdit, wire.TypeDelete, wire.TypeReact, wire.TypeTopic:
		body = wire.Talk{Target: n.id(), ReplyTo: n.id(), Text: text}
	case wire.TypeTyping:
		body = wire.Typing{On: n.random.IntN(2) == 0}
	case wire.TypeWant:
		body = wire.Want{FromEpoch: 1, ToEpoch: 2}
	case wire.TypeBlobWant:
		body = wire.BlobWant{Length: 5}
	case wire.TypeStored:
		body = wire.Stored{Epoch: n.random.Uint64(), Seq: n.random.Uint64()}
	case wire.TypeReoffer:
		body = wire.Reoffer{To: n.person(), Epoch: 1, Seq: 1, Time: 1, Type: wire.TypeMsg, Body: wire.Talk{Text: text}.Append(nil)}
	case wire.TypeDirect:
		body = wire.Direct{To: n.person(), Data: text}
	case wire.TypeInvite, wire.TypePeople, wire.TypeRooms, wire.TypeStreamAccept:
		body = wire.Number{Value: n.person()}
	case wire.TypeWhois:
		body = wire.Whois{Account: n.person()}
	case wire.TypeJoin:
		body = wire.Join{
			Name: n.names[n.random.IntN(len(n.names))], Epoch: n.random.Uint64N(3), Seq: n.random.Uint64N(100),
			Flags: n.random.Uint32N(4) << 8, Backlog: uint16(n.random.IntN(1001)),
		}
	case wire.TypeStreamBegin:
		body = wire.StreamBegin{Size: n.random.Uint64N(1 << 20), Kind: uint8(n.random.IntN(3) + 1), MIME: "x/y", Name: "noise"}
	case wire.TypeStreamChunk:
		h.Flags = wire.Flags(n.random.IntN(2))
		body = wire.Raw(text)
	case wire.TypeStreamEnd:
		body = wire.StreamEnd{Size: n.random.Uint64N(1000)}
	case wire.TypeStreamCancel:
		body = wire.StreamCancel{Reason: wire.ErrCancelled}
	case wire.TypePing, wire.TypePong:
		body = wire.Raw(text[:min(len(text), wire.PingMax)])
	}
	return wire.AppendFrame(nil, h, body)
}

// broken is a frame with something wrong in it, one time in a few.
func (n *noise) broken(frame []byte) []byte {
	switch n.random.IntN(40) {
	case 0: // any byte behind the length
		frame[4+n.random.IntN(len(frame)-4)] ^= byte(1 << n.random.IntN(8))
	case 1: // a body of another length
		cut := wire.HeaderLen + n.random.IntN(len(frame)-wire.HeaderLen+1)
		frame = frame[:cut]
		binary.LittleEndian.PutUint32(frame, uint32(cut-4))
	case 2: // any body
		for i := wire.HeaderLen; i < len(frame); i++ {
			frame[i] = byte(n.random.Uint32())
		}
	case 3: // any type
		binary.LittleEndian.PutUint16(frame[4:], uint16(n.random.Uint32()))
	case 4:
		if n.random.IntN(20) == 0 { // any length: the end of the connection
			binary.LittleEndian.PutUint32(frame, n.random.Uint32())
		}
	}
	return frame
}

// listen takes what comes and remembers rooms and ids.
func (n *noise) listen(conn *peer.Conn, seen chan<- wire.Frame) {
	_ = conn.Stream(func(f wire.Frame) error {
		switch f.Type {
		case wire.TypeJoined, wire.TypeStreamBegin, wire.TypeParted:
			select {
			case seen <- wire.Frame{Header: f.Header}:
			default:
			}
		}
		return nil
	})
}

func (n *noise) enter(address string) (*peer.Conn, error) {
	conn, err := peer.Dial(address)
	if err != nil {
		return nil, err
	}
	err = conn.Hello()
	if err == nil && n.conn != nil && n.random.IntN(2) == 0 {
		if err = conn.Resume(n.conn.Me.Session, n.conn.Key, uint8(n.random.IntN(4)/3)); err == nil {
			return conn, nil
		}
	}
	if err == nil || isError(err, wire.ErrSession) {
		err = conn.Login(n.acct.login, n.acct.password)
	}
	if err != nil {
		_ = conn.Close()
	}
	return conn, err
}

// run makes noise until the end. It fails only when nobody lets it in any more.
func (n *noise) run(address string, end time.Time) error {
	failures := 0
	for time.Now().Before(end) {
		conn, err := n.enter(address)
		if err != nil {
			// Sessions of one account are limited, and old ones end in time; with noise on the line all else is well.
			if failures++; failures > 100 {
				return err
			}
			n.conn = nil
			continue
		}
		n.conn, failures = conn, 0
		n.talk(conn, end)
		if n.random.IntN(2) == 0 {
			_ = conn.Reset()
		} else {
			_ = conn.Close()
		}
	}
	return nil
}

func (n *noise) talk(conn *peer.Conn, end time.Time) {
	seen := make(chan wire.Frame, 64)
	var listening sync.WaitGroup
	listening.Go(func() { n.listen(conn, seen) })
	defer listening.Wait()
	defer conn.Close()
	n.rooms = nil
	for range n.random.IntN(2000) {
		if time.Now().After(end) {
			_ = conn.Send(wire.Header{Type: wire.TypeBye}, wire.Empty{})
			return
		}
		for waiting := true; waiting; {
			select {
			case f := <-seen:
				if f.Type == wire.TypeStreamBegin {
					n.ids = append(n.ids, f.ID)
				} else {
					n.rooms = append(n.rooms, f.Room)
				}
				if len(n.ids) > 50 {
					n.ids = n.ids[25:]
				}
			default:
				waiting = false
			}
		}
		frame := n.broken(n.frame())
		if n.random.IntN(10) == 0 { // in two pieces
			cut := n.random.IntN(len(frame))
			if conn.Bytes(frame[:cut]) != nil {
				return
			}
			frame = frame[cut:]
		}
		if _, err := conn.BytesWithin(time.Second, frame); err != nil {
			return
		}
	}
}

// TestNoise: clients that break the rules at random do not disturb two who talk, and the kernel has nothing to say.
func TestNoise(t *testing.T) {
	seconds := noiseSeconds
	if s := os.Getenv("KCHAT_NOISE_SECONDS"); s != "" {
		var err error
		if seconds, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	seed := rand.Uint64()
	t.Logf("the seed is %d", seed)
	const makers = 12
	a, b, r := pair(t)
	end := time.Now().Add(time.Duration(seconds) * time.Second)
	people, rooms := []uint64{0, 7, a.Me.Account, b.Me.Account}, []string{room(), room(), room()}
	var accounts []account
	for range makers / 2 { // two of each
		acct := world.account(t, 0)
		accounts = append(accounts, acct)
		people = append(people, acct.number)
	}
	rooms = append(rooms, fmt.Sprintf("@%d-%d", accounts[0].number, accounts[1].number))
	errs := make(chan error, makers)
	for i := range makers {
		n := &noise{random: rand.New(rand.NewPCG(seed, uint64(i))), acct: accounts[i/2], people: people, names: rooms}
		address := world.server(t).Addr
		go func() { errs <- n.run(address, end) }()
	}
	for i := uint64(0); time.Now().Before(end); i++ {
		id := a.say(r.Number, fmt.Sprint("undisturbed ", i))
		if f := b.gets(id, wire.TypeMsg); f.Seq != r.Seq+1+i {
			t.Fatalf("sequence %d, want %d", f.Seq, r.Seq+1+i)
		}
		a.gets(id, wire.TypeMsg)
	}
	for range makers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	greet(t).alive()
}
