// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kchat/wire"
)

// peer is the other end of a client's connection: it speaks the frames that a test tells it to speak, and fails the
// test when the client says something else than expected. It keeps no rooms and decides nothing by itself.
type peer struct {
	t      *testing.T
	n      *network // it answers for
	conn   net.Conn
	reader *wire.Reader
	kind   uint8 // of RESUME
	resume bool  // it was a RESUME
}

// What the peer is and knows.
var (
	peerServer    = UUID{1, 2, 3}
	peerCommunity = UUID{4, 5, 6}
	peerNonce     = [wire.NonceLen]byte{7, 8, 9}
	peerSalt      = [wire.SaltLen]byte{10, 11, 12}
)

const (
	peerPassword   = "correct horse"
	peerIterations = 4096
	myID           = 1
	annaID         = 2
	roomNumber     = 70
	epochOne       = uint64(1)<<32 | 1
	epochTwo       = uint64(2)<<32 | 1
)

// network connects clients to the peers of one server.
type network struct {
	t      *testing.T
	calls  chan net.Conn
	down   bool
	others map[string]*network // at other addresses
	mu     sync.Mutex

	server, community UUID
	account           uint64 // of whoever logs in
	iterations        uint32
	key               [wire.KeyLen]byte // of the last login
}

func newNetwork(t *testing.T) *network {
	return &network{
		t: t, calls: make(chan net.Conn, 16), others: map[string]*network{},
		server: peerServer, community: peerCommunity, account: myID, iterations: peerIterations,
	}
}

// another is a server of the same community at another address.
func (n *network) another(address string, server UUID) *network {
	n.mu.Lock()
	defer n.mu.Unlock()
	o := newNetwork(n.t)
	o.server = server
	n.others[address] = o
	return o
}

