// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"kchat/e2e/fuzz/guided"
	"kchat/e2e/peer"
	"kchat/wire"
)

// The lines of TCP: connections that have got so far before the input begins.
const (
	tcpInOne   = iota // somebody who is in the room
	tcpInTwo          // another one there
	tcpGreeted        // has said HELLO
	tcpNew            // has said nothing
	tcpLines
)

// placeholder is the number that stands for the room's in inputs: that of the frames in wire/testdata.
const placeholder = 7

// tcp is what clients say. Each input has a room of its own: rules that one makes keep nobody of the next one out.
type tcp struct {
	place *place
	room  string
	runs  int
}

func newTCP(p *place) (guided.Target, error) { return &tcp{place: p}, nil }

func (t *tcp) Lines() int { return tcpLines }

// Mend gives most frames the length that they have: a wrong one holds up everything behind it.
func (t *tcp) Mend(in guided.Input, random *rand.Rand) {
	for _, p := range in {
		if len(p.Data) >= wire.HeaderLen && random.IntN(8) > 0 {
			binary.LittleEndian.PutUint32(p.Data, uint32(len(p.Data)-wire.LengthLen))
		}
	}
}

// conn is a connection of an input.
type conn struct {
	peer *peer.Conn // nil: the input has not come to it yet
	room uint32     // the number of the room it is in
}

func (t *tcp) open(line byte) (c conn, err error) {
	switch line {
	case tcpInOne, tcpInTwo:
		c.peer, c.room, err = t.place.enter(uint64(line)+1, t.room)
	case tcpGreeted:
		if c.peer, err = peer.Dial(address); err == nil {
			err = c.peer.Hello()
		}
	default:
		c.peer, err = peer.Dial(address)
	}
	return c, err
}

// Run opens the connections that the input needs, sends it, and says that no more comes: the server ends each of them
// when it is through with what came.
func (t *tcp) Run(in guided.Input) error {
	t.runs++
	t.room = fmt.Sprint(room, " ", t.runs)
	var open [tcpLines]conn
	defer func() {
		for _, c := range open {
			if c.peer != nil {
				_ = c.peer.Close()
			}
		}
	}()
	for _, p := range in {
		c := &open[p.Line%tcpLines]
		if c.peer == nil {
			var err error
			if *c, err = t.open(p.Line % tcpLines); err != nil {
				return fmt.Errorf("the server does not let in: %w", err)
			}
		}
		data := slices.Clone(p.Data)
		if len(data) >= wire.HeaderLen && binary.LittleEndian.Uint32(data[8:]) == placeholder {
			binary.LittleEndian.PutUint32(data[8:], c.room)
		}
		_, _ = c.peer.BytesWithin(patience, data) // the server may have ended it
	}
	for _, c := range open {
		if c.peer == nil {
			continue
		}
		_ = c.peer.CloseWrite()
		if err := toTheEnd(c.peer); err != nil {
			return err
		}
	}
	return nil
}

// toTheEnd reads until the server closes the connection.
func toTheEnd(c *peer.Conn) error {
	for end := time.Now().Add(patience); ; {
		_, err := c.Next(time.Until(end))
		switch {
		case err == nil, errors.Is(err, unix.EPIPE): // a PING can no longer be answered
		case errors.Is(err, peer.ErrNothing):
			return errors.New("the server does not end a connection whose client has ended it")
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, unix.ECONNRESET):
			return nil
		default:
			return fmt.Errorf("what the server says is wrong: %w", err)
		}
	}
}
