// SPDX-License-Identifier: GPL-2.0-only

package fuzz

import (
	"context"
	"math/rand/v2"
	"time"

	"kchat/wire"
)

// lines is how many connections a player has at most.
const lines = 4

// Player does what comes into its head with a few connections at once.
type Player struct {
	town   *Town
	random *rand.Rand
	lines  []*line
}

// NewPlayer is a player whose choices follow from the seed and from what the server says.
func NewPlayer(town *Town, seed, number uint64) *Player {
	return &Player{town: town, random: rand.New(rand.NewPCG(seed, number))}
}

// one says yes one time in n.
func (p *Player) one(n int) bool { return p.random.IntN(n) == 0 }

// Run plays until ctx is over. An error means that the server does not let anybody in.
func (p *Player) Run(ctx context.Context) error {
	defer func() {
		for len(p.lines) > 0 {
			p.drop(0)
		}
	}()
	for ctx.Err() == nil {
		if len(p.lines) == 0 || len(p.lines) < lines && p.one(20) {
			l, err := newLine(p.town, p.town.Accounts[p.random.IntN(len(p.town.Accounts))])
			if err != nil {
				return err
			}
			p.lines = append(p.lines, l)
		}
		at := p.random.IntN(len(p.lines))
		l := p.lines[at]
		if _, _, _, gone := l.now(); gone || p.one(500) || !p.act(l) {
			p.drop(at)
			continue
		}
		if state, _, _, _ := l.now(); state < stateOpen && len(l.rest) == 0 && !p.one(8) {
			l.answered()
		}
	}
	return nil
}

func (p *Player) drop(at int) {
	p.lines[at].hangUp(p.one(2))
	p.lines = append(p.lines[:at], p.lines[at+1:]...)
}

// act says something on a connection, and reports whether it still takes anything.
func (p *Player) act(l *line) bool {
	if p.one(300) {
		l.mu.Lock()
		l.quiet = time.Now().Add(time.Duration(p.random.IntN(2000)) * time.Millisecond)
		l.mu.Unlock()
	}
	if len(l.rest) > 0 && !p.one(50) {
		return p.goOn(l)
	}
	l.rest = nil // if there was some, another frame begins where the rest should be
	frame := p.frame(l)
	learn(p.town, &p.town.frames, frame)
	frame = p.spoil(frame)
	switch {
	case p.one(10): // a part now, the rest later: other connections speak in between
		cut := p.random.IntN(len(frame)) + 1
		l.rest = frame[cut:]
		return l.write(frame[:cut])
	case p.one(60): // the same again, many times in one write
		many := append([]byte{}, frame...)
		for range p.random.IntN(60) {
			many = append(many, frame...)
		}
		return l.write(many)
	case p.one(10): // several in one write
		for range p.random.IntN(20) {
			frame = append(frame, p.spoil(p.frame(l))...)
		}
	}
	return l.write(frame)
}

// goOn sends more of a frame that was begun: a byte, a part or all of it.
func (p *Player) goOn(l *line) bool {
	n := len(l.rest)
	switch p.random.IntN(3) {
	case 0:
		n = 1
	case 1:
		n = p.random.IntN(n) + 1
	}
	now := l.rest[:n]
	l.rest = l.rest[n:]
	return l.write(now)
}

// frame is a whole frame: mostly one that the connection may send now.
func (p *Player) frame(l *line) []byte {
	switch {
	case p.one(15): // what somebody else said, or this one itself
		if said, ok := recall(p.town, p.random, &p.town.frames); ok {
			return append([]byte{}, said...)
		}
	case p.one(15): // of any state
		return p.of(l, state(p.random.IntN(int(stateMedia)+1)))
	}
	at, _, _, _ := l.now()
	return p.of(l, at)
}

// of is a frame that is right in a state.
func (p *Player) of(l *line, at state) []byte {
	switch at {
	case stateNew:
		return p.build(wire.TypeHello, 0, wire.Hello{Version: wire.Version, Agent: "fuzz", Features: p.random.Uint64()})
	case stateGreeted:
		return p.enter(l)
	case stateChallenged:
		return p.build(wire.TypeProof, 0, l.proof())
	case stateMedia:
		return p.ofStream(l)
	}
	if p.one(4) {
		return p.ofStream(l)
	}
	return p.talk(l)
}

// spoil makes something wrong of a frame, one time in ten.
func (p *Player) spoil(frame []byte) []byte {
	if !p.one(10) {
		return frame
	}
	frame = append([]byte{}, frame...)
	switch p.random.IntN(8) {
	case 0: // any bit behind the length
		frame[4+p.random.IntN(len(frame)-4)] ^= 1 << p.random.IntN(8)
	case 1: // a body that is cut
		return p.resized(frame[:wire.HeaderLen+p.random.IntN(len(frame)-wire.HeaderLen+1)])
	case 2: // a body that goes on
		return p.resized(append(frame, make([]byte, p.random.IntN(600))...))
	case 3: // any body
		for i := wire.HeaderLen; i < len(frame); i++ {
			frame[i] = byte(p.random.Uint32())
		}
	case 4: // any number in the body
		if body := frame[wire.HeaderLen:]; len(body) > 0 {
			body[p.random.IntN(len(body))] = []byte{0, 1, 0x7f, 0x80, 0xff}[p.random.IntN(5)]
		}
	case 5: // another type with this body
		frame[4] = byte(p.random.IntN(0x80))
		frame[5] = byte(p.random.IntN(2) << 7)
	case 6: // another id or room
		frame[8+p.random.IntN(4)] ^= byte(p.random.Uint32())
	case 7:
		if p.one(10) { // any length: the end of the connection, if not at once
			copy(frame, p.bytes(4))
		}
	}
	return frame
}

func (p *Player) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(p.random.Uint32())
	}
	return b
}
