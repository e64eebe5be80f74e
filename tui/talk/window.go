// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"slices"

	"kchat/history"
	"kchat/rooms"
)

// A talk shows a window of its room. What lies outside is in the history and comes back a page at a time, so that a
// room of any length costs what a window costs.

const (
	// margin is how many items stay above and below the screen when others are dropped.
	margin = 200
	// near is how many items from the edge of the window the next page is due: before one gets there.
	near = 40
	// heldNotes is how many remarks wait while the end of the room is not loaded.
	heldNotes = 100
)

// window is what a talk knows of what it does not hold.
type window struct {
	most      int            // items to hold; 0: all
	earlier   bool           // older talk is kept that is not loaded
	later     bool           // newer talk is kept that is not loaded
	beyond    rooms.Position // of it, the newest that came while it was not loaded
	missed    int            // how many came
	endWanted bool           // Follow was asked for
	held      []Item         // what has no place in the window: ours without a place, and remarks
	divided   rooms.Position // where Divide puts the divider
	gaps      []*Rule
}

// Bound has the talk hold no more than about so many items: of those far from the screen the others are dropped.
func (t *Talk) Bound(most int) { t.most = most }

// Bounded returns the bound, 0 if there is none.
func (t *Talk) Bounded() int { return t.most }

// Earlier reports whether older talk is kept that is not loaded, and SetEarlier notes it.
func (t *Talk) Earlier() bool { return t.earlier }

// SetEarlier notes whether older talk is kept that is not loaded.
func (t *Talk) SetEarlier(earlier bool) { t.earlier = earlier }

// Later reports whether newer talk is kept that is not loaded. What comes then is counted only.
func (t *Talk) Later() bool { return t.later }

// Follow goes to the newest item and keeps it in sight. If that is not loaded, it is wanted: see WantsEnd.
func (t *Talk) Follow() {
	if t.later {
		t.endWanted = true
		return
	}
	t.List.Follow()
}

// Stay gives up what Follow asked for.
func (t *Talk) Stay() { t.endWanted = false }

// WantsEnd reports whether Follow waits for the end of the room.
func (t *Talk) WantsEnd() bool { return t.endWanted }

// NearTop reports whether older talk is due, and NearEnd newer talk.
func (t *Talk) NearTop() bool { return t.earlier && t.reading && t.top < near }

// NearEnd reports whether newer talk is due.
func (t *Talk) NearEnd() bool { return t.later && len(t.items)-t.top-t.height < near }

// Below returns how many items lie below the screen, as far as they are known.
func (t *Talk) Below() int { return t.List.Below() + t.missed }

// LoadLater puts a page of newer talk below; all says that nothing was kept behind it when it was read.
func (t *Talk) LoadLater(page []history.Entry, all bool) {
	t.Load(page)
	if all && (len(page) == 0 || t.Newest().Compare(t.beyond) >= 0) {
		t.attach()
	}
	t.Trim()
}

// Show replaces the window by a page of the room.
func (t *Talk) Show(page []history.Entry, earlier, later bool) {
	if !t.later {
		t.beyond = t.Newest()
	}
	t.cut(0, len(t.items))
	t.earlier, t.later, t.pinned = earlier, true, true
	t.reading, t.top, t.offset, t.selected = true, 0, 0, nil
	t.Load(page)
	if !later {
		t.attach()
	}
}

// attach says that the end of the room is loaded. What waited for it comes back.
func (t *Talk) attach() {
	t.later, t.pinned, t.missed, t.beyond = false, false, 0, rooms.Position{}
	held := t.held
	t.held = nil
	for _, item := range held {
		if m, ok := item.(*Message); ok && t.byID[m.ID] != m {
			continue // it was given up meanwhile
		}
		t.Insert(item)
	}
	if t.endWanted {
		t.endWanted = false
		t.List.Follow()
	}
}

// outside reports whether a message has no place in the window, and counts it if it is new.
func (t *Talk) outside(m rooms.Message) (outside, fresh bool) {
	switch {
	case m.Pos.IsZero():
		return false, false
	case t.later && m.Pos.Compare(t.Newest()) > 0:
		if m.Pos.Compare(t.beyond) <= 0 {
			return true, false
		}
		t.beyond = m.Pos
		t.missed++
		return true, true
	case t.earlier && m.Pos.Compare(t.Oldest()) < 0:
		return true, false
	}
	return false, false
}

// hold keeps an item for when the end of the room is loaded.
func (t *Talk) hold(item Item) {
	if t.held = append(t.held, item); len(t.held) > heldNotes {
		if i := slices.IndexFunc(t.held, func(x Item) bool { _, note := x.(*Note); return note }); i >= 0 {
			t.held = slices.Delete(t.held, i, i+1)
		}
	}
}

