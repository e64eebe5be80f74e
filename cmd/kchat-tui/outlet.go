// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"io"
	"sync"

	"kchat/rooms"
)

// outletMax is how many bytes may wait for who reads the output; then the writer waits too.
const outletMax = 1 << 20

// outlet writes lines to an output that may be slow: what comes while it writes is written together, and what comes
// when it does not is written at once. It has one writer.
type outlet struct {
	to      io.Writer
	mu      sync.Mutex
	changed *sync.Cond // waiting, err or closed
	waiting []byte
	err     error
	told    bool // the error, to the writer
	closed  bool
	done    chan struct{}
}

func newOutlet(to io.Writer) *outlet {
	o := &outlet{to: to, done: make(chan struct{})}
	o.changed = sync.NewCond(&o.mu)
	go o.run()
	return o
}

// write takes whole lines. The error is that of an earlier write.
func (o *outlet) write(lines []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.waiting) > outletMax && o.err == nil {
		o.changed.Wait()
	}
	if o.err != nil {
		o.told = true
		return o.err
	}
	o.waiting = append(o.waiting, lines...)
	o.changed.Broadcast()
	return nil
}

// close writes what waits, and ends. The error is one that write has not told.
func (o *outlet) close() error {
	o.mu.Lock()
	o.closed = true
	o.changed.Broadcast()
	o.mu.Unlock()
	<-o.done
	if o.told {
		return nil
	}
	return o.err
}

func (o *outlet) run() {
	defer close(o.done)
	var lines []byte
	for {
		o.mu.Lock()
		for len(o.waiting) == 0 && !o.closed {
			o.changed.Wait()
		}
		lines, o.waiting = o.waiting, lines[:0]
		o.changed.Broadcast()
		o.mu.Unlock()
		if len(lines) == 0 {
			return
		}
		if _, err := o.to.Write(lines); err != nil {
			o.fail(err)
			return
		}
	}
}

func (o *outlet) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
	o.changed.Broadcast()
}

// idsRemembered is how many messages are known to have been printed: more than may be on their way.
const idsRemembered = 1 << 17

// idRing remembers the ids that were added last.
type idRing struct {
	have map[rooms.MessageID]struct{}
	ring []rooms.MessageID
	next int
}

// add remembers an id, and reports whether it is new.
func (r *idRing) add(id rooms.MessageID) bool {
	if _, known := r.have[id]; known {
		return false
	}
	if r.have == nil {
		r.have = map[rooms.MessageID]struct{}{}
	}
	if len(r.ring) < idsRemembered {
		r.ring = append(r.ring, id)
	} else {
		delete(r.have, r.ring[r.next])
		r.ring[r.next] = id
		r.next = (r.next + 1) % idsRemembered
	}
	r.have[id] = struct{}{}
	return true
}
