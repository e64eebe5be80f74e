// SPDX-License-Identifier: GPL-2.0-only

// Package talk is the list of what was said in a room. It is lazy: only what is on the screen is laid out, and what was
// laid out is remembered, so that a room of a hundred thousand messages scrolls like one of ten.
package talk

import (
	"slices"
	"time"

	"kchat/rooms"
	"kchat/tui/styles"
	"kchat/tui/words"
)

// Look is what items need to draw themselves.
type Look struct {
	Styles  *styles.Styles
	Words   *words.Catalogue
	Zone    *time.Location
	Compact bool // no empty rows between groups
	Me      rooms.AccountID
	Name    string // of me
	// The size of a cell in pixels, zero if it is not known: pictures keep their shape by it.
	CellWidth, CellHeight int
	NoPictures            bool // only their captions
	Pixels                bool // pictures are drawn in pixels: small ones need not become larger to be seen
}

// Item is one entry of the list. It is laid out again only when its Version, the width, the look or the item above it
// changes.
type Item interface {
	// Version changes with whatever changes the item's looks.
	Version() uint64
	// Place orders items. What has no place yet, because the server has not given one, comes last.
	Place() rooms.Position
	// When is the time of the item, zero if it has none.
	When() time.Time
	// Render lays the item out in rows of at most width cells. Above is the item before it, or nil.
	Render(look *Look, width int, above Item, selected bool) []string
}

// keepAround is how many rows' worth of items around the screen stay laid out.
const keepAround = 400

// List shows items from the newest upwards. The zero value with SetLook called is ready.
type List struct {
	look   *Look
	stamp  uint64 // of look; a new one makes every memo stale
	items  []entry
	width  int
	height int

	// While reading (not following), row offset of item top is the first on the screen.
	reading  bool
	pinned   bool // the newest item is not in the list: it is read on
	top      int
	offset   int
	selected Item

	first, last int // items on the screen at the last Draw; last is exclusive
}

type entry struct {
	item Item
	memo *memo
}

type memo struct {
	rows     []string
	version  uint64
	stamp    uint64
	width    int
	above    Item
	selected bool
}

// SetLook changes how items are drawn.
func (l *List) SetLook(look *Look) {
	l.look = look
	l.stamp++
}

// SetSize says how many cells and rows there are.
func (l *List) SetSize(width, height int) {
	width, height = max(width, 1), max(height, 0)
	if l.width == width && l.height == height {
		return
	}
	l.width, l.height = width, height
	if l.reading && len(l.items) > 0 {
		l.settle()
	}
}

// Len returns how many items there are.
func (l *List) Len() int { return len(l.items) }

// At returns item i.
func (l *List) At(i int) Item { return l.items[i].item }

// Index returns where item is, or -1. It looks near the end first, where nearly everything happens.
func (l *List) Index(item Item) int {
	for i := len(l.items) - 1; i >= 0; i-- {
		if l.items[i].item == item {
			return i
		}
	}
	return -1
}

// Insert puts item where its place says, after what has the same place. The line being read does not move.
func (l *List) Insert(item Item) int {
	at := len(l.items)
	for at > 0 && after(l.items[at-1].item.Place(), item.Place()) {
		at--
	}
	l.InsertAt(at, item)
	return at
}

// after reports whether p comes after q; no place is the last.
func after(p, q rooms.Position) bool {
	if q.IsZero() {
		return false
	}
	return p.IsZero() || p.Compare(q) > 0
}

// InsertAt puts items at index at, in their order.
func (l *List) InsertAt(at int, items ...Item) {
	fresh := make([]entry, len(items))
	for i, item := range items {
		fresh[i].item = item
	}
	was := -1 // rows of the item at the upper edge, which may look otherwise below another one
	if l.reading && at == l.top && at < len(l.items) {
		was = len(l.rows(at))
	}
	l.items = slices.Insert(l.items, at, fresh...)
	if l.reading && at <= l.top {
		l.top += len(items)
	}
	if was >= 0 {
		l.offset += len(l.rows(l.top)) - was
		l.stepUp()
	}
}

// stepUp makes a place above the item that it is counted from one in the item that it lies in.
func (l *List) stepUp() {
	for l.offset < 0 && l.top > 0 {
		l.top--
		l.offset += len(l.rows(l.top))
	}
}

// Remove takes an item out.
func (l *List) Remove(item Item) {
	i := l.Index(item)
	if i < 0 {
		return
	}
	l.items = slices.Delete(l.items, i, i+1)
	if l.selected == item {
		l.selected = nil
	}
	switch {
	case i < l.top:
		l.top--
	case i == l.top:
		l.offset = 0
	}
	if len(l.items) == 0 {
		l.reading, l.top, l.offset = l.pinned, 0, 0
	}
	l.top = min(l.top, max(0, len(l.items)-1))
}

// Following reports whether the newest item is kept in sight.
func (l *List) Following() bool { return !l.reading }

// Follow goes to the newest item and keeps it in sight.
func (l *List) Follow() { l.reading = false }

// Top goes to the oldest item.
func (l *List) Top() {
	l.reading, l.top, l.offset = true, 0, 0
	l.settle()
}

