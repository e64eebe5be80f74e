// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"cmp"
	"slices"
	"strings"

	"kchat/rooms"
	"kchat/tui/talk"
	"kchat/tui/text"
)

// book is the set of open rooms and which of them is in front.
type book struct {
	look    *talk.Look
	me      rooms.AccountID
	rooms   []*room
	current *room
	shown   int                        // counts the rooms that were brought to the front
	names   map[rooms.AccountID]string // of everybody seen
	known   map[string]SavedRoom       // what was remembered of rooms, also of those that are not open
}

func newBook(look *talk.Look) *book {
	return &book{look: look, names: make(map[rooms.AccountID]string), known: make(map[string]SavedRoom)}
}

// find returns an open room, or nil.
func (b *book) find(name string) *room {
	for _, r := range b.rooms {
		if r.name == name {
			return r
		}
	}
	return nil
}

// open returns a room, made if it is not open.
func (b *book) open(name string) *room {
	if r := b.find(name); r != nil {
		return r
	}
	r := newRoom(name, b.look)
	if s, ok := b.known[name]; ok {
		r.restore(s)
	}
	b.rooms = append(b.rooms, r)
	b.sort()
	if b.current == nil {
		b.current = r
	}
	return r
}

// recall takes what was remembered of all rooms. Some may be open already, since others have asked us into them.
func (b *book) recall(known map[string]SavedRoom) {
	b.known = known
	for _, r := range b.rooms {
		if s, ok := known[r.name]; ok && r.saved == (SavedRoom{}) {
			r.restore(s)
		}
	}
	b.sort()
}

// section is the part of the list of rooms in which a room stands.
type section int

const (
	favourites section = iota
	ordinary
	directs // rooms of two
)

func (r *room) section() section {
	switch _, _, direct := r.direct(); {
	case r.wants.favourite:
		return favourites
	case direct:
		return directs
	default:
		return ordinary
	}
}

// sort puts the rooms into their order: by section, there by what they are called, so that a room stays where one
// has learnt to find it.
func (b *book) sort() {
	slices.SortStableFunc(b.rooms, func(x, y *room) int {
		return cmp.Or(
			cmp.Compare(x.section(), y.section()),
			cmp.Compare(strings.ToLower(b.title(x)), strings.ToLower(b.title(y))),
			cmp.Compare(x.name, y.name),
		)
	})
}

// titled returns the open room that is called so on the screen, with or without its sign, or nil.
func (b *book) titled(name string) *room {
	for _, r := range b.rooms {
		if strings.EqualFold(strings.TrimLeft(b.title(r), "#"), strings.TrimLeft(name, "#@")) {
			return r
		}
	}
	return b.find(roomName(name))
}

// front brings a room to the front.
func (b *book) front(r *room) {
	b.shown++
	b.current, r.shown = r, b.shown
}

// drop closes a room; its neighbour comes to the front.
func (b *book) drop(r *room) {
	i := slices.Index(b.rooms, r)
	if i < 0 {
		return
	}
	b.rooms = slices.Delete(b.rooms, i, i+1)
	r.talk.Free()
	if b.current != r {
		return
	}
	b.current = nil
	if len(b.rooms) > 0 {
		b.current = b.rooms[min(i, len(b.rooms)-1)]
	}
}

// beside returns the room n places after the current one, around the ends.
func (b *book) beside(n int) *room {
	if len(b.rooms) == 0 {
		return nil
	}
	i := slices.Index(b.rooms, b.current) + n
	return b.rooms[((i%len(b.rooms))+len(b.rooms))%len(b.rooms)]
}

// nextUnread returns the next room with something unread, or nil: one in which we are meant before all others, one that
// wants no attention behind them.
func (b *book) nextUnread() *room {
	start := slices.Index(b.rooms, b.current)
	var best *room
	for i := range b.rooms {
		r := b.rooms[(start+1+i)%len(b.rooms)]
		if r.unread > 0 && (best == nil || r.urgency() > best.urgency()) {
			best = r
		}
	}
	return best
}

// unread is how many messages wait in all rooms.
func (b *book) unread() int {
	n := 0
	for _, r := range b.rooms {
		n += r.unread
	}
	return n
}

// meet remembers a person's name.
func (b *book) meet(p rooms.Person) {
	if p.Name != "" && b.names[p.ID] != p.Name {
		b.names[p.ID] = p.Name
		b.sort() // rooms of two are called by it
	}
}

// title is what a room is called on the screen.
func (b *book) title(r *room) string {
	if r == nil {
		return ""
	}
	if one, other, ok := r.direct(); ok && b.me == 0 {
		return b.both(one, other)
	}
	if peer, ok := r.peer(b.me); ok {
		if name := b.names[peer]; name != "" {
			return text.Name(name)
		}
		return text.Name(r.name)
	}
	return "#" + text.Name(r.name)
}

// both names a room of two when it is not known which of them we are, as when one reads without a server.
func (b *book) both(one, other rooms.AccountID) string {
	var names []string
	for _, id := range []rooms.AccountID{one, other} {
		if name := b.names[id]; name != "" {
			names = append(names, text.Name(name))
		}
	}
	if len(names) == 0 {
		return text.Name(rooms.DirectRoom(one, other))
	}
	return strings.Join(names, ", ")
}
