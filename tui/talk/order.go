// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"slices"

	"kchat/history"
	"kchat/rooms"
)

// Talk is the list of one room with its messages found by their ids: saying one again changes it where it stands, and
// edits, deletions and reactions go to what they refer to.
type Talk struct {
	List
	window
	byID        map[rooms.MessageID]*Message
	orphans     map[rooms.MessageID][]rooms.Message // came before what they refer to
	begins      *Rule
	fresh       *Message       // the first unread message has the divider above it
	joined      rooms.Position // what was said up to here was said before we ever came; zero: we were here before
	joins       *Message       // the first one after that
	seenDivider bool           // it was on the screen
	read        []*Message     // those that say who has read up to them

	pictures map[rooms.Hash][]*Message
	unsent   map[rooms.MessageID]*Message
	live     bool // there was a live video

	answers     map[rooms.MessageID][]*Message     // by what they answer
	wanted      []rooms.MessageID                  // what is answered here and not known
	threads     map[rooms.MessageID]*Thread        // by their first messages
	readTo      rooms.Position                     // threads were looked at up to here in an earlier run
	marks       map[rooms.MessageID]rooms.Position // but these up to there
	done        map[rooms.MessageID]bool           // changes of ours that the server has taken
	stale       bool                               // fresher is to be counted anew
	fresher     int                                // messages that wait in threads
	threadStamp uint64                             // counts what may have changed that
	parked      []*Message                         // messages of threads that do not stand in the list
	open        rooms.MessageID                    // the thread that is being read
	strays      int                                // in orphans
}

// New returns an empty talk.
func New(look *Look) *Talk {
	t := &Talk{
		byID:     make(map[rooms.MessageID]*Message),
		orphans:  make(map[rooms.MessageID][]rooms.Message),
		pictures: make(map[rooms.Hash][]*Message),
		unsent:   make(map[rooms.MessageID]*Message),
		answers:  make(map[rooms.MessageID][]*Message),
		threads:  make(map[rooms.MessageID]*Thread),
		done:     make(map[rooms.MessageID]bool),
	}
	t.SetLook(look)
	return t
}

// Message returns the message with an id, or nil.
func (t *Talk) Message(id rooms.MessageID) *Message { return t.byID[id] }

// Put shows a message, or what changed about it. It reports whether a message is new to the list.
func (t *Talk) Put(m rooms.Message) bool {
	if m.Kind != rooms.KindText && m.Kind != rooms.KindTopic {
		t.refer(m)
		return false
	}
	if item := t.byID[m.ID]; item != nil {
		t.again(item, m)
		return false
	}
	outside, fresh := t.outside(m)
	if outside && m.Thread.IsZero() {
		return fresh
	}
	item := t.adopt(m)
	if outside { // its thread has it
		t.park(item)
		return fresh
	}
	t.list(item)
	t.Trim()
	return true
}

// again takes what changed about a message. What the server has taken once does not wait again: what was read from the
// disk before that comes late.
func (t *Talk) again(item *Message, m rooms.Message) {
	if m.Pos.IsZero() && !item.Pos.IsZero() {
		return
	}
	moved := item.Place() != m.Pos
	item.Set(m)
	t.noteUnsent(item)
	if moved && item.InThread() {
		t.unthread(item)
		t.thread(item)
	}
	if moved || !item.listed {
		t.list(item)
	}
}

// Load puts what was kept, oldest first, where it belongs; what is there already is left alone. It returns how many
// were new.
func (t *Talk) Load(entries []history.Entry) int {
	var items []Item
	for _, e := range entries {
		item := t.byID[e.Message.ID]
		if item != nil && item.listed {
			item.restore(e) // the history may know more of what was done to it
			continue
		}
		if item == nil {
			item = t.adopt(e.Message)
			item.restore(e)
		}
		item.listed = true
		items = append(items, item)
	}
	if len(items) == 0 {
		return 0
	}
	at := 0
	if t.begins != nil && t.Len() > 0 && t.At(0) == Item(t.begins) {
		at = 1
	}
	t.lift()
	if last := items[len(items)-1]; at == t.Len() || (!last.Place().IsZero() && after(t.At(at).Place(), last.Place())) {
		t.InsertAt(at, items...)
	} else {
		for _, item := range items { // they interleave with what is there
			t.Insert(item)
		}
	}
	t.restore()
	return len(items)
}

// Begins puts a rule with words at the upper end, in place of the one before.
func (t *Talk) Begins(words string) {
	if t.begins != nil {
		t.Remove(t.begins)
	}
	t.begins = NewRule(RuleBegin, words, rooms.Position{Seq: 1}) // before everything
	t.InsertAt(0, t.begins)
	t.reveal(0)
}

// lift has the screen begin with a message rather than with a rule above it: what comes between them moves nothing.
func (t *Talk) lift() {
	for t.reading && t.offset == 0 && t.top < len(t.items)-1 {
		if _, rule := t.items[t.top].item.(*Rule); !rule {
			return
		}
		t.top++
	}
}

// reveal brings an item that came right above the screen onto it: it says what lies there.
func (t *Talk) reveal(i int) {
	if t.reading && i == t.top-1 && t.offset == 0 {
		t.top = i
	}
}

// Begun reports whether the rule of Begins stands at the upper end.
func (t *Talk) Begun() bool { return t.begins != nil }

// Oldest returns the place of the oldest message that has one.
func (t *Talk) Oldest() rooms.Position {
	for i := range t.items {
		if m, ok := t.items[i].item.(*Message); ok && !m.Place().IsZero() {
			return m.Place()
		}
	}
	return rooms.Position{}
}

// Newest returns the place of the newest message that has one.
func (t *Talk) Newest() rooms.Position {
	for i := len(t.items) - 1; i >= 0; i-- {
		if p := t.items[i].item.Place(); !p.IsZero() {
			return p
		}
	}
	return rooms.Position{}
}

