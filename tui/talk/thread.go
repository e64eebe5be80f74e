// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"maps"
	"slices"
	"strings"

	"kchat/rooms"
	"kchat/tui/text"
)

// Thread is what was said in answer to one message, beside the talk of the room. In the list each of its messages takes
// one row (and its reactions another), so that nothing said in a room is out of sight; whole they are in a View.
type Thread struct {
	Root    rooms.MessageID
	replies []*Message // by their places
	read    rooms.Position
	gone    int            // replies that were let go
	goneTo  rooms.Position // the newest of them
}

// threadOf is the thread that a message is said in; zero: in the room itself. One cannot be in its own thread.
func (m *Message) threadOf() rooms.MessageID {
	if m.Thread == m.ID {
		return rooms.MessageID{}
	}
	return m.Thread
}

// InThread reports whether the message is said in a thread.
func (m *Message) InThread() bool { return !m.threadOf().IsZero() }

func (th *Thread) all() []*Message {
	if th == nil {
		return nil
	}
	return th.replies
}

// Count is how many messages the thread has besides the first one. What was withdrawn is none.
func (th *Thread) Count() int {
	if th == nil {
		return 0
	}
	n := th.gone
	for _, m := range th.replies {
		if !m.Withdrawn() {
			n++
		}
	}
	return n
}

// Last is the thread's newest message, or nil.
func (th *Thread) Last() *Message {
	if th == nil || len(th.replies) == 0 {
		return nil
	}
	return th.replies[len(th.replies)-1]
}

// Unread is how many messages of others have come that were not looked at in the thread.
func (th *Thread) Unread(me rooms.AccountID) int {
	n := 0
	for _, m := range th.all() {
		if m.Sender != me && !m.Withdrawn() && m.Pos.Compare(th.read) > 0 {
			n++
		}
	}
	return n
}

// Thread returns what was said in answer to a message, or nil.
func (t *Talk) Thread(root rooms.MessageID) *Thread { return t.threads[root] }

// Threads returns all that are known, the one with the newest message first.
func (t *Talk) Threads() []*Thread {
	out := make([]*Thread, 0, len(t.threads))
	for _, th := range t.threads {
		if th.Count() > 0 {
			out = append(out, th)
		}
	}
	slices.SortFunc(out, func(a, b *Thread) int {
		x, y := a.Last(), b.Last()
		switch {
		case after(x.Pos, y.Pos):
			return -1
		case after(y.Pos, x.Pos):
			return 1
		}
		return strings.Compare(a.Root.String(), b.Root.String())
	})
	return out
}

// UnreadThreads is how many messages wait in threads.
func (t *Talk) UnreadThreads() int {
	if t.stale {
		t.stale, t.fresher = false, 0
		for _, th := range t.threads {
			t.fresher += th.Unread(t.look.Me)
		}
	}
	return t.fresher
}

// ReadThread notes that all of a thread was looked at.
func (t *Talk) ReadThread(root rooms.MessageID) {
	th := t.threads[root]
	if th == nil || th.Unread(t.look.Me) == 0 {
		return
	}
	for _, m := range th.replies {
		if m.Pos.Compare(th.read) > 0 {
			th.read = m.Pos
		}
	}
	t.redrawRoot(root)
}

// ReadThreads notes that everything up to a place was looked at in earlier runs, but for the threads that have a mark of
// their own.
func (t *Talk) ReadThreads(upTo rooms.Position, marks map[rooms.MessageID]rooms.Position) {
	t.readTo, t.marks = upTo, marks
	for root, th := range t.threads {
		mark, has := marks[root]
		if !has {
			mark = upTo
		}
		if mark.Compare(th.read) > 0 {
			th.read = mark
			t.redrawRoot(root)
		}
	}
}

// marksMost is how many threads with something new are remembered over runs; of more the oldest count as looked at.
const marksMost = 256

// ThreadMarks is how far those threads were looked at of which something was not.
func (t *Talk) ThreadMarks() map[rooms.MessageID]rooms.Position {
	marks := make(map[rooms.MessageID]rooms.Position)
	for root, th := range t.threads {
		if th.Unread(t.look.Me) > 0 {
			marks[root] = th.read
		}
	}
	for root, mark := range t.marks {
		if t.threads[root] == nil {
			marks[root] = mark // nothing of it is loaded
		}
	}
	if len(marks) > marksMost {
		oldest := slices.SortedFunc(maps.Keys(marks), func(a, b rooms.MessageID) int { return marks[a].Compare(marks[b]) })
		for _, root := range oldest[:len(marks)-marksMost] {
			delete(marks, root)
		}
	}
	return marks
}

// ReadAllThreads notes that all threads were looked at.
func (t *Talk) ReadAllThreads() {
	t.marks = nil
	for root := range t.threads {
		t.ReadThread(root)
	}
	t.threadStamp++
}

