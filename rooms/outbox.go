// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"kchat/wire"
)

// inFlight is how many of our messages of a room may be sent and not acknowledged.
const inFlight = 32

// MentionsMost is how many people a message of ours names at most. With all else that a message can have their numbers
// are less than wire.AttrsMax.
const MentionsMost = 32

// ErrNoMessage means that no message of ours without an acknowledgement has this id.
var ErrNoMessage = errors.New("there is no such unsent message")

// newMessageID is a UUIDv7 (RFC 9562, 5.7): milliseconds, then random bits.
func newMessageID() (id MessageID) {
	_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the program instead
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(time.Now().UnixMilli()))
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// Send puts a message into the outbox and returns it as it waits there; what becomes of it is told by
// MessageChanged. The error says what is wrong with the draft itself.
func (c *Client) Send(d Draft) (Message, error) {
	m := Message{
		Room: d.Room, ID: newMessageID(), Time: time.Now(), Kind: d.Kind, Text: d.Text, ReplyTo: d.ReplyTo,
		Thread: d.Thread, Target: d.Target, Removed: d.Removed, Mentions: d.Mentions[:min(len(d.Mentions), MentionsMost)], Attached: d.Attached, State: StateWaiting,
	}
	if m.Kind == 0 {
		m.Kind = KindText
	}
	if err := wire.CheckRoomName(m.Room); err != nil {
		return Message{}, fmt.Errorf("sending to %q: %w", m.Room, err)
	}
	if err := talkOf(&m).Check(typeOf(m.Kind)); err != nil {
		return Message{}, fmt.Errorf("sending to %s: %w", m.Room, err)
	}
	if a := m.Attached; a != nil && (c.cfg.Blobs == nil || !c.cfg.Blobs.Has(a.Hash)) {
		return Message{}, fmt.Errorf("sending %s: %w", a.Name, ErrNoBlob)
	}
	c.view.Lock()
	if s := c.view.session; s != nil {
		m.Community, m.Sender, m.Name = s.community, s.me.ID, s.me.Name
	}
	c.view.Unlock()
	c.post(func() { c.queue(m) })
	return m, nil
}

// queue takes a new message into the outbox of its room.
func (c *Client) queue(m Message) {
	r := c.room(m.Room)
	r.outbox = append(r.outbox, &m)
	s := c.view.session
	if s == nil {
		return // it is kept when the first login says who we are
	}
	m.Community, m.Sender, m.Name = s.community, s.me.ID, s.me.Name
	c.told(&m)
	if !r.wanted {
		m.Failure = ErrNotInRoom.Error()
		c.step(r, &m, onRefused)
		return
	}
	if r.live && !r.settling && r.others(c.me()) == 0 {
		c.step(r, &m, onAlone)
		return
	}
	c.flush(r)
}

// told keeps a message as it is and tells it.
func (c *Client) told(m *Message) {
	c.out.put(result{messages: []Message{*m}, event: MessageChanged{Message: *m}})
}

// step lets an event happen to one of our messages.
func (c *Client) step(r *room, m *Message, e lifeEvent) {
	after, changed := m.State.next(e)
	if !changed {
		return
	}
	if after == stateGone {
		r.outbox = slices.DeleteFunc(r.outbox, func(o *Message) bool { return o == m })
		return
	}
	m.State = after
	if after != StateFailed {
		m.Failure = ""
	}
	c.told(m)
}

// loadOutbox takes up what an earlier run left, once, after the first login, and what was queued before it.
func (c *Client) loadOutbox() {
	if c.loaded {
		return
	}
	c.loaded = true
	s := c.view.session
	for _, r := range c.view.rooms {
		for _, m := range r.outbox {
			m.Community, m.Sender, m.Name = s.community, s.me.ID, s.me.Name
			c.told(m)
		}
	}
	c.work(func() {
		left, err := c.cfg.Store.Outbox(c.ctx, s.community, s.me.ID)
		c.post(func() {
			if err != nil {
				c.log.Error("reading the outbox", "error", err)
			}
			c.takeUp(left)
		})
	})
}

