// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/talk"
	"kchat/tui/text"
)

// typingFor is how long somebody types without saying so again.
const typingFor = 6 * time.Second

// room is what the screen knows of one room.
type room struct {
	name     string // on the wire
	info     rooms.RoomInfo
	topic    string
	visit    bool // opened to be read: we are not in it
	joined   bool
	live     bool
	moved    time.Time                // when we followed it to another server; the others do so too
	behind   map[rooms.AccountID]bool // of them, who was not there yet
	people   map[rooms.AccountID]rooms.Person
	typing   map[rooms.AccountID]time.Time
	since    map[rooms.AccountID]time.Time // when somebody was seen to go away
	talk     *talk.Talk
	gaps     map[rooms.Position]missing // by what they begin behind
	read     rooms.Position             // everything up to here was seen
	left     rooms.Position             // so when the room was opened, or brought to the front
	readBy   map[rooms.AccountID]rooms.Position
	coming   bool // what was said before is on its way
	newcomer bool // we have never been here: what was said before is not new to us
	unread   int
	mentions int // of the unread: those in which we are meant
	shown    int // when it was in front last: larger is later
	draft    string
	wants    wants                      // survive a restart
	greeting string                     // of /msg, until the other has come
	loaded   bool                       // the first screenful came from the history
	marked   bool                       // and how far threads were looked at
	ready    bool                       // it has been shown
	after    func(c *chat) tea.Cmd      // to be done then
	loading  bool                       // a page is on its way
	next     func(c *chat) tea.Cmd      // to be done when it has come
	turn     int                        // of what is loaded: what was asked for before the last jump is dropped
	stuck    bool                       // a page could not be read: not again by itself
	wanted   map[rooms.Hash]bool        // pictures asked for
	asides   map[rooms.MessageID]string // what is written in threads and not sent yet
	threads  *ThreadMarks               // how far those were looked at of which something was not; nil: none is known
	counted  uint64                     // what was known of threads when that was noted
	saved    SavedRoom                  // as it was remembered last
}

// wants are what one wants of a room.
type wants struct {
	favourite bool  // it stands before the others
	notify    uint8 // what is to be noticed of it, as in attention.go
}

// muted reports whether a room wants no attention.
func (r *room) muted() bool { return r.wants.notify == notifyNone }

// urgency orders rooms by how soon one wants to see what is unread in them.
func (r *room) urgency() int {
	switch {
	case r.mentions > 0:
		return 2
	case r.muted():
		return 0
	default:
		return 1
	}
}

func newRoom(name string, look *talk.Look) *room {
	return &room{
		name:   name,
		people: make(map[rooms.AccountID]rooms.Person),
		typing: make(map[rooms.AccountID]time.Time),
		gaps:   make(map[rooms.Position]missing),
		since:  make(map[rooms.AccountID]time.Time),
		readBy: make(map[rooms.AccountID]rooms.Position),
		wanted: make(map[rooms.Hash]bool),
		asides: make(map[rooms.MessageID]string),
		talk:   talk.New(look),
	}
}

// direct reports whether it is a room of two, and who they are.
func (r *room) direct() (a, b rooms.AccountID, ok bool) {
	rest, ok := strings.CutPrefix(r.name, "@")
	if !ok {
		return 0, 0, false
	}
	x, y, ok := strings.Cut(rest, "-")
	m, err1 := strconv.ParseUint(x, 10, 64)
	n, err2 := strconv.ParseUint(y, 10, 64)
	return rooms.AccountID(m), rooms.AccountID(n), ok && err1 == nil && err2 == nil
}

// peer returns the other person of a room of two.
func (r *room) peer(me rooms.AccountID) (rooms.AccountID, bool) {
	a, b, ok := r.direct()
	switch {
	case !ok:
		return 0, false
	case a == me:
		return b, true
	default:
		return a, true
	}
}

// counts reports whether a person counts as company.
func (r *room) counts(p rooms.Person) bool {
	return p.State.Here() && (!p.Bot || r.info.Practice)
}

// company returns the other persons who are present, by name.
func (r *room) company(me rooms.AccountID) []rooms.Person {
	var out []rooms.Person
	for _, p := range r.people {
		if p.ID != me && r.counts(p) {
			out = append(out, p)
		}
	}
	sortPeople(out)
	return out
}

// alone reports whether nobody else is present.
func (r *room) alone(me rooms.AccountID) bool {
	for _, p := range r.people {
		if p.ID != me && r.counts(p) {
			return false
		}
	}
	return true
}

// typers returns who types now, by name, except me.
func (r *room) typers(me rooms.AccountID, now time.Time) []string {
	var out []string
	for id, since := range r.typing {
		if p, ok := r.people[id]; ok && id != me && p.State.Here() && now.Sub(since) < typingFor {
			out = append(out, text.Name(p.Name))
		}
	}
	slices.Sort(out)
	return out
}

// see marks everything as read.
func (r *room) see() {
	if newest := r.talk.Newest(); newest.Compare(r.read) > 0 {
		r.read = newest
	}
	r.unread, r.mentions = 0, 0
}

// restore takes over what was remembered of the room.
func (r *room) restore(s SavedRoom) {
	r.draft, r.saved = s.Draft, s
	if s.Read.Compare(r.read) > 0 {
		r.read, r.left, r.newcomer = s.Read, s.Read, false
	}
	r.wants = wants{favourite: s.Favourite, notify: s.Notify}
}

// memory is what must be found again next time.
func (r *room) memory(community rooms.UUID) SavedRoom {
	r.noteThreads()
	return SavedRoom{
		Community: community, Name: r.name, Open: true, Read: r.read, Draft: r.draft,
		Favourite: r.wants.favourite, Notify: r.wants.notify, Threads: r.threads,
	}
}

// noteThreads notes how far threads were looked at, once it is known how far they were in earlier runs.
func (r *room) noteThreads() {
	now := r.talk.ThreadStamp()
	if !r.marked || now == r.counted {
		return
	}
	r.counted = now
	marks := r.talk.ThreadMarks()
	if r.threads == nil || !maps.Equal(marks, r.threads.Read) {
		r.threads = &ThreadMarks{marks}
	}
}

func sortPeople(people []rooms.Person) {
	slices.SortFunc(people, func(a, b rooms.Person) int {
		if c := cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)); c != 0 {
			return c
		}
		return cmp.Compare(a.ID, b.ID)
	})
}
