// SPDX-License-Identifier: GPL-2.0-only

package guest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// Handler serves one operation: it reads its arguments from args and returns what is answered.
// Output may be sent until it returns.
type Handler func(args json.RawMessage, output func(Output)) (any, error)

// Server is the guest's side of the talk.
type Server struct {
	out      io.Writer
	handlers map[string]Handler
	writing  sync.Mutex // held while a line is written
}

// NewServer serves the operations in handlers and writes to out.
func NewServer(out io.Writer, handlers map[string]Handler) *Server {
	return &Server{out: out, handlers: handlers}
}

// Event reports something unasked. An error means that the host has gone.
func (s *Server) Event(event string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("write event %s: %w", event, err)
	}
	return s.write(line{Event: event, Data: text})
}

// Serve answers what comes from in, each request in its own goroutine, until in ends.
func (s *Server) Serve(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			return fmt.Errorf("read from the host: %w", err)
		}
		var request line
		if err := json.Unmarshal(text, &request); err != nil {
			continue // without a number it cannot be answered
		}
		go s.answer(request)
	}
}

func (s *Server) answer(request line) {
	reply := line{ID: request.ID}
	result, err := s.run(request)
	if err == nil {
		reply.Data, err = json.Marshal(result)
	}
	if err != nil {
		reply.Error = newError(err)
	}
	_ = s.write(reply) // a host that has gone is noticed by the reader
}

func (s *Server) run(request line) (any, error) {
	handler := s.handlers[request.Op]
	if handler == nil {
		return nil, fmt.Errorf("unknown operation %q", request.Op)
	}
	return handler(request.Data, func(o Output) {
		_ = s.write(line{ID: request.ID, Output: &o})
	})
}

func (s *Server) write(l line) error {
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	_, err = s.out.Write(append(data, '\n'))
	return err
}