// takeUp puts messages of an earlier run before those of this one.
func (c *Client) takeUp(left []Message) {
	byRoom := map[*room][]*Message{}
	for _, m := range left {
		r := c.room(m.Room)
		if slices.ContainsFunc(r.outbox, func(o *Message) bool { return o.ID == m.ID }) || r.ids.has(m.ID) {
			continue
		}
		m.State = StateWaiting
		byRoom[r] = append(byRoom[r], &m)
	}
	for r, messages := range byRoom {
		r.outbox = append(messages, r.outbox...)
		c.flush(r)
	}
}

// UnsentStore is a Store that can list our messages of a room without a position, those that were refused included, so
// that they can be sent again after a restart.
type UnsentStore interface {
	UnsentIn(ctx context.Context, community UUID, room string) ([]Message, error)
}

func (c *Client) storedUnsent(community UUID, name string) ([]Message, error) {
	s, ok := c.cfg.Store.(UnsentStore)
	if !ok {
		return nil, nil
	}
	return s.UnsentIn(c.ctx, community, name)
}

// keepUnsent takes up what was refused in an earlier run. It is not sent by itself.
func (c *Client) keepUnsent(r *room, unsent []Message) {
	for _, m := range unsent {
		refused := m.State == StateAlone || m.State == StateFailed
		if refused && m.Sender == c.me() && !slices.ContainsFunc(r.outbox, func(o *Message) bool { return o.ID == m.ID }) {
			r.outbox = append(r.outbox, &m)
		}
	}
}

// flush sends what waits in a room, if it can be sent now.
func (c *Client) flush(r *room) {
	if r.home.link == nil || r.number == 0 || !r.live || len(r.outbox) == 0 {
		return
	}
	if wait := time.Until(r.pause); wait > 0 {
		return // a timer will come back
	}
	if r.others(c.me()) == 0 {
		c.waitForOthers(r)
		return
	}
	if r.alone != nil {
		r.alone()
		r.alone = nil
	}
	sent := 0
	for _, m := range r.outbox {
		if m.State == StateSending {
			sent++
		}
	}
	for _, m := range slices.Clone(r.outbox) {
		if m.State != StateWaiting {
			continue
		}
		if sent++; sent > inFlight {
			return
		}
		c.step(r, m, onReady)
		r.home.link.send(wire.Header{Type: typeOf(m.Kind), Flags: flagsOf(m), Room: r.number, ID: wire.ID(m.ID)}, talkOf(m))
	}
}

// lostTime is how long a person may be reconnecting before they count as lost.
func (h *home) lostTime() time.Duration {
	return time.Duration(h.welcome.Limit(wire.LimitLostMS, uint32(Settle/time.Millisecond))) * time.Millisecond
}

// waitForOthers gives those who are on their way back as long as a person may be reconnecting. Then what waits counts
// as refused, since nobody is there.
func (c *Client) waitForOthers(r *room) {
	if r.alone != nil {
		return
	}
	r.alone = c.after(r.home.lostTime(), func() {
		r.alone = nil
		if !r.live || r.others(c.me()) > 0 {
			return
		}
		for _, m := range slices.Clone(r.outbox) {
			if m.State == StateWaiting {
				c.step(r, m, onAlone)
			}
		}
	})
}

// outboxLost puts what was on its way back to waiting.
func (c *Client) outboxLost(r *room) {
	e := onDisconnected
	if c.isClosing() || c.ctx.Err() != nil {
		e = onQuit
	}
	for _, m := range slices.Clone(r.outbox) {
		c.step(r, m, e)
	}
}

// unsent finds one of our messages that has no position.
func (c *Client) unsent(id MessageID) (*room, *Message) {
	for _, r := range c.view.rooms {
		for _, m := range r.outbox {
			if m.ID == id {
				return r, m
			}
		}
	}
	return nil, nil
}

// ourOwn takes one of our messages as it came back through the log.
func (c *Client) ourOwn(r *room, came Message, fresh bool) {
	kept := func() { c.post(func() { c.keptUpTo(r, came.Pos) }) }
	if _, m := c.unsent(came.ID); m != nil {
		c.acknowledged(r, m, came.Pos, came.Time, kept)
		return
	}
	at := slices.IndexFunc(r.mine, func(m *Message) bool { return m.ID == came.ID })
	switch {
	case at >= 0: // another session of ours had to send it again
		r.mine[at].Pos, r.mine[at].Time = came.Pos, came.Time
		came = *r.mine[at]
	case r.live && fresh:
		came.State = StateSent
		own := came
		r.watch(&own)
	}
	c.out.put(result{messages: []Message{came}, event: MessageChanged{Message: came}, kept: kept})
	c.noticeAttachment(r, came)
}