// Scroll moves by rows: up when negative. At the lower end the list follows again. It reports whether the upper end
// was reached.
func (l *List) Scroll(rows int) bool {
	if len(l.items) == 0 {
		return true
	}
	if !l.reading {
		if rows >= 0 {
			return false
		}
		l.top, l.offset = l.bottom()
		l.reading = true
	}
	l.offset += rows
	l.stepUp()
	atTop := l.offset <= 0 && l.top == 0
	l.offset = max(l.offset, 0)
	for l.top < len(l.items)-1 && l.offset >= len(l.rows(l.top)) {
		l.offset -= len(l.rows(l.top))
		l.top++
	}
	l.settle()
	return atTop
}

// Page is how far a page key scrolls.
func (l *List) Page() int { return max(1, l.height-2) }

// settle follows again when the end is in sight.
func (l *List) settle() {
	top, offset := l.bottom()
	if l.top > top || (l.top == top && l.offset >= offset) {
		l.reading, l.top, l.offset = l.pinned, top, offset
	}
}

// bottom returns the item and row that are first on the screen when the newest is last on it.
func (l *List) bottom() (top, offset int) {
	left := l.height
	for i := len(l.items) - 1; i >= 0; i-- {
		n := len(l.rows(i))
		if n >= left {
			return i, n - left
		}
		left -= n
	}
	return 0, 0
}

// Below returns how many items lie below the screen.
func (l *List) Below() int {
	if !l.reading {
		return 0
	}
	return max(0, len(l.items)-l.last)
}

// Visible returns the items that were on the screen at the last Draw.
func (l *List) Visible() []Item {
	var out []Item
	for i := l.first; i < min(l.last, len(l.items)); i++ {
		out = append(out, l.items[i].item)
	}
	return out
}

// Selected returns the selected item, or nil.
func (l *List) Selected() Item { return l.selected }

// Select selects an item, or none with nil, and brings it into sight.
func (l *List) Select(item Item) {
	l.selected = item
	if item == nil {
		return
	}
	i := l.Index(item)
	top, offset := l.top, l.offset
	if !l.reading {
		top, offset = l.bottom()
	}
	if i < top || (i == top && offset > 0) {
		l.reading, l.top, l.offset = true, i, 0
		l.settle()
		return
	}
	rows := -offset
	for j := top; j <= i; j++ {
		rows += len(l.rows(j))
	}
	if rows > l.height {
		l.Scroll(rows - l.height)
	}
}

// Centre brings an item into the middle of the screen.
func (l *List) Centre(item Item) {
	i := l.Index(item)
	if i < 0 {
		return
	}
	l.reading, l.top, l.offset = true, i, 0
	if above := (l.height - len(l.rows(i))) / 2; above > 0 {
		l.Scroll(-above)
	}
	l.settle()
}

// ToTop brings an item to the upper edge of the screen.
func (l *List) ToTop(item Item) {
	if i := l.Index(item); i >= 0 {
		l.reading, l.top, l.offset = true, i, 0
		l.settle()
	}
}

// ItemAt returns the item in row y of the last Draw, or nil, and which of its rows that is.
func (l *List) ItemAt(y int) (item Item, of int) {
	top, offset := l.top, l.offset
	if !l.reading {
		top, offset = l.bottom()
	}
	row := l.padding(top, offset) - offset
	for i := top; i < len(l.items) && row <= y; i++ {
		n := len(l.rows(i))
		if y >= row && y < row+n {
			return l.items[i].item, y - row
		}
		row += n
	}
	return nil, 0
}

// padding is how many rows stay empty above when there is less than a screenful.
func (l *List) padding(top, offset int) int {
	if top > 0 || offset > 0 {
		return 0
	}
	rows := 0
	for i := range l.items {
		if rows += len(l.rows(i)); rows >= l.height {
			return 0
		}
	}
	return l.height - rows
}

// Draw returns exactly as many rows as the list is high. Less than a screenful stands at the bottom.
func (l *List) Draw() []string {
	if l.height == 0 {
		return nil
	}
	top, offset := l.top, l.offset
	if !l.reading {
		top, offset = l.bottom()
	}
	out := make([]string, 0, l.height)
	l.first, l.last = top, top
	for i := top; i < len(l.items) && len(out) < l.height; i++ {
		rows := l.rows(i)
		if i == top {
			rows = rows[min(offset, len(rows)):]
		}
		out = append(out, rows[:min(len(rows), l.height-len(out))]...)
		l.last = i + 1
	}
	if missing := l.height - len(out); missing > 0 {
		empty := make([]string, missing)
		out = append(empty, out...)
	}
	l.forget()
	return out
}

// rows lays item i out, or remembers.
func (l *List) rows(i int) []string {
	e := &l.items[i]
	var above Item
	if i > 0 {
		above = l.items[i-1].item
	}
	selected := l.selected == e.item
	version := e.item.Version()
	if m := e.memo; m != nil && m.version == version && m.width == l.width && m.stamp == l.stamp &&
		m.above == above && m.selected == selected {
		return m.rows
	}
	rows := e.item.Render(l.look, l.width, above, selected)
	e.memo = &memo{rows: rows, version: version, stamp: l.stamp, width: l.width, above: above, selected: selected}
	return rows
}

// forget drops layouts far from the screen, so that reading a long room does not keep all of it twice. It looks only
// at the borders of what is kept, since the screen moves a little at a time.
func (l *List) forget() {
	for _, i := range []int{l.first - keepAround, l.last + keepAround} {
		for j := max(0, i-l.height); j < min(len(l.items), i+l.height); j++ {
			l.items[j].memo = nil
		}
	}
}
