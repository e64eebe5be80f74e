// SPDX-License-Identifier: GPL-2.0-only

package load_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
)

// wrong is something that a server does: it gets a message in the server's language, for whom it is (a member's
// number in the order of joining), its number and the way to put another text into it, and gives what is sent.
type wrong func(member, number int, text []byte, frame func(text []byte) []byte) []byte

// right is what a server should do.
func right(_, _ int, text []byte, frame func([]byte) []byte) []byte { return frame(text) }

// relay is a server with one room that can be told to do something wrong.
type relay struct {
	language language
	wrong    wrong

	mu      sync.Mutex // protects what follows; held while something is sent, so that nothing gets between
	conns   []net.Conn
	members []net.Conn
	names   map[net.Conn]string
	count   int
}

// startRelay gives the address of a server that speaks this language.
func startRelay(t *testing.T, name string, wrong wrong) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{language: languages()[name], wrong: wrong, names: map[net.Conn]string{}}
	var serving sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); r.close(); serving.Wait() })
	serving.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.conns = append(r.conns, c)
			r.mu.Unlock()
			serving.Go(func() {
				defer c.Close()
				if err := r.serve(c); err != nil {
					t.Errorf("relay: %v", err)
				}
			})
		}
	})
	return listener.Addr().String()
}

func (r *relay) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		_ = c.Close()
	}
}

// serve goes on until the other side has had enough.
func (r *relay) serve(c net.Conn) error {
	if r.language.greet != nil {
		r.language.greet(c)
	}
	in := bufio.NewReader(c)
	for {
		err := r.language.request(r, c, in)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *relay) join(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.members, c) {
		r.members = append(r.members, c)
	}
}

func (r *relay) isMember(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.members, c)
}

func (r *relay) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.members)
}

func (r *relay) name(c net.Conn, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names[c] = name
}

func (r *relay) named(c net.Conn) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.names[c]
}

func (r *relay) answer(c net.Conn, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	inPieces(c, data)
}

// deliver sends a message to all members but one.
func (r *relay) deliver(but net.Conn, frame func(text []byte) []byte, text []byte) {
	r.mu.Lock()
	members, number := slices.Clone(r.members), r.count
	r.count++
	r.mu.Unlock()
	for i, member := range slices.DeleteFunc(members, func(c net.Conn) bool { return c == but }) {
		data := r.wrong(i, number, slices.Clone(text), frame)
		r.mu.Lock()
		inPieces(member, data)
		r.mu.Unlock()
	}
}

// inPieces writes a few bytes at a time: whoever reads finds frames that have not come whole. A reader that has gone
// is noticed elsewhere.
func inPieces(c net.Conn, data []byte) {
	for size := 1; len(data) > 0; size = size*2 + 3 {
		n := min(size, len(data))
		if _, err := c.Write(data[:n]); err != nil {
			return
		}
		data = data[n:]
	}
}