// acknowledged settles one of our messages.
func (c *Client) acknowledged(r *room, m *Message, pos Position, at time.Time, kept func()) {
	r.outbox = slices.DeleteFunc(r.outbox, func(o *Message) bool { return o == m })
	after, _ := m.State.next(onAcknowledged)
	m.State, m.Failure, m.Pos, m.Time, m.Backfill = after, "", pos, at, false
	m.Present = r.others(c.me())
	c.out.put(result{messages: []Message{*m}, event: MessageChanged{Message: *m}, kept: kept})
	if pos.Epoch == r.info.Epoch {
		r.watch(m)
	}
	if m.Attached != nil {
		delete(c.withheld, m.Attached.Hash)
		c.offer(r, *m.Attached, 0, 0)
	}
	c.flush(r)
}

// handleAck takes the acknowledgement of a message that the server had already.
func (c *Client) handleAck(h *home, f wire.Frame) error {
	r := h.byNumber[f.Room]
	where, m := c.unsent(MessageID(f.ID))
	if r == nil || where != r {
		return nil
	}
	pos := Position{Epoch: f.Epoch, Seq: f.Seq}
	r.ids.add(m.ID, pos)
	c.acknowledged(r, m, pos, time.UnixMicro(int64(f.Time)), nil)
	for _, g := range slices.Clone(r.gaps) {
		c.cameAgain(r, g, pos)
	}
	return nil
}

// messageRefused takes the refusal of one of our messages by a home, and reports whether it was one.
func (c *Client) messageRefused(h *home, id wire.ID, err error) bool {
	r, m := c.unsent(MessageID(id))
	if m == nil {
		return false
	}
	switch {
	case r.home != h, r.wanted && m.State == StateWaiting:
		// It was sent before we were out of the room there, and is to be sent again.
	case errors.Is(err, ErrAlone):
		c.step(r, m, onAlone)
	case errors.Is(err, wire.ErrRate), errors.Is(err, wire.ErrBusy), errors.Is(err, wire.ErrMoved):
		c.step(r, m, onBusy)
		wait := max(waitOf(err), 100*time.Millisecond)
		r.pause = time.Now().Add(wait)
		c.after(wait, func() { c.flush(r) })
	default:
		m.Failure = err.Error()
		c.step(r, m, onRefused)
	}
	c.flush(r)
	return true
}

// Resend sends a message again that was refused. The error is ErrNoMessage if there is none.
func (c *Client) Resend(name string, id MessageID) error {
	_, err := call(context.Background(), c, func(done func(struct{}, error)) {
		r, m := c.unsent(id)
		if m == nil {
			done(struct{}{}, ErrNoMessage)
			return
		}
		c.step(r, m, onResend)
		if r.live && r.others(c.me()) == 0 {
			c.step(r, m, onAlone)
		}
		c.flush(r)
		done(struct{}{}, nil)
	})
	if err != nil {
		return fmt.Errorf("sending again to %s: %w", name, err)
	}
	return nil
}

// Discard drops a message that was never acknowledged. A message that is on its way cannot be dropped.
func (c *Client) Discard(name string, id MessageID) error {
	community, err := call(context.Background(), c, func(done func(UUID, error)) {
		var community UUID
		if s := c.view.session; s != nil {
			community = s.community
		}
		r, m := c.unsent(id)
		if m != nil {
			if after, _ := m.State.next(onDiscard); after != stateGone {
				done(community, fmt.Errorf("it is on its way: %w", ErrNoMessage))
				return
			}
			c.step(r, m, onDiscard)
		}
		done(community, nil)
	})
	if err == nil {
		err = c.cfg.Store.Forget(context.Background(), community, name, id)
	}
	if err != nil {
		return fmt.Errorf("dropping a message to %s: %w", name, err)
	}
	return nil
}
