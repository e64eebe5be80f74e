// SPDX-License-Identifier: GPL-2.0-only

// Package bot lets programs of this machine use one client over a Unix socket, in lines of JSON. docs/bots.md has the lines.
package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"kchat/rooms"
	"kchat/wire"
)

// What one program may take of us. Whoever comes up against WaitingMost or LineMost loses its connection; the others go on.
const (
	WaitingMost  = 1 << 20               // bytes of lines that it has not read yet
	LineMost     = 6*wire.TextMax + 4096 // bytes of a request: a text of which every byte is escaped, and the rest
	PendingMost  = 64                    // requests that have not been answered
	ProgramsMost = 16                    // programs at once
)

// lastWords is how long the last answers to a program that has gone may take.
const lastWords = 5 * time.Second

// version is that of the lines.
const version = 1

// Client is what a bot uses of rooms.Client.
type Client interface {
	Events() <-chan rooms.Event
	Send(rooms.Draft) (rooms.Message, error)
	Discard(room string, id rooms.MessageID) error
	Roster(room string) []rooms.Person
	Typing(room string, on bool)
}

// Config says for whom a Server works.
type Config struct {
	Client Client
	Rooms  []string // that the client is in
	// Line makes a line of an event, with its newline; nil: programs are not told of it.
	Line func(rooms.Event) ([]byte, error)
	// Fatal is why the client cannot go on after an event; nil while it can.
	Fatal func(rooms.Event) error
	// State is the word for how somebody is there.
	State func(rooms.PersonState) string
	// Failure is an error as a program reads it.
	Failure func(error) any
	// Patience is how long a message may wait for its acknowledgement.
	Patience time.Duration
	Logger   *slog.Logger
}

// Server passes events to programs, and their requests to the client. One goroutine, that of Serve, owns its state.
type Server struct {
	cfg      Config
	programs map[*program]struct{}
	state    []byte            // the last line about the connection
	live     map[string][]byte // by room
	sending  map[rooms.MessageID]*sending
	asked    chan asked
	gone     chan *program
	late     chan rooms.MessageID
	done     chan struct{} // Serve is over
	running  sync.WaitGroup
}

// sending is a message that a program wants to be sent.
type sending struct {
	by    *program
	id    json.RawMessage
	room  string
	timer *time.Timer
}

// asked is a request that a program has made, or why it could not be read.
type asked struct {
	by   *program
	line []byte
	err  error
}

// New makes a Server. It works while Serve runs.
func New(cfg Config) *Server {
	return &Server{
		cfg: cfg, programs: map[*program]struct{}{}, live: map[string][]byte{}, sending: map[rooms.MessageID]*sending{},
		asked: make(chan asked), gone: make(chan *program), late: make(chan rooms.MessageID), done: make(chan struct{}),
	}
}

// Serve takes programs from a listener until ctx ends or the client cannot go on. The listener is closed then.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	came := make(chan net.Conn)
	s.running.Go(func() { s.accept(l, came) })
	defer func() {
		close(s.done)
		_ = l.Close()
		for p := range s.programs {
			_ = p.conn.Close()
			p.finish()
		}
		for _, waiting := range s.sending {
			waiting.timer.Stop()
		}
		s.running.Wait()
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, more := <-s.cfg.Client.Events():
			if !more {
				return errors.New("the connection ended")
			}
			if err := s.cfg.Fatal(e); err != nil {
				return err
			}
			if err := s.event(e); err != nil {
				return err
			}
		case conn := <-came:
			s.welcome(conn)
		case a := <-s.asked:
			s.answer(a)
		case p := <-s.gone:
			s.drop(p)
		case id := <-s.late:
			s.tooLate(id)
		}
	}
}

// accept hands on who comes, until the listener is closed.
func (s *Server) accept(l net.Listener, came chan<- net.Conn) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		select {
		case came <- conn:
		case <-s.done:
			_ = conn.Close()
			return
		}
	}
}

// hello is the first line that a program gets.
type hello struct {
	Type    string   `json:"type"`
	Version int      `json:"version"`
	Rooms   []string `json:"rooms"`
}

// welcome lets a program in, and tells it how things stand.
func (s *Server) welcome(conn net.Conn) {
	p := newProgram(conn)
	s.running.Go(func() { p.write() })
	if len(s.programs) >= ProgramsMost {
		s.tell(p, answer{Type: "answer", Error: s.cfg.Failure(fmt.Errorf("%d programs are connected, which is as many as may be", ProgramsMost))})
		p.finish()
		return
	}
	s.programs[p] = struct{}{}
	s.running.Go(func() { s.read(p) })
	s.tell(p, hello{"hello", version, s.cfg.Rooms})
	s.pass(p, s.state)
	for _, room := range s.cfg.Rooms {
		s.pass(p, s.live[room])
	}
}

// drop forgets a program that has gone. What it wanted to be sent goes on; nobody hears of it. Its last answers have a
// moment to go out.
func (s *Server) drop(p *program) {
	_ = p.conn.SetWriteDeadline(time.Now().Add(lastWords))
	p.finish()
	delete(s.programs, p)
}

// tell writes a line to one program.
func (s *Server) tell(p *program, line any) {
	text, err := json.Marshal(line)
	if err != nil {
		s.cfg.Logger.Error("a line cannot be written", "error", err)
		return
	}
	s.pass(p, append(text, '\n'))
}

// pass hands finished lines to a program. One that lets too many wait has lost its connection.
func (s *Server) pass(p *program, lines []byte) {
	if len(lines) == 0 || p.take(lines) {
		return
	}
	s.cfg.Logger.Warn("a program does not read, and is cut off", "waiting", WaitingMost)
	_ = p.conn.Close()
	delete(s.programs, p)
}

// event tells all programs what happened.
func (s *Server) event(e rooms.Event) error {
	line, err := s.cfg.Line(e)
	if err != nil {
		return err
	}
	switch e := e.(type) {
	case rooms.Online:
		s.state = line
	case rooms.Disconnected:
		s.state = line
		clear(s.live)
	case rooms.Live:
		s.live[e.Room] = line
	case rooms.MessageChanged:
		s.settle(e.Message)
	}
	for p := range s.programs {
		s.pass(p, line)
	}
	return nil
}