// LastOf returns somebody's last message that is not after a position, or nil. What was withdrawn is none.
func (t *Talk) LastOf(sender rooms.AccountID, upTo rooms.Position) *Message {
	if upTo.IsZero() {
		return nil
	}
	for i := len(t.items) - 1; i >= 0; i-- {
		m, ok := t.items[i].item.(*Message)
		if ok && m.Sender == sender && m.Kind == rooms.KindText && !m.Withdrawn() && !m.Pos.IsZero() && m.Pos.Compare(upTo) <= 0 {
			return m
		}
	}
	return nil
}

// MarkRead says at messages who has read up to them, and takes it away from all others.
func (t *Talk) MarkRead(words map[rooms.MessageID]string) {
	for _, m := range t.read {
		if words[m.ID] == "" {
			m.setRead("")
		}
	}
	t.read = t.read[:0]
	for id, says := range words {
		if m := t.byID[id]; m != nil {
			m.setRead(says)
			t.read = append(t.read, m)
		}
	}
}

// Note puts a remark after everything that has a place.
func (t *Talk) Note(n *Note) {
	n.place = t.Newest()
	if n.place.IsZero() {
		n.place = rooms.Position{Seq: 1} // before everything that will get a place
	}
	if t.later {
		t.hold(n)
		return
	}
	t.Insert(n)
}

// Gap puts a rule after everything up to a place.
func (t *Talk) Gap(r *Rule) {
	t.gaps = append(t.gaps, r)
	if t.spans(r.place) {
		t.insertGap(r)
	}
}

func (t *Talk) insertGap(r *Rule) {
	i := t.Insert(r)
	if i > 0 {
		r.at = t.At(i - 1).When()
	}
	t.reveal(i)
}

// Ungap takes a rule of Gap away.
func (t *Talk) Ungap(r *Rule) {
	t.gaps = slices.DeleteFunc(t.gaps, func(g *Rule) bool { return g == r })
	t.Remove(r)
}

// Pictures returns the attachments with a hash.
func (t *Talk) Pictures(hash rooms.Hash) []*Picture {
	var out []*Picture
	for _, m := range t.pictures[hash] {
		if t.byID[m.ID] == m && m.picture != nil {
			out = append(out, m.picture)
		}
	}
	return out
}

// LayOut lays out what is on the screen, if pictures can be among it: their sizes are known then.
func (t *Talk) LayOut() {
	if len(t.pictures) > 0 || t.live {
		t.Draw()
	}
}

// Redraw makes all pictures want to be drawn anew, for other colours.
func (t *Talk) Redraw() {
	for _, all := range t.pictures {
		for _, m := range all {
			m.Picture().Redraw()
		}
	}
}

// Free makes the terminal forget all pictures, until they are drawn anew.
func (t *Talk) Free() {
	for _, all := range t.pictures {
		for _, m := range all {
			m.picture.free()
			m.picture.Redraw()
		}
	}
}

// Drop takes a message out.
func (t *Talk) Drop(id rooms.MessageID) {
	if item := t.byID[id]; item != nil {
		if item.picture != nil {
			item.picture.Drop()
		}
		t.unthread(item)
		if !t.release(item) {
			t.Remove(item)
		}
		delete(t.byID, id)
		delete(t.unsent, id)
	}
}

// Unsent returns our messages that were refused or failed, oldest first.
func (t *Talk) Unsent() []*Message {
	out := make([]*Message, 0, len(t.unsent))
	for i := len(t.items) - 1; i >= 0 && len(out) < len(t.unsent); i-- { // they are near the end
		if m, ok := t.items[i].item.(*Message); ok && m.Unsent() {
			out = append(out, m)
		}
	}
	slices.Reverse(out)
	return out
}

// UnsentCount is how many there are.
func (t *Talk) UnsentCount() int { return len(t.unsent) }

func (t *Talk) noteUnsent(m *Message) {
	if m.Unsent() {
		t.unsent[m.ID] = m
	} else {
		delete(t.unsent, m.ID)
	}
}

func (t *Talk) adopt(m rooms.Message) *Message {
	item := newMessage(m)
	t.byID[m.ID] = item
	if m.Attached != nil {
		t.pictures[m.Attached.Hash] = append(t.pictures[m.Attached.Hash], item)
	}
	for _, later := range t.orphans[m.ID] {
		item.apply(later)
	}
	t.strays -= len(t.orphans[m.ID])
	delete(t.orphans, m.ID)
	t.noteUnsent(item)
	t.thread(item)
	t.answer(item)
	t.came(item)
	return item
}

// maxOrphans is how many changes are remembered of messages that are not shown. What is forgotten comes from the history
// with all that was done to it.
const maxOrphans = 4096

func (t *Talk) refer(m rooms.Message) {
	if m.Sender == t.look.Me {
		if m.Pos.IsZero() && t.done[m.ID] {
			return // it was read from the disk before the server had it
		}
		t.done[m.ID] = t.done[m.ID] || !m.Pos.IsZero()
	}
	if item := t.byID[m.Target]; item != nil {
		item.apply(m)
		t.noteUnsent(item)
		t.touched(item)
		t.redrawRoot(item.threadOf())
		return
	}
	if t.strays++; t.strays > maxOrphans {
		clear(t.orphans)
		t.strays = 1
	}
	t.orphans[m.Target] = append(t.orphans[m.Target], m)
}

// TakeBack forgets a change that we wanted and that was dropped.
func (t *Talk) TakeBack(change rooms.Message) {
	if item := t.byID[change.Target]; item != nil {
		item.unwish(change.ID)
		t.noteUnsent(item)
		t.touched(item)
	}
}
