// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"slices"

	"kchat/rooms"
)

// After returns the messages after a position, oldest first.
func (t *Talk) After(p rooms.Position) []*Message {
	var out []*Message
	for i := len(t.items) - 1; i >= 0; i-- {
		place := t.items[i].item.Place()
		if !place.IsZero() && place.Compare(p) <= 0 {
			break
		}
		if m, ok := t.items[i].item.(*Message); ok && !place.IsZero() {
			out = append(out, m)
		}
	}
	slices.Reverse(out)
	return out
}

// Divide puts the divider for unread messages above the first message after p that is not ours, or takes it away when
// there is none. What comes between later has the divider above it.
func (t *Talk) Divide(p rooms.Position) {
	t.divided, t.seenDivider = p, false
	t.placeDivider()
}

// placeDivider puts the divider where it belongs in what is loaded now. Where it moves to nobody has seen it.
func (t *Talk) placeDivider() {
	var first *Message
	if !t.divided.IsZero() {
		for _, m := range t.After(t.divided) {
			if m.Sender != t.look.Me && m.Kind == rooms.KindText {
				first = m
				break
			}
		}
	}
	if first == t.fresh {
		return
	}
	if t.fresh != nil {
		t.fresh.setFresh(false)
	}
	if t.fresh = first; first != nil {
		first.setFresh(true)
	}
	t.seenDivider = false
}

// Divided reports whether the divider stands in the talk.
func (t *Talk) Divided() bool { return t.fresh != nil }

// DividedAt is the place of the message that has the divider above it, zero if none has.
func (t *Talk) DividedAt() rooms.Position {
	if t.fresh == nil {
		return rooms.Position{}
	}
	return t.fresh.Pos
}

// DividerSeen reports whether the divider was on the screen.
func (t *Talk) DividerSeen() bool { return t.seenDivider }

// ToDivider brings the divider to the upper end of the screen. It reports whether there is one.
func (t *Talk) ToDivider() bool {
	i := t.divider()
	if i < 0 {
		return false
	}
	t.seenDivider = true
	t.reading, t.top, t.offset = true, i, 0
	t.settle()
	return true
}

// NewAbove returns how many messages of others lie between the divider and the screen, as long as the divider has not
// been seen. While what was said before is still coming, nothing is seen: it passes by. It is right after Draw.
func (t *Talk) NewAbove(coming bool) int {
	i := t.divider()
	if i < 0 || t.seenDivider {
		return 0
	}
	if i >= t.first {
		t.seenDivider = !coming
		return 0
	}
	n := 0
	for ; i < min(t.first, len(t.items)); i++ {
		if m, ok := t.items[i].item.(*Message); ok && m.Sender != t.look.Me {
			n++
		}
	}
	return n
}

// divider is where the message stands that has the divider above it, or -1.
func (t *Talk) divider() int {
	if t.fresh == nil {
		return -1
	}
	return t.Index(t.fresh)
}

// Joined says that what was said up to a place was said before we ever came into the room. Where something has come after
// it, a rule says so.
func (t *Talk) Joined(p rooms.Position) {
	t.joined = p
	for _, m := range t.After(p) {
		t.joinsAt(m)
		return
	}
}

// joinsAt puts the rule above the first message after we came, if that is this one.
func (t *Talk) joinsAt(m *Message) {
	if t.joined.IsZero() || m.Pos.Compare(t.joined) <= 0 || t.joins != nil && m.Pos.Compare(t.joins.Pos) >= 0 {
		return
	}
	if t.joins != nil {
		t.joins.joins = false
		t.joins.version++
	}
	t.joins, m.joins = m, true
	m.version++
}
