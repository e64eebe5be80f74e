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

// withMedia calls f with the connection that streams are to use: the media connection, or the first one if the
// server gives us no second; nil if there is none.
func (c *Client) withMedia(f func(*link)) {
	switch {
	case c.link == nil:
		f(nil)
		return
	case c.media.link != nil && c.media.link.reason() == nil:
		f(c.media.link)
		return
	}
	c.media.waiters = append(c.media.waiters, f)
	if c.media.opening {
		return
	}
	c.media.opening = true
	main, session := c.link, c.view.session
	c.workers.Go(func() {
		l, err := c.openMedia(session)
		c.post(func() { c.mediaOpened(main, l, err) })
	})
}

func (c *Client) openMedia(s *session) (*link, error) {
	ctx, cancel := context.WithTimeout(c.ctx, loginTime)
	defer cancel()
	h, err := c.cfg.dial(ctx)
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
	return newLink(h.conn, h.reader, true), nil
}

func (c *Client) mediaOpened(main, l *link, err error) {
	c.media.opening = false
	waiters := c.media.waiters
	c.media.waiters = nil
	switch {
	case err != nil:
		c.log.Info("streams go on the first connection", "error", err)
		l = c.link
	case c.link != main:
		l.fail(errDisconnected)
		l = nil
	default:
		c.media.link = l
		l.start(c.receiveOn(l))
		c.keepAlive(l)
		c.workers.Go(func() {
			<-l.closed
			c.post(func() {
				if c.media.is(l) {
					c.media.link = nil
					c.transfersLostOn(l, l.reason())
				}
			})
		})
	}
	for _, f := range waiters {
		f(l)
	}
}

// transfersLost ends all transfers when the connection ends.
func (c *Client) transfersLost(err error) {
	for _, o := range c.sending {
		o.end(err)
	}
	c.blobs.endAll(nil, err)
}

// transfersLostOn ends the transfers of one connection.
func (c *Client) transfersLostOn(l *link, err error) {
	for _, o := range c.sending {
		if o.uses(l) {
			o.end(err)
		}
	}
	c.blobs.endAll(l, err)
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

func (c *Client) handleStreamCancel(f wire.Frame) error {
	b, err := wire.ParseStreamCancel(f.Body)
	if err != nil {
		return err
	}
	c.streamRefused(f.ID, &ServerError{Number: b.Reason, Sentence: b.Reason.Error()})
	return nil
}

func (c *Client) handleStreamCredit(f wire.Frame) error {
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
