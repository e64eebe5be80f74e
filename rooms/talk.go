// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"fmt"
	"time"

	"kchat/wire"
)

// idSet remembers the ids of the messages that came last, and where they stand.
type idSet struct {
	have  map[MessageID]Position
	order []MessageID // a ring
	next  int
}

// idsKept is how many ids of a room are remembered. The store knows all; this keeps repeats from being told twice.
const idsKept = 1 << 14

// has reports whether the id is remembered.
func (s *idSet) has(id MessageID) bool {
	_, ok := s.have[id]
	return ok
}

// add remembers a message, and reports whether it is new, and whether this is news of it at all: an author who sent
// it again knows only its last place, so that one counts for all.
func (s *idSet) add(id MessageID, pos Position) (fresh, news bool) {
	if s.have == nil {
		s.have = map[MessageID]Position{}
	}
	if known, ok := s.have[id]; ok {
		if news = pos.Compare(known) > 0; news {
			s.have[id] = pos
		}
		return false, news
	}
	if len(s.order) < idsKept {
		s.order = append(s.order, id)
	} else {
		delete(s.have, s.order[s.next])
		s.order[s.next] = id
		s.next = (s.next + 1) % idsKept
	}
	s.have[id] = pos
	return true, true
}

var kinds = map[wire.Type]Kind{
	wire.TypeMsg: KindText, wire.TypeEdit: KindEdit, wire.TypeDelete: KindDelete, wire.TypeReact: KindReact, wire.TypeTopic: KindTopic,
}

func typeOf(k Kind) wire.Type {
	for t, kind := range kinds {
		if kind == k {
			return t
		}
	}
	return 0
}

// NewerClient stands in Failure of a message that has something this program does not understand.
const NewerClient = "from a newer client"

// messageOf reads a lasting frame.
func (c *Client) messageOf(r *room, kind wire.Type, flags wire.Flags, h wire.Header, body []byte) (Message, error) {
	talk, err := c.decoder.Talk(body)
	if err != nil {
		return Message{}, fmt.Errorf("message %v: %w", h.ID, err)
	}
	m := Message{
		Community: c.view.session.community, Room: r.name, ID: MessageID(h.ID),
		Pos: Position{Epoch: h.Epoch, Seq: h.Seq}, Time: time.UnixMicro(int64(h.Time)),
		Sender: AccountID(h.Sender), Name: c.names[AccountID(h.Sender)], Kind: kinds[kind],
		Text: string(talk.Text), ReplyTo: MessageID(talk.ReplyTo), Thread: MessageID(talk.Thread), Target: MessageID(talk.Target),
		Removed: flags&wire.FlagRemove != 0, Backfill: !r.live,
	}
	for _, id := range talk.Mentions {
		m.Mentions = append(m.Mentions, AccountID(id))
	}
	if talk.Newer {
		m.Failure = NewerClient
	}
	if d := talk.Descriptor; d != nil {
		m.Attached = &Attachment{
			Hash: Hash(d.Hash), Size: d.Size, MIME: d.MIME, Name: d.Name, Width: d.Width, Height: d.Height,
			Duration: time.Duration(d.Duration) * time.Millisecond,
		}
	}
	return m, nil
}

// talkOf writes the body of one of our messages.
func talkOf(m *Message) wire.Talk {
	t := wire.Talk{Target: wire.ID(m.Target), ReplyTo: wire.ID(m.ReplyTo), Thread: wire.ID(m.Thread), Text: []byte(m.Text)}
	for _, id := range m.Mentions {
		t.Mentions = append(t.Mentions, uint64(id))
	}
	if a := m.Attached; a != nil {
		t.Descriptor = &wire.Descriptor{
			Hash: a.Hash, Size: a.Size, Width: a.Width, Height: a.Height, Duration: uint32(a.Duration / time.Millisecond),
			MIME: a.MIME, Name: a.Name,
		}
	}
	return t
}

func flagsOf(m *Message) wire.Flags {
	if m.Removed {
		return wire.FlagRemove
	}
	return 0
}

// handleTalk takes a lasting frame in the order of the room. Nothing of the room is handled before the name of its
// author is known.
func (c *Client) handleTalk(r *room, f wire.Frame) error {
	pos := Position{Epoch: f.Epoch, Seq: f.Seq}
	if pos.Compare(r.last) <= 0 {
		return nil
	}
	if _, known := c.names[AccountID(f.Sender)]; !known {
		r.hold = AccountID(f.Sender)
		c.boundNames()
		r.held = append(r.held, f)
		c.askName(r.home, r.hold)
		return nil
	}
	m, err := c.messageOf(r, f.Type, f.Flags, f.Header, f.Body)
	if err != nil {
		return err
	}
	if pos.Epoch == r.last.Epoch && pos.Seq > r.last.Seq+1 {
		c.openGap(r, r.last, Position{Epoch: pos.Epoch, Seq: pos.Seq - 1}, true)
	}
	r.last = pos
	c.stopsTyping(r, m.Sender)
	if m.Kind == KindTopic {
		c.view.Lock()
		r.info.Topic = m.Text
		c.view.Unlock()
	}
	fresh, _ := r.ids.add(m.ID, pos)
	if m.Sender == c.me() {
		c.ourOwn(r, m, fresh)
		return nil
	}
	c.out.put(result{messages: []Message{m}, event: MessageChanged{Message: m}, kept: func() {
		c.post(func() { c.keptUpTo(r, pos) })
	}})
	if fresh {
		c.noticeAttachment(r, m)
	}
	return nil
}

// askName asks a home who somebody is, and lets its rooms go on that wait for it.
func (c *Client) askName(h *home, id AccountID) {
	if h.asked[id] {
		return
	}
	h.asked[id] = true
	c.request(h, wire.Header{Type: wire.TypeWhois}, wire.Whois{Account: uint64(id)}, func(f wire.Frame, err error) bool {
		delete(h.asked, id)
		if h.link == nil {
			return false
		}
		p, parseErr := wire.ParsePerson(f.Body)
		if err != nil || parseErr != nil {
			c.log.Debug("nobody knows this person", "account", id, "error", err)
		}
		c.names[id] = p.Name
		for _, r := range c.view.rooms {
			if r.home == h && r.hold == id {
				c.release(r)
			}
		}
		return false
	})
}

// release handles what waited for a name.
func (c *Client) release(r *room) {
	l, held := r.home.link, r.held
	r.held, r.hold = nil, 0
	for _, f := range held {
		c.handle(l, f)
	}
}