func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	n.mu.Lock()
	down, other := n.down, n.others[address]
	n.mu.Unlock()
	if other != nil {
		return other.dial(ctx, network, "")
	}
	if down {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	select {
	case n.calls <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *network) setDown(down bool) {
	n.mu.Lock()
	n.down = down
	n.mu.Unlock()
}

// answer takes the next connection and greets it.
func (n *network) answer() *peer {
	n.t.Helper()
	return n.greet(<-n.calls)
}

func (n *network) greet(conn net.Conn) *peer {
	n.t.Helper()
	p := &peer{t: n.t, n: n, conn: conn}
	p.reader = wire.NewReader(p.conn)
	n.t.Cleanup(func() { p.conn.Close() })
	hello := p.expect(wire.TypeHello)
	p.reply(hello, wire.TypeWelcome, wire.Welcome{
		Version: 1, Iterations: n.iterations, Features: wire.FeatureRegister, Server: n.server, Community: n.community,
		Nonce: peerNonce, Name: "test",
		Limits: []wire.Limit{
			{Number: wire.LimitPingMS, Value: 5000},
			{Number: wire.LimitSilenceMS, Value: 10000},
			{Number: wire.LimitLostMS, Value: 20000},
			{Number: wire.LimitStoredMS, Value: 1000},
			{Number: 999, Value: 1},
		},
	})
	return p
}

// login answers a connection and logs it in, by password or by session.
func (n *network) login() *peer {
	n.t.Helper()
	p := n.answer()
	p.logIn()
	return p
}

func (p *peer) logIn() {
	p.t.Helper()
	switch f := p.next(); f.Type {
	case wire.TypeResume:
		p.acceptResume(f)
	case wire.TypeAuth:
		p.finishLogin(f, peerPassword)
	default:
		p.t.Fatalf("%v instead of a login", f.Type)
	}
}

// acceptResume takes the session of the last login at this server.
func (p *peer) acceptResume(f wire.Frame) {
	p.t.Helper()
	r, err := wire.ParseResume(f.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	key := p.n.key
	if r.Session != 99 || r.Proof != wire.ResumeProof(key, r.Kind, peerNonce, r.Nonce) {
		p.t.Fatal("the proof of RESUME is wrong")
	}
	p.resume, p.kind = true, r.Kind
	proof := wire.ResumedProof(key, r.Kind, peerNonce, r.Nonce)
	p.reply(f, wire.TypeAuthOK, wire.AuthOK{Account: p.n.account, Session: 99, Name: "Me", Data: proof[:]})
}

func sum(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(strings.Join(parts, "")))
	return h.Sum(nil)
}

// finishLogin plays the server's half of SCRAM from AUTH on.
func (p *peer) finishLogin(auth wire.Frame, password string) {
	p.t.Helper()
	first := strings.TrimPrefix(string(auth.Body), "n,,")
	nonce := first[strings.Index(first, ",r=")+3:] + "server"
	challenge := "r=" + nonce + ",s=" + base64.StdEncoding.EncodeToString(peerSalt[:]) + ",i=" + strconv.Itoa(int(p.n.iterations))
	p.reply(auth, wire.TypeChallenge, wire.Raw(challenge))
	proof := p.expect(wire.TypeProof)
	final, sent, _ := strings.Cut(string(proof.Body), ",p=")
	k, err := wire.DeriveKeys(password, peerSalt, p.n.iterations)
	if err != nil {
		p.t.Fatal(err)
	}
	message := first + "," + challenge + "," + final
	signature := sum(k.StoredKey[:], message)
	clientKey, err := base64.StdEncoding.DecodeString(sent)
	if err != nil || len(clientKey) != wire.KeyLen {
		p.t.Fatalf("the proof is %q", sent)
	}
	for i := range clientKey {
		clientKey[i] ^= signature[i]
	}
	if sha256.Sum256(clientKey) != k.StoredKey {
		p.refuse(proof, wire.ErrAuth, 0, 0)
		return
	}
	server := sum(k.ServerKey[:], message)
	p.n.key = [wire.KeyLen]byte(sum(k.ServerKey[:], "kchat session", string(server)))
	p.reply(proof, wire.TypeAuthOK, wire.AuthOK{
		Account: p.n.account, Session: 99, Name: "Me", Data: []byte("v=" + base64.StdEncoding.EncodeToString(server)),
	})
}

// next is the client's next frame that is not a ping; pings are answered. It waits for two hours (of virtual time).
func (p *peer) next() wire.Frame {
	p.t.Helper()
	if err := p.conn.SetReadDeadline(time.Now().Add(2 * time.Hour)); err != nil {
		p.t.Fatal(err)
	}
	f, err := p.read()
	_ = p.conn.SetReadDeadline(time.Time{})
	if err != nil {
		p.t.Fatalf("waiting for the client: %v", err)
	}
	return f
}

func (p *peer) read() (wire.Frame, error) {
	for {
		f, err := p.reader.Next()
		if err != nil {
			return f, err
		}
		if n := f.CheckRequest(wire.StateAny); n != 0 {
			p.t.Errorf("%v from the client is %s", f.Type, n.Name())
		}
		if _, err := wire.Decode(f.Type, f.Body); err != nil {
			p.t.Errorf("%v from the client: %v", f.Type, err)
		}
		if f.Type != wire.TypePing {
			return copyFrame(f), nil
		}
		// A client that is ending may have gone in the meantime; the next read says so.
		if _, err := p.conn.Write(wire.AppendFrame(nil, wire.Header{Type: wire.TypePong, ID: f.ID}, wire.Raw(f.Body))); err != nil {
			return f, err
		}
	}
}

// expect is the client's next frame, which must be of a type.
func (p *peer) expect(want wire.Type) wire.Frame {
	p.t.Helper()
	f := p.next()
	if f.Type != want {
		p.t.Fatalf("the client sent %v, expected %v", f.Type, want)
	}
	return f
}

// expectSoon is the next frame of a type; before it may come what the client sends by itself: STORED, and WANT
// for the end of an epoch that closed a moment ago.
func (p *peer) expectSoon(want wire.Type) wire.Frame {
	p.t.Helper()
	for {
		f := p.next()
		if f.Type == want {
			return f
		}
		if f.Type != wire.TypeStored && f.Type != wire.TypeWant {
			p.t.Fatalf("the client sent %v, expected %v", f.Type, want)
		}
	}
}

func (p *peer) send(h wire.Header, body wire.Body) {
	p.t.Helper()
	if _, err := p.conn.Write(wire.AppendFrame(nil, h, body)); err != nil {
		p.t.Fatalf("sending %v to the client: %v", h.Type, err)
	}
}

func (p *peer) reply(to wire.Frame, kind wire.Type, body wire.Body) {
	p.t.Helper()
	p.send(wire.Header{Type: kind, Room: to.Room, ID: to.ID}, body)
}

func (p *peer) refuse(f wire.Frame, number wire.ErrorNumber, wait time.Duration, flags wire.Flags) {
	p.t.Helper()
	p.send(wire.Header{Type: wire.TypeError, Flags: flags, Room: f.Room, ID: f.ID},
		wire.ErrorBody{Number: number, Cause: f.Type, Wait: wait, Sentence: number.Error()})
}

func person(id uint64, name string, state wire.PersonState) wire.Person {
	return wire.Person{Account: id, Name: name, State: state, Sessions: 1}
}

// admit answers JOIN: the room with its people and log, up to LIVE.
func (p *peer) admit(epoch, start, head uint64, people []wire.Person, log ...wire.Frame) wire.Join {
	p.t.Helper()
	f := p.expectSoon(wire.TypeJoin)
	j, err := wire.ParseJoin(f.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	flags := uint32(0)
	if strings.HasPrefix(j.Name, "@") {
		flags = wire.RoomDirect
	}
	h := wire.Header{Type: wire.TypeJoined, Room: roomNumber, Epoch: epoch, Seq: head, ID: f.ID}
	p.send(h, wire.Joined{Start: start, First: 1, Made: uint64(time.Now().UnixMicro()), People: uint32(len(people)), Flags: flags, Backlog: 50, Name: j.Name})
	p.send(wire.Header{Type: wire.TypeRoster, Flags: wire.FlagLast, Room: roomNumber, Epoch: epoch, Seq: head, ID: f.ID}, wire.People(people))
	for _, l := range log {
		p.send(l.Header, wire.Raw(l.Body))
	}
	p.send(wire.Header{Type: wire.TypeLive, Room: roomNumber, Epoch: epoch, Seq: head, ID: f.ID}, wire.Empty{})
	return j
}

// said is a message in the log of the room.
func said(epoch, seq, sender uint64, id wire.ID, text string) wire.Frame {
	return wire.Frame{
		Header: wire.Header{Type: wire.TypeMsg, Room: roomNumber, Epoch: epoch, Seq: seq, Time: 1_763_700_000_000_000 + seq, Sender: sender, ID: id},
		Body:   wire.Talk{Text: []byte(text)}.Append(nil),
	}
}

func (p *peer) relay(f wire.Frame) {
	p.t.Helper()
	p.send(f.Header, wire.Raw(f.Body))
}

// echo acknowledges a frame of the client by sending it back with its numbers.
func (p *peer) echo(f wire.Frame, epoch, seq uint64) {
	p.t.Helper()
	f.Epoch, f.Seq, f.Time, f.Sender = epoch, seq, 1_763_700_000_000_000+seq, myID
	p.relay(f)
}

func (p *peer) presence(epoch, seq uint64, who wire.Person) {
	p.t.Helper()
	p.send(wire.Header{Type: wire.TypePresence, Room: roomNumber, Epoch: epoch, Seq: seq, Sender: who.Account}, who)
}

// meAndAnna are the people of most rooms here.
func meAndAnna() []wire.Person {
	return []wire.Person{person(myID, "Me", wire.PersonPresent), person(annaID, "Anna", wire.PersonPresent)}
}

// user is a client under test, with its events.
type user struct {
	*Client
	t     *testing.T
	store *memStore
	run   chan error
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, f func(t *testing.T, n *network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newNetwork(t)) })
}