// release takes an item back that is held, and reports whether it was.
func (t *Talk) release(item Item) bool {
	i := slices.Index(t.held, item)
	if i >= 0 {
		t.held = slices.Delete(t.held, i, i+1)
	}
	return i >= 0
}

// Trim drops what is far from the screen when there is too much: on the side where more of it lies.
func (t *Talk) Trim() {
	if t.most == 0 || len(t.items) <= t.most {
		return
	}
	drop := len(t.items) - t.most + t.most/4
	top, bottom := t.top, t.top+t.height
	if !t.reading {
		top, bottom = len(t.items)-t.height, len(t.items)
	}
	above, below := top-margin, len(t.items)-bottom-margin
	if above >= below {
		t.cut(0, max(0, min(drop, above)))
		t.earlier = true
	} else {
		t.cut(len(t.items)-max(0, min(drop, below)), len(t.items))
	}
}

// cut drops the items from one index to another, which the history has. What it has not is held.
func (t *Talk) cut(from, to int) {
	if from >= to {
		return
	}
	atEnd := to == len(t.items) && from > 0
	if atEnd {
		t.beyond = t.Newest()
	}
	for i := from; i < to; i++ {
		t.letGo(t.items[i].item, to == len(t.items))
	}
	t.items = slices.Delete(t.items, from, to)
	if t.top >= to {
		t.top -= to - from
	}
	if atEnd {
		t.later, t.pinned = true, true
	}
}

// letGo forgets an item, or holds it if it belongs to the end of the room and cannot be read again.
func (t *Talk) letGo(item Item, end bool) {
	if t.selected == item {
		t.selected = nil
	}
	switch item := item.(type) {
	case *Message:
		if item.Place().IsZero() {
			t.hold(item)
			return
		}
		if item.listed = false; t.fresh == item {
			t.fresh = nil
		}
		t.forgetUnless(item)
	case *Note:
		if end {
			t.hold(item)
		}
	case *Rule:
		if t.begins == item {
			t.begins = nil
		}
	}
}

// forgetUnless forgets a message, unless it is shown or something that is shown refers to it.
func (t *Talk) forgetUnless(m *Message) {
	if m.picture != nil {
		m.picture.Undraw()
	}
	if m.listed || t.threads[m.ID] != nil || len(t.answers[m.ID]) > 0 {
		return
	}
	if m.InThread() && !m.dismissed {
		t.park(m)
		return
	}
	delete(t.byID, m.ID)
	if m.picture != nil {
		hash := m.picture.Attached.Hash
		t.pictures[hash] = slices.DeleteFunc(t.pictures[hash], func(o *Message) bool { return o == m })
		if len(t.pictures[hash]) == 0 {
			delete(t.pictures, hash)
		}
	}
	if m.ReplyTo.IsZero() {
		return
	}
	others := slices.DeleteFunc(t.answers[m.ReplyTo], func(o *Message) bool { return o == m })
	if len(others) > 0 {
		t.answers[m.ReplyTo] = others
		return
	}
	delete(t.answers, m.ReplyTo)
	if m.answered != nil {
		t.forgetUnless(m.answered)
	}
}

// list puts a message where its place says, or keeps it for when that is loaded.
func (t *Talk) list(m *Message) {
	selected := t.selected
	if !t.release(m) {
		t.Remove(m)
	}
	m.listed = false
	switch outside, _ := t.outside(m.Message); {
	case outside:
		t.forgetUnless(m)
		return
	case m.Pos.IsZero() && t.later:
		t.hold(m)
	default:
		if !m.Pos.IsZero() && m.Pos.Compare(t.Oldest()) < 0 {
			t.lift()
		}
		t.Insert(m)
		t.selected = selected
		t.joinsAt(m)
	}
	m.listed = true
}

// restore puts what is not part of the history into the window that was loaded: the divider and the gaps.
func (t *Talk) restore() {
	if t.fresh != nil || !t.earlier || t.Oldest().Compare(t.divided) <= 0 {
		t.placeDivider()
	}
	for _, g := range t.gaps {
		if t.Index(g) < 0 && t.spans(g.place) {
			t.insertGap(g)
		}
	}
}

// spans reports whether a place lies in the window.
func (t *Talk) spans(p rooms.Position) bool {
	return (!t.earlier || p.Compare(t.Oldest()) >= 0) && (!t.later || p.Compare(t.Newest()) < 0)
}
