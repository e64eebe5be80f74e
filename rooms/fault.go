// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"fmt"
	"runtime/debug"
)

// Fault is a panic in one of the client's goroutines. Run ends with it, so that whoever has the terminal can put it in
// order first; nothing that was saved or acknowledged is lost.
type Fault struct {
	Value any
	Stack string
}

// Error is one line; where it happened is in Stack.
func (f *Fault) Error() string { return fmt.Sprintf("a fault in the client: %v", f.Value) }

// catch is deferred by every goroutine of the client: a panic there ends the client and not the process.
func (c *Client) catch() {
	if v := recover(); v != nil {
		c.fault.CompareAndSwap(nil, &Fault{Value: v, Stack: string(debug.Stack())})
		c.cancel()
	}
}

// work runs f on a goroutine that Run waits for. The channel is closed when it has ended, and a panic in it is noted.
func (c *Client) work(f func()) <-chan struct{} {
	done := make(chan struct{})
	c.workers.Go(func() {
		defer close(done)
		defer c.catch()
		f()
	})
	return done
}

// caught runs f and takes a panic in it for its error.
func (c *Client) caught(f func() error) (err error) {
	defer func() {
		if fault := c.fault.Load(); fault != nil {
			err = fault
		}
	}()
	defer c.catch()
	return f()
}
