// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"kchat/wire"
)

// The pauses between attempts to connect grow from the first to the last and are spread by half, so that the
// clients of a server that comes back do not come all at once.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 5 * time.Second
)

// pause is how long to wait before the next attempt.
func pause(attempt int, random float64) time.Duration {
	p := lastPause
	if shift := attempt - 1; shift < 10 {
		p = min(lastPause, firstPause<<shift)
	}
	return time.Duration(float64(p) * (0.5 + random))
}

// Run connects, logs in, and keeps connected until ctx ends or Close is called (nil), or until something happens that
// no new attempt mends: ErrRefused, ErrPinned, ErrWeakened, ErrEndless, ErrImpostor, or another version of the protocol. With
// Config.Once it ends with the first failure. It may be called once.
func (c *Client) Run(ctx context.Context) error {
	err := ErrClosed
	c.started.Do(func() { err = c.run(ctx) })
	return err
}

func (c *Client) run(ctx context.Context) error {
	c.ctx, c.cancel = context.WithCancel(ctx)
	// What happened must be kept even when ctx has ended.
	saving := context.WithoutCancel(ctx)
	stopSaving, stopTelling := make(chan struct{}), make(chan struct{})
	saved, told := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(saved)
		defer c.catch()
		c.out.run(saving, stopSaving)
	}()
	go func() {
		defer close(told)
		defer c.catch()
		c.out.pump(stopTelling)
	}()

	err := c.caught(c.live)

	c.hangUp()
	c.cancel()
	for t := range c.timers {
		t.Stop()
	}
	c.workers.Wait()
	c.settleMail()
	close(c.ended)
	close(stopSaving)
	<-saved
	close(stopTelling)
	<-told
	return err
}

// settleMail does the work that was handed over before the end, so that what was to be sent is in the outbox.
func (c *Client) settleMail() {
	for work := c.mailbox.take(); len(work) > 0; work = c.mailbox.take() {
		for _, f := range work {
			f()
		}
	}
}

// live connects again and again.
func (c *Client) live() error {
	var old *session
	for attempt := 1; ; attempt++ {
		c.out.tell(Connecting{Attempt: attempt})
		s, err := c.oneConnection(old, func() { attempt = 0 })
		if s != nil {
			old = s
		}
		switch {
		case c.isClosing() || c.ctx.Err() != nil:
			return nil
		case c.cfg.Once || c.isFatal(err):
			c.out.tell(Disconnected{Err: err})
			return err
		}
		if errors.Is(err, wire.ErrReplaced) || errors.Is(err, wire.ErrSession) {
			old = nil
		}
		wait := max(pause(max(attempt, 1), rand.Float64()), waitOf(err))
		c.log.Info("not connected", "error", err, "retry", wait)
		c.out.tell(Disconnected{Err: err, Retry: wait})
		again := make(chan struct{})
		stop := c.after(wait, func() { close(again) })
		err = c.serve(again)
		stop()
		if err != nil {
			return nil
		}
	}
}

// isFatal reports whether a new attempt would fail in the same way.
func (c *Client) isFatal(err error) bool {
	for _, fatal := range []error{ErrPinned, ErrWeakened, ErrEndless, ErrImpostor, wire.ErrVersion, wire.ErrAuth} {
		if errors.Is(err, fatal) {
			return true
		}
	}
	return !c.online && errors.Is(err, ErrRefused)
}

func (c *Client) isClosing() bool {
	select {
	case <-c.closing:
		return true
	default:
		return false
	}
}

// oneConnection connects, serves the connection to its end, and returns the session and why it ended.
func (c *Client) oneConnection(old *session, connected func()) (*session, error) {
	type dialled struct {
		link    *link
		welcome wire.Welcome
		session *session
		resumed bool
		err     error
	}
	d := dialled{err: ErrClosed} // which a panic leaves there
	ctx, cancel := context.WithTimeout(c.ctx, 2*loginTime)
	defer cancel()
	password := c.password
	done := c.work(func() {
		d.link, d.welcome, d.session, d.resumed, d.err = c.main.connect(ctx, &c.cfg, c.login, password, old)
	})
	if err := c.serve(done); err != nil {
		cancel()
		<-done
		if d.link != nil {
			d.link.fail(ErrClosed)
		}
		return nil, err
	}
	if d.err != nil {
		return nil, d.err
	}
	connected()
	c.begin(d.link, d.welcome, d.session, d.resumed)
	err := c.serve(d.link.closed)
	if err == nil {
		err = d.link.reason()
		d.link.done.Wait()
		c.settleMail() // what came before the end
		c.lost(c.main, err)
	}
	return d.session, err
}