// ThreadStamp changes whenever ThreadMarks may.
func (t *Talk) ThreadStamp() uint64 { return t.threadStamp }

func (t *Talk) redrawRoot(root rooms.MessageID) {
	t.stale = true
	t.threadStamp++
	if m := t.byID[root]; m != nil {
		m.version++
	}
}

// thread puts a message into its thread, where its place says.
func (t *Talk) thread(m *Message) {
	id := m.threadOf()
	if id.IsZero() {
		return
	}
	th := t.threads[id]
	if th == nil {
		th = &Thread{Root: id, read: t.readTo}
		if mark, has := t.marks[id]; has {
			th.read = mark
		}
		t.threads[id] = th
	}
	at := len(th.replies)
	for at > 0 && after(th.replies[at-1].Pos, m.Pos) {
		at--
	}
	th.replies = slices.Insert(th.replies, at, m)
	if th.gone > 0 && !m.Pos.IsZero() && m.Pos.Compare(th.goneTo) <= 0 {
		th.gone-- // it is back
	}
	if m.root = t.byID[id]; m.root != nil {
		m.root.thread = th
	}
	t.redrawRoot(id)
}

// unthread takes a message out of its thread.
func (t *Talk) unthread(m *Message) {
	if th := t.threads[m.threadOf()]; th != nil {
		th.replies = slices.DeleteFunc(th.replies, func(o *Message) bool { return o == m })
		t.redrawRoot(th.Root)
	}
}

const (
	// maxParked is how many messages of threads are held that do not stand in the list: what others may make us hold is
	// bounded. The others are in the history, and counted.
	maxParked = 2000
	// maxThreads is how many threads are remembered of which no reply is held.
	maxThreads = 4096
)

// park holds a message of a thread that is let go from the list. When there are too many the oldest one goes.
func (t *Talk) park(m *Message) {
	t.parked = append(t.parked, m)
	for range len(t.parked) - maxParked {
		oldest := t.parked[0]
		t.parked = t.parked[1:]
		switch {
		case oldest.listed || t.byID[oldest.ID] != oldest:
		case oldest.threadOf() == t.open:
			t.parked = append(t.parked, oldest) // it is being read
		default:
			t.dismiss(oldest)
		}
	}
}

// dismiss lets a message of a thread go, and counts it.
func (t *Talk) dismiss(m *Message) {
	th := t.threads[m.threadOf()]
	if th == nil {
		return
	}
	th.replies = slices.DeleteFunc(th.replies, func(o *Message) bool { return o == m })
	if !m.Withdrawn() {
		th.gone++
	}
	if m.Pos.Compare(th.goneTo) > 0 {
		th.goneTo = m.Pos
	}
	if len(th.replies) == 0 && len(t.threads) > maxThreads {
		delete(t.threads, th.Root)
		if root := t.byID[th.Root]; root != nil {
			root.thread = nil
			root.version++
			t.forgetUnless(root)
		}
	}
	t.stale = true
	t.threadStamp++
	m.dismissed = true
	t.forgetUnless(m)
}

// CloseThread says that no thread is open any more.
func (t *Talk) CloseThread() { t.open = rooms.MessageID{} }

// threadRows are the row below a message that says what was answered in its thread.
func (m *Message) threadRows(look *Look, width, at int, lies *place) []string {
	n := m.thread.Count()
	if n == 0 || m.InThread() {
		return nil
	}
	st := look.Styles
	words := look.Words.Count("thread.replies", n)
	if last := m.thread.Last(); !last.Time.IsZero() {
		words += " " + st.Glyphs.Bullet + " " + look.Words.Say("thread.last", "name", last.name, "time", last.Time.In(look.Zone).Format("15:04"))
	}
	words = text.Truncate(st.Glyphs.Answer+" "+words, width)
	row := st.Accent.Render(words)
	lies.spots = append(lies.spots, spot{Spot{Kind: SpotThread}, at, 0, width})
	if fresh := m.thread.Unread(look.Me); fresh > 0 {
		badge := " " + st.Glyphs.Bullet + " " + look.Words.Say("thread.new", "n", fresh)
		if text.Width(words)+text.Width(badge) <= width {
			row += st.Badge.Render(badge)
		}
	}
	return []string{row}
}

