// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kchat/wire"
)

// mediaLink is the second connection of the session, so that a picture never stands before a word of chat. It is made
// when the first stream needs it. Run owns it.
type mediaLink struct {
	link    *link
	opening bool
	waiters []func(*link)
}

func (m *mediaLink) is(l *link) bool { return m.link != nil && m.link == l }

// drop ends the media connection with the session's connection.
func (m *mediaLink) drop(err error) {
	if m.link != nil {
		m.link.fail(err)
		m.link.done.Wait()
		m.link = nil
	}
}

// withMedia calls f with the connection to a home that streams are to use: the media connection, or the first one if the
// server gives us no second; nil if there is none.
func (c *Client) withMedia(h *home, f func(*link)) {
	switch {
	case h.link == nil:
		f(nil)
		return
	case h.media.link != nil && h.media.link.reason() == nil:
		f(h.media.link)
		return
	}
	h.media.waiters = append(h.media.waiters, f)
	if h.media.opening {
		return
	}
	h.media.opening = true
	main, session := h.link, h.session
	c.work(func() {
		l, err := c.openMedia(h, session)
		c.post(func() { c.mediaOpened(h, main, l, err) })
	})
}

func (c *Client) openMedia(home *home, s *session) (*link, error) {
	ctx, cancel := context.WithTimeout(c.ctx, loginTime)
	defer cancel()
	cfg := c.cfg
	cfg.Address = home.address
	h, err := cfg.dial(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { h.conn.Close() })
	defer stop()
	if UUID(h.welcome.Server) != s.server {
		err = ErrPinned
	} else {
		_, err = h.resume(s, wire.ResumeMedia)
	}
	if err == nil {
		err = h.conn.SetDeadline(time.Time{})
	}
	if err != nil {
		h.conn.Close()
		return nil, fmt.Errorf("adding the media connection: %w", err)
	}
	return newLink(home, h.conn, h.reader, true), nil
}

func (c *Client) mediaOpened(h *home, main, l *link, err error) {
	h.media.opening = false
	waiters := h.media.waiters
	h.media.waiters = nil
	switch {
	case err != nil:
		c.log.Info("streams go on the first connection", "server", h.address, "error", err)
		l = h.link
	case h.link != main:
		l.fail(errDisconnected)
		l = nil
	default:
		h.media.link = l
		l.start(c.catch, c.receiveOn(l))
		c.keepAlive(l)
		c.work(func() {
			<-l.closed
			c.post(func() {
				if h.media.is(l) {
					h.media.link = nil
					c.transfersLostOn(l, l.reason())
				}
			})
		})
	}
	for _, f := range waiters {
		f(l)
	}
}

// transfersLost ends all transfers of a home when its connection ends.
func (c *Client) transfersLost(h *home, err error) {
	for _, o := range c.sending {
		if o.home == h {
			o.end(err)
		}
	}
	c.blobs.endAll(err, func(in *incoming) bool { return in.home == h })
	c.liveLost(err, func(o offeredBlob) bool { return o.room.home == h })
}

// transfersLostOn ends the transfers of one connection.
func (c *Client) transfersLostOn(l *link, err error) {
	for _, o := range c.sending {
		if o.uses(l) {
			o.end(err)
		}
	}
	c.blobs.endAll(err, func(in *incoming) bool { return in.link == l })
}

// Cancel ends a transfer of either direction.
func (c *Client) Cancel(stream MessageID) {
	c.post(func() {
		id := wire.ID(stream)
		if o, ok := c.sending[id]; ok {
			o.end(wire.ErrCancelled)
			return
		}
		c.blobs.cancel(id, wire.ErrCancelled)
	})
}

// streamRefused takes the refusal of a stream, and reports whether it was one.
func (c *Client) streamRefused(id wire.ID, err error) bool {
	if o, ok := c.sending[id]; ok {
		o.end(err)
		return true
	}
	return c.blobs.end(id, err)
}

func (c *Client) handleStreamCancel(_ *home, f wire.Frame) error {
	b, err := wire.ParseStreamCancel(f.Body)
	if err != nil {
		return err
	}
	c.streamRefused(f.ID, &ServerError{Number: b.Reason, Sentence: b.Reason.Error()})
	return nil
}

func (c *Client) handleStreamCredit(_ *home, f wire.Frame) error {
	b, err := wire.ParseStreamCredit(f.Body)
	if err != nil {
		return err
	}
	if o, ok := c.sending[f.ID]; ok {
		o.allow(b.Limit, int(b.Takers))
	}
	return nil
}

// ErrNoBlob means that a blob is not kept here.
var ErrNoBlob = errors.New("this blob is not kept here")
