// SPDX-License-Identifier: GPL-2.0-only

package bot

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"sync"
)

// program is one that has connected.
type program struct {
	conn    net.Conn
	pending int // requests without an answer; Serve's

	mu      sync.Mutex // protects what follows
	waiting []byte     // lines that it has not been sent
	last    bool       // no more come
	changed chan struct{}
}

func newProgram(conn net.Conn) *program { return &program{conn: conn, changed: make(chan struct{}, 1)} }

// take keeps lines for a program, and reports whether there was room for them. It never waits.
func (p *program) take(lines []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting)+len(lines) > WaitingMost {
		return false
	}
	p.waiting = append(p.waiting, lines...)
	p.wake()
	return true
}

// finish closes the connection when what waits has been written.
func (p *program) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = true
	p.wake()
}

func (p *program) wake() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// write sends a program its lines, until its connection is closed.
func (p *program) write() {
	defer p.conn.Close()
	var lines []byte
	for range p.changed {
		p.mu.Lock()
		lines, p.waiting = p.waiting, lines[:0]
		last := p.last
		p.mu.Unlock()
		if _, err := p.conn.Write(lines); err != nil || last {
			return
		}
	}
}

// read hands on the requests of a program, until it ends them or its connection ends.
func (s *Server) read(p *program) {
	defer func() {
		select {
		case s.gone <- p:
		case <-s.done:
		}
	}()
	in := bufio.NewScanner(p.conn)
	in.Buffer(make([]byte, 4096), LineMost)
	for in.Scan() {
		if line := bytes.TrimSpace(in.Bytes()); len(line) > 0 && !s.ask(asked{by: p, line: bytes.Clone(line)}) {
			return
		}
	}
	if errors.Is(in.Err(), bufio.ErrTooLong) {
		s.ask(asked{by: p, err: fmt.Errorf("a request has at most %d bytes in its line", LineMost)})
	}
}

// ask hands a request to Serve, unless that is over.
func (s *Server) ask(a asked) bool {
	select {
	case s.asked <- a:
		return true
	case <-s.done:
		return false
	}
}