// aside is a message of a thread in the list of the room: one row, that says in which thread where it begins.
func (m *Message) aside(look *Look, width int, prev *Message, lies *place) []string {
	st := look.Styles
	name := text.Truncate(m.name, max(4, width/4))
	style := st.Name(uint64(m.Sender))
	if m.Sender == look.Me && look.Me != 0 {
		style = st.Mine
	}
	right := st.Faint.Render(m.Time.In(look.Zone).Format("15:04"))
	if tick := m.tick(look); tick != "" {
		right = tick
	}
	if (prev == nil || prev.threadOf() != m.threadOf()) && width >= 48 {
		root := look.Words.Say("talk.not_here")
		if m.root != nil {
			root = m.root.Excerpt(look)
		}
		right = st.Faint.Render(look.Words.Say("thread.in", "root", text.Truncate(root, width/4))+" "+st.Glyphs.Bullet+" ") + right
	}
	lead := st.Glyphs.Answer + " "
	space := width - text.Width(lead) - text.Width(name) - 2 - text.Width(right) - 2
	body := st.Text
	if m.Withdrawn() {
		body = st.Faint
	}
	mark := ""
	if m.Edited() && !m.Withdrawn() {
		mark = " " + look.Words.Say("talk.edited")
	}
	says := text.Truncate(m.Excerpt(look), max(space-text.Width(mark), 4))
	row := st.Faint.Render(lead) + style.Render(name) + "  " + body.Render(says) + st.Faint.Render(mark)
	lies.spots = append(lies.spots, spot{Spot{Kind: SpotThread}, 0, 0, width})
	rows := []string{text.Truncate(text.Pad(row, width-text.Width(right))+right, width)}
	for _, chips := range m.reactionRows(look, width-text.Width(lead), len(rows), lies) {
		rows = append(rows, strings.Repeat(" ", text.Width(lead))+chips)
	}
	for i := range lies.spots[1:] {
		lies.spots[1+i].from += text.Width(lead)
		lies.spots[1+i].to += text.Width(lead)
	}
	return append(rows, m.refusedRows(look, width)...)
}

// View is a thread as a list of its own, with its messages whole: the first one, and all answers.
type View struct {
	List
	talk  *Talk
	root  rooms.MessageID
	taken uint64 // the stamp of the talk's look that was taken over
	whole map[*Message]*whole
	as    shape
}

// whole is a message in a View.
type whole struct {
	*Message
	in *View
}

// Render implements Item.
func (w *whole) Render(look *Look, width int, above Item, selected bool) []string {
	if a, ok := above.(*whole); ok {
		above = a.Message
	}
	return w.render(look, width, above, selected, w.in.as)
}

// SpotAt implements Clickable.
func (w *whole) SpotAt(x, y int) (Spot, bool) { return w.places[1].spotAt(x, y) }

// PictureAt implements Clickable.
func (w *whole) PictureAt(x, y int) *Picture { return w.pictureAt(&w.places[1], x, y) }

// Open returns the view of a thread.
func (t *Talk) Open(root rooms.MessageID) *View {
	v := &View{talk: t, root: root, as: asMember, whole: make(map[*Message]*whole)}
	t.open = root
	v.SetLook(t.look)
	v.Sync()
	return v
}

// Beside says whether the room's list stands on the screen too, which shows the pictures then.
func (v *View) Beside(beside bool) {
	as := asMember
	if beside {
		as = asCaption
	}
	if v.as != as {
		v.as = as
		v.SetLook(v.talk.look)
	}
}

// Root is the message that the thread begins with; its id alone is known when that is not here.
func (v *View) Root() rooms.MessageID { return v.root }

// Sync takes over what has come to the thread, and what has gone.
func (v *View) Sync() {
	if v.taken != v.talk.stamp {
		v.SetLook(v.talk.look)
		v.taken = v.talk.stamp
	}
	var want []*Message
	if m := v.talk.byID[v.root]; m != nil {
		want = append(want, m)
	}
	want = append(want, v.talk.threads[v.root].all()...)
	if v.same(want) {
		return
	}
	keep := make(map[*Message]bool, len(want))
	for _, m := range want {
		keep[m] = true
	}
	for m, w := range v.whole {
		if !keep[m] {
			v.Remove(w)
			delete(v.whole, m)
		}
	}
	for i, m := range want {
		w := v.whole[m]
		if w == nil {
			w = &whole{m, v}
			v.whole[m] = w
		} else if v.At(i) != Item(w) {
			selected := v.selected
			v.Remove(w)
			v.selected = selected
		} else {
			continue
		}
		v.InsertAt(i, w)
	}
}

func (v *View) same(want []*Message) bool {
	if v.Len() != len(want) {
		return false
	}
	for i, m := range want {
		if w, ok := v.At(i).(*whole); !ok || w.Message != m {
			return false
		}
	}
	return true
}

// MessageOf is the message that an item of a list shows, or nil.
func MessageOf(item Item) *Message {
	switch item := item.(type) {
	case *Message:
		return item
	case *whole:
		return item.Message
	}
	return nil
}

// ItemOf is how a message stands in the view, or nil.
func (v *View) ItemOf(m *Message) Item {
	if w := v.whole[m]; w != nil {
		return w
	}
	return nil
}
