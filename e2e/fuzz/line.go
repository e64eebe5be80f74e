// SPDX-License-Identifier: GPL-2.0-only

package fuzz

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

// state is the state of a connection, as docs/protocol.md names them (section 2).
type state int

const (
	stateNew state = iota
	stateGreeted
	stateChallenged
	stateOpen
	stateMedia
)

// stream is one that a connection began.
type stream struct {
	id   wire.ID
	room uint32
	left uint64 // bytes announced and not yet sent
}

// line is one connection. The player writes; what comes is read by a goroutine of its own.
type line struct {
	town    *Town
	conn    net.Conn
	account Account
	rest    []byte // of a frame of which a part was sent
	streams []stream
	ended   sync.WaitGroup // the goroutine that reads
	moved   chan struct{}  // gets one when an answer may have changed the state

	mu        sync.Mutex // protects what follows
	state     state
	nonce     [16]byte // of WELCOME
	login     *wire.Scram
	challenge wire.Challenge
	resuming  session // the session of the RESUME under way, and whether it is for media
	media     bool
	me        session
	rooms     []uint32
	over      map[wire.ID]bool // streams that are refused or cancelled
	offered   []wire.ID        // streams that others began here
	quiet     time.Time        // nothing is read before
	gone      bool
}

// limit is how long a connection may take, and how long what is written may wait.
const limit = 5 * time.Second

func newLine(town *Town, account Account) (*line, error) {
	conn, err := net.DialTimeout("tcp", town.Addr, limit)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	l := &line{town: town, conn: conn, account: account, moved: make(chan struct{}, 1), over: map[wire.ID]bool{}}
	l.ended.Go(l.listen)
	return l, nil
}

// hangUp closes the connection: with a RST, or in the ordinary way.
func (l *line) hangUp(reset bool) {
	if tcp, ok := l.conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = l.conn.Close()
	l.ended.Wait()
}

// write reports whether the bytes were taken in time.
func (l *line) write(b []byte) bool {
	_ = l.conn.SetWriteDeadline(time.Now().Add(limit))
	_, err := l.conn.Write(b)
	return err == nil
}

// listen reads until the connection ends.
func (l *line) listen() {
	reader := wire.NewReader(l.conn)
	for {
		l.wait()
		f, err := reader.Next()
		if err != nil {
			l.mu.Lock()
			l.gone = true
			l.mu.Unlock()
			close(l.moved)
			return
		}
		l.town.count(f)
		l.hear(f)
		if f.Type == wire.TypePing {
			_ = l.write(wire.AppendFrame(nil, wire.Header{Type: wire.TypePong, ID: f.ID}, wire.Raw(f.Body)))
		}
	}
}

// wait waits as long as nothing is to be read, or until the connection is closed.
func (l *line) wait() {
	l.mu.Lock()
	pause := time.Until(l.quiet)
	l.mu.Unlock()
	if pause > 0 {
		time.Sleep(pause) // a peer that does not read is what it is for
	}
}

// answered waits for an answer that may change the state, but not for long.
func (l *line) answered() {
	late := time.NewTimer(time.Second)
	defer late.Stop()
	select {
	case <-l.moved:
	case <-late.C:
	}
}

// hear learns from what the server says.
func (l *line) hear(f wire.Frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch f.Type {
	case wire.TypeWelcome:
		if w, err := wire.ParseWelcome(f.Body); err == nil {
			l.state, l.nonce = stateGreeted, w.Nonce
		}
	case wire.TypeChallenge:
		if l.login == nil {
			return
		}
		if c, err := l.login.ParseChallenge(f.Body); err == nil {
			l.state, l.challenge = stateChallenged, c
		}
	case wire.TypeAuthOK:
		l.opened(f)
	case wire.TypeError:
		l.over[f.ID] = true
		if l.state == stateChallenged {
			l.state = stateGreeted
		}
	case wire.TypeJoined, wire.TypeInvited:
		l.rooms = append(l.rooms, f.Room)
		learn(l.town, &l.town.rooms, f.Room)
	case wire.TypeParted:
		l.rooms = nil
	case wire.TypeMsg:
		learn(l.town, &l.town.ids, f.ID)
		return
	case wire.TypeStreamBegin:
		learn(l.town, &l.town.streams, f.ID)
		l.offered = append(l.offered, f.ID)
		return
	case wire.TypeStreamCancel:
		l.over[f.ID] = true
		return
	default:
		return
	}
	select {
	case l.moved <- struct{}{}:
	default:
	}
}

// opened is what AUTH_OK says.
func (l *line) opened(f wire.Frame) {
	ok, err := wire.ParseAuthOK(f.Body)
	if err != nil {
		return
	}
	if len(ok.Data) == wire.KeyLen { // the answer to RESUME
		l.state, l.me = stateOpen, l.resuming
		if l.media {
			l.state = stateMedia
		}
		return
	}
	if l.login == nil {
		return
	}
	if key, err := l.login.Verify(ok.Data); err == nil {
		l.state, l.me = stateOpen, session{ok.Session, key}
		learn(l.town, &l.town.sessions, l.me)
	}
}

// auth is the first message of a login.
func (l *line) auth() wire.Body {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.login = wire.NewScram(l.account.Login, peer.Nonce())
	return wire.Raw(l.login.First())
}

// proof is the last one.
func (l *line) proof() wire.Body {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.login == nil || l.challenge.Iterations == 0 {
		return wire.Raw("c=biws,r=x,p=eA==")
	}
	final, err := l.login.Final(l.challenge, l.account.Password)
	if err != nil {
		return wire.Raw(err.Error())
	}
	return wire.Raw(final)
}

// resume proves a session that was opened somewhere.
func (l *line) resume(s session, media bool, nonce [16]byte) wire.Body {
	l.mu.Lock()
	defer l.mu.Unlock()
	kind := uint8(wire.ResumeSession)
	if media {
		kind = wire.ResumeMedia
	}
	l.resuming, l.media = s, media
	return wire.Resume{Session: s.number, Kind: kind, Nonce: nonce, Proof: wire.ResumeProof(s.key, kind, l.nonce, nonce)}
}

// now is what state the connection is in, and in which rooms.
func (l *line) now() (at state, rooms []uint32, me session, gone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.rooms, l.me, l.gone
}

// offer is a stream that others began here and that was not asked for before.
func (l *line) offer() (id wire.ID, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.offered) == 0 {
		return id, false
	}
	id, l.offered = l.offered[0], l.offered[1:]
	return id, true
}

// going are the streams of this connection that have not been refused or cancelled.
func (l *line) going() []stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.streams = slices.DeleteFunc(l.streams, func(s stream) bool { return l.over[s.id] })
	clear(l.over)
	return l.streams
}
