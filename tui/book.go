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
	names   map[rooms.AccountID]string // of everybody seen
}

func newBook(look *talk.Look) *book {
	return &book{look: look, names: make(map[rooms.AccountID]string)}
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

// open returns a room, made if it is not open. Ordinary rooms stand before rooms of two, each kind by name.
func (b *book) open(name string) *room {
	if r := b.find(name); r != nil {
		return r
	}
	r := newRoom(name, b.look)
	b.rooms = append(b.rooms, r)
	slices.SortStableFunc(b.rooms, func(x, y *room) int {
		_, _, xd := x.direct()
		_, _, yd := y.direct()
		if xd != yd {
			if xd {
				return 1
			}
			return -1
		}
		return cmp.Compare(x.name, y.name)
	})
	if b.current == nil {
		b.current = r
	}
	return r
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

// nextUnread returns the next room with something unread, or nil.
func (b *book) nextUnread() *room {
	start := slices.Index(b.rooms, b.current)
	for i := range b.rooms {
		if r := b.rooms[(start+1+i)%len(b.rooms)]; r.unread > 0 {
			return r
		}
	}
	return nil
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
	if p.Name != "" {
		b.names[p.ID] = p.Name
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

// match returns the rooms whose titles contain all of what was typed, best first.
func (b *book) match(typed string) []*room {
	typed = strings.ToLower(strings.TrimLeft(typed, "#@"))
	type hit struct {
		r    *room
		rank int
	}
	var hits []hit
	for _, r := range b.rooms {
		title := strings.ToLower(strings.TrimLeft(b.title(r), "#"))
		switch {
		case strings.HasPrefix(title, typed):
			hits = append(hits, hit{r, 0})
		case strings.Contains(title, typed):
			hits = append(hits, hit{r, 1})
		case subsequence(typed, title):
			hits = append(hits, hit{r, 2})
		}
	}
	slices.SortStableFunc(hits, func(x, y hit) int {
		if x.rank != y.rank {
			return cmp.Compare(x.rank, y.rank)
		}
		return cmp.Compare(y.r.unread, x.r.unread)
	})
	out := make([]*room, len(hits))
	for i, h := range hits {
		out[i] = h.r
	}
	return out
}

// subsequence reports whether the runes of short come in long in that order.
func subsequence(short, long string) bool {
	want := []rune(short)
	for _, r := range long {
		if len(want) > 0 && want[0] == r {
			want = want[1:]
		}
	}
	return len(want) == 0
}
