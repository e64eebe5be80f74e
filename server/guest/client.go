// SPDX-License-Identifier: GPL-2.0-only

package guest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// ErrGone is what every call answers with once the guest has gone.
var ErrGone = errors.New("the microVM is gone")

// Client asks a guest. It is safe for use by several goroutines.
type Client struct {
	conn    io.ReadWriteCloser
	onEvent func(event string, data json.RawMessage)
	done    chan struct{}

	writing sync.Mutex // held while a line is written

	mu      sync.Mutex // protects what follows
	next    uint64
	pending map[uint64]*call
	gone    bool
}

type call struct {
	answer chan line     // buffered, gets exactly one line
	output func(*Output) // called by the reader
}

// NewClient starts reading from conn. onEvent is called for one event after the other and must not call the
// client nor wait for long, since no answer is read meanwhile.
func NewClient(conn io.ReadWriteCloser, onEvent func(event string, data json.RawMessage)) *Client {
	c := &Client{conn: conn, onEvent: onEvent, done: make(chan struct{}), pending: map[uint64]*call{}}
	go c.read()
	return c
}

// Done is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Close ends the connection; calls under way end with ErrGone.
func (c *Client) Close() error {
	err := c.conn.Close()
	<-c.done
	return err
}

// Call asks for op with args and decodes the answer into result, which may be nil.
func (c *Client) Call(ctx context.Context, op string, args, result any) error {
	return c.call(ctx, op, args, result, nil)
}

// Exec runs a program in the guest until it ends and copies what it prints. A program that was still running
// when ctx ended goes on.
func (c *Client) Exec(ctx context.Context, run Exec, stdout, stderr io.Writer) (Exit, error) {
	var exit Exit
	err := c.call(ctx, OpExec, run, &exit, func(o *Output) {
		w := stdout
		if o.Stderr {
			w = stderr
		}
		_, _ = w.Write(o.Data) // a full disk on the host must not stop the talk with the guest
	})
	return exit, err
}

func (c *Client) call(ctx context.Context, op string, args, result any, output func(*Output)) error {
	request := line{Op: op}
	if args != nil {
		data, err := json.Marshal(args)
		if err != nil {
			return fmt.Errorf("write the arguments of %s: %w", op, err)
		}
		request.Data = data
	}
	waiting := &call{answer: make(chan line, 1), output: output}
	id, err := c.begin(waiting)
	if err != nil {
		return err
	}
	defer c.end(id)
	request.ID = id
	if err := c.write(request); err != nil {
		return fmt.Errorf("ask the microVM for %s: %w", op, err)
	}
	select {
	case answer := <-waiting.answer:
		return decode(op, answer, result)
	case <-c.done:
		// The answer may have come just before the end.
		select {
		case answer := <-waiting.answer:
			return decode(op, answer, result)
		default:
			return fmt.Errorf("%s: %w", op, ErrGone)
		}
	case <-ctx.Done():
		return fmt.Errorf("wait for %s: %w", op, ctx.Err())
	}
}

func decode(op string, answer line, result any) error {
	if answer.Error != nil {
		return fmt.Errorf("%s: %w", op, answer.Error)
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Data, result); err != nil {
		return fmt.Errorf("read the answer of %s: %w", op, err)
	}
	return nil
}

func (c *Client) begin(waiting *call) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return 0, ErrGone
	}
	c.next++
	c.pending[c.next] = waiting
	return c.next, nil
}

func (c *Client) end(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, id)
}

func (c *Client) write(l line) error {
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	_, err = c.conn.Write(append(data, '\n'))
	return err
}

func (c *Client) read() {
	defer close(c.done)
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.gone = true
	}()
	in := bufio.NewReader(c.conn)
	for {
		text, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var l line
		if json.Unmarshal(text, &l) != nil {
			continue // what is no line of ours cannot be answered
		}
		c.dispatch(l)
	}
}

func (c *Client) dispatch(l line) {
	if l.Event != "" {
		c.onEvent(l.Event, l.Data)
		return
	}
	c.mu.Lock()
	waiting := c.pending[l.ID]
	c.mu.Unlock()
	switch {
	case waiting == nil:
	case l.Output != nil:
		if waiting.output != nil {
			waiting.output(l.Output)
		}
	default:
		select {
		case waiting.answer <- l:
		default: // a second answer to one question
		}
	}
}
