// SPDX-License-Identifier: GPL-2.0-only

package load_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// relay is a server in the language of the floor that can be told to do something wrong: wrong gets each delivery by
// who it is for (in the order of joining) and its number, and gives what is sent in its place.
type relay struct {
	t       *testing.T
	wrong   func(member, number int, frame []byte) []byte
	mu      sync.Mutex // protects what follows, and is held while something is sent
	members []net.Conn
	count   int
}

func startRelay(t *testing.T, wrong func(member, number int, frame []byte) []byte) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{t: t, wrong: wrong}
	var serving sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); r.close(); serving.Wait() })
	serving.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { r.serve(c) })
		}
	})
	return listener.Addr().String()
}

func (r *relay) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.members {
		_ = c.Close()
	}
}

func (r *relay) serve(c net.Conn) {
	for {
		frame, err := readFrame(c)
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, net.ErrClosed) && !isReset(err) {
				r.t.Errorf("relay: %v", err)
			}
			return
		}
		r.pass(c, frame)
	}
}

func isReset(err error) bool { return strings.Contains(err.Error(), "reset by peer") }

func readFrame(c net.Conn) ([]byte, error) {
	frame := make([]byte, 8)
	if _, err := io.ReadFull(c, frame); err != nil {
		return nil, err
	}
	rest := make([]byte, binary.LittleEndian.Uint32(frame)-4)
	if _, err := io.ReadFull(c, rest); err != nil {
		return nil, err
	}
	return append(frame, rest...), nil
}

func (r *relay) pass(c net.Conn, frame []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(frame) == 8 {
		if !slices.Contains(r.members, c) {
			r.members = append(r.members, c)
		}
		_, _ = c.Write(frame)
		return
	}
	for i, member := range r.members {
		_, _ = member.Write(r.wrong(i, r.count, slices.Clone(frame)))
	}
	r.count++
}

func double(frame []byte) []byte { return append(frame, frame...) }

// short takes a byte of the text away.
func short(frame []byte) []byte {
	binary.LittleEndian.PutUint32(frame, uint32(len(frame)-5))
	return frame[:len(frame)-1]
}

const last = 9 // number of the last message

// Each of the things that a server can do wrong with a delivery ends the run with exit code 1 and a sentence.
func TestWhatAServerDoesWrongIsNoticed(t *testing.T) {
	only := func(member, number int, what func([]byte) []byte) func(int, int, []byte) []byte {
		return func(m, n int, frame []byte) []byte {
			if m == member && n == number {
				return what(frame)
			}
			return frame
		}
	}
	var held []byte
	for _, c := range []struct {
		name, says  string
		outstanding string
		wrong       func(member, number int, frame []byte) []byte
	}{
		{"lost", "message 4 of room 0 is lost: 5 came in its place", "8", only(1, 4, func([]byte) []byte { return nil })},
		{"lost for good", "message 4 of room 0 is lost: nothing came for 1 s", "1", only(1, 4, func([]byte) []byte { return nil })},
		{"the last one lost", "message 9 of room 0 is lost: nothing came for 1 s", "8", only(2, last, func([]byte) []byte { return nil })},
		{"doubled", "message 4 of room 0 came twice", "8", only(1, 4, double)},
		{"doubled, one at a time", "message 4 of room 0 came twice", "1", only(0, 4, double)},
		{"the last one doubled", "message 9 of room 0 came twice", "8", only(2, last, double)},
		{"shortened", "a frame of 67 bytes", "8", only(1, 4, short)},
		{"exchanged", "message 4 of room 0 is lost: 5 came in its place", "8", func(m, n int, frame []byte) []byte {
			switch {
			case m == 1 && n == 4:
				held = frame
				return nil
			case m == 1 && n == 5:
				return append(frame, held...)
			}
			return frame
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := generate(t, "--proto", "raw", "--addr", startRelay(t, c.wrong), "--members", "3", "--outstanding", c.outstanding,
				"--deliveries", "30", "--patience", "1", "--now")
			complaint, code := g.end(t)
			if code != 1 || !strings.Contains(complaint, c.says) {
				t.Errorf("exit code %d: %q, want %q", code, complaint, c.says)
			}
		})
	}
}

// The same server, when it does nothing wrong, is found to be right.
func TestWhatAServerDoesRightIsNot(t *testing.T) {
	addr := startRelay(t, func(_, _ int, frame []byte) []byte { return frame })
	g := generate(t, "--proto", "raw", "--addr", addr, "--members", "3", "--outstanding", "8", "--deliveries", "30", "--now")
	if complaint, code := g.end(t); code != 0 {
		t.Errorf("exit code %d: %s", code, complaint)
	}
}