// serve does the work of the mailbox until the channel is closed (nil), or the client is to end (ErrClosed).
func (c *Client) serve(until <-chan struct{}) error {
	for {
		select {
		case <-c.ctx.Done():
			return ErrClosed
		case <-c.closing:
			return ErrClosed
		case <-until:
			return nil
		case <-c.mailbox.ready:
			for _, f := range c.mailbox.take() {
				f()
			}
		}
	}
}

// begin takes the main connection into service.
func (c *Client) begin(l *link, w wire.Welcome, s *session, resumed bool) {
	c.view.Lock()
	c.view.session, c.view.server = s, identity(c.cfg.Address, w)
	c.view.Unlock()
	c.names[s.me.ID] = s.me.Name
	c.online = true
	c.log.Info("connected", "server", w.Name, "account", s.me.ID, "resumed", resumed)
	c.out.tell(Online{Server: c.view.server, Me: s.me, Resumed: resumed})
	c.loadOutbox()
	c.serveHome(c.main, l, w, s)
}

// serveHome takes a connection to a home into service.
func (c *Client) serveHome(h *home, l *link, w wire.Welcome, s *session) {
	h.link, h.welcome, h.session = l, w, s
	l.start(c.catch, c.receiveOn(l))
	c.keepAlive(l)
	c.tellAway(h)
	for _, r := range c.view.rooms {
		if r.home == h && r.wanted {
			c.join(r)
		}
	}
}

// receiveOn gives the frames of a link to the goroutine of Run. Chunks do not take that way: whoever writes them to
// the disk holds up the link they came on and nothing else.
func (c *Client) receiveOn(l *link) func(wire.Frame) {
	return func(f wire.Frame) {
		if c.blobs.receive(l, f) {
			return
		}
		if f.Type == wire.TypeError && f.Flags&wire.FlagLast != 0 {
			l.fail(fmt.Errorf("the server ended the connection: %w", serverError(f.Body)))
		}
		f = copyFrame(f)
		c.out.waitForRoom(l.closed)
		select {
		case l.ahead <- struct{}{}:
		case <-l.closed:
		}
		c.post(func() {
			select {
			case <-l.ahead:
			default: // it came when the link had ended already
			}
			c.handle(l, f)
		})
	}
}

// keepAlive sends pings, and ends the link when the server is silent for too long.
func (c *Client) keepAlive(l *link) {
	every := time.Duration(l.home.welcome.Limit(wire.LimitPingMS, 5000)) * time.Millisecond
	silence := time.Duration(l.home.welcome.Limit(wire.LimitSilenceMS, 10000)) * time.Millisecond
	every = max(every, 100*time.Millisecond)
	var tick func()
	tick = func() {
		if l.reason() != nil {
			return
		}
		if l.silence() >= silence {
			l.fail(fmt.Errorf("the server was silent for %v: %w", silence, ErrNoServer))
			return
		}
		l.send(wire.Header{Type: wire.TypePing}, wire.Empty{})
		c.after(every, tick)
	}
	c.after(every, tick)
}

// lost takes the connection to a home out of service.
func (c *Client) lost(h *home, err error) {
	h.link = nil
	h.media.drop(err)
	var open []request
	for id, r := range c.requests {
		if r.link.home == h {
			open = append(open, r)
			delete(c.requests, id)
		}
	}
	for _, r := range open {
		r.done(wire.Frame{}, errDisconnected)
	}
	clear(h.byNumber)
	clear(h.asked)
	for _, r := range c.view.rooms {
		if r.home == h {
			c.roomLost(r)
		}
	}
	c.transfersLost(h, err)
}

// hangUp ends all connections at the end of Run.
func (c *Client) hangUp() {
	homes := append(slices.Collect(maps.Values(c.homes)), c.main)
	var goodbyes sync.WaitGroup
	for _, h := range homes {
		switch {
		case h.link == nil:
		case c.isClosing():
			goodbyes.Go(h.link.goodbye)
		default:
			h.link.fail(ErrClosed)
		}
	}
	goodbyes.Wait()
	for _, h := range homes {
		if h.link != nil {
			h.link.done.Wait()
		}
	}
	c.settleMail() // what came before the end
	for _, h := range homes {
		if h.link != nil {
			c.lost(h, ErrClosed)
		}
	}
}