// start runs a client that connects to the network.
func (n *network) start(change func(*Config)) *user {
	n.t.Helper()
	store := newMemStore()
	cfg := Config{Address: "test:1", User: "Me", Password: peerPassword, Rooms: []string{"lobby"}, Store: store, Pins: store, Dial: n.dial}
	if change != nil {
		change(&cfg)
	}
	if s, ok := cfg.Store.(*memStore); ok {
		store = s
	}
	c, err := New(cfg)
	if err != nil {
		n.t.Fatal(err)
	}
	u := &user{Client: c, t: n.t, store: store, run: make(chan error, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		u.run <- c.Run(ctx)
		close(done)
	}()
	n.t.Cleanup(func() {
		cancel()
		go func() {
			for range c.Events() {
			}
		}()
		<-done
	})
	return u
}

// await reads events until one of a type that fits, and returns it.
func await[E Event](u *user, fits func(E) bool) E {
	u.t.Helper()
	late := time.After(5 * time.Minute) // virtual
	var none E
	for {
		select {
		case e, more := <-u.Events():
			if x, ok := e.(E); ok && (fits == nil || fits(x)) {
				return x
			}
			if !more {
				u.t.Fatalf("the events ended without %T", none)
			}
		case <-late:
			u.t.Fatalf("%T did not come", none)
		}
	}
}

// awaitState reads events until a message has a state.
func (u *user) awaitState(id MessageID, s State) Message {
	u.t.Helper()
	return await(u, func(e MessageChanged) bool { return e.Message.ID == id && e.Message.State == s }).Message
}
