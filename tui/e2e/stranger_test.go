// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"strings"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/server/vmtest"
	"kchat/wire"
)

// stranger is a client with no manners: it sends what it is told, as it is.
type stranger struct {
	t    testing.TB
	conn *peer.Conn
	room uint32
	id   uint64 // of the account
}

// stranger comes into a room.
func (c *crowd) stranger(t testing.TB, name, room string) *stranger {
	t.Helper()
	server := c.Server(t)
	c.enrol(t, server, name)
	conn, err := peer.Dial(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	s := &stranger{t: t, conn: conn}
	s.must(conn.Hello())
	s.must(conn.Login(name, password(name)))
	conn.KeepAlive(2 * time.Second)
	joined, err := conn.Join(wire.Join{Name: room})
	s.must(err)
	s.room, s.id = joined.Number, conn.Me.Account
	return s
}

func (s *stranger) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// says sends a message as it is, and waits until the server has it.
func (s *stranger) says(text string) wire.ID {
	s.t.Helper()
	id, taken := s.sends(wire.TypeMsg, wire.Talk{Text: []byte(text)})
	if !taken {
		s.t.Fatalf("the server refuses %q", text)
	}
	return id
}

// heard waits for the message whose words end so.
func (s *stranger) heard(words string) peer.Frame {
	s.t.Helper()
	f, err := s.conn.Find(answerTime, func(f peer.Frame) bool {
		return f.Type == wire.TypeMsg && strings.HasSuffix(string(f.Body), words)
	})
	s.must(err)
	return f
}

// sends sends any frame to the room, waits for the answer, and reports whether the server took it.
func (s *stranger) sends(kind wire.Type, body wire.Body) (id wire.ID, taken bool) {
	s.t.Helper()
	id, err := s.conn.Request(kind, s.room, body)
	s.must(err)
	f, err := s.conn.Find(answerTime, func(f peer.Frame) bool { return f.ID == id })
	s.must(err)
	return id, f.Type == kind
}

// answerTime is how long the server may take to answer.
var answerTime = time.Minute * time.Duration(max(1, vmtest.Slowness()))
