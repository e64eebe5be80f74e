// SPDX-License-Identifier: GPL-2.0-only

package kitty

import (
	"errors"
	"math/rand/v2"
)

// ErrNoID says that all ids are in use.
var ErrNoID = errors.New("too many pictures at once: some have to be deleted first")

// IDs gives out ids for pictures. It is not safe for use by several goroutines at once.
type IDs struct {
	min, max uint32
	next     uint32
	used     map[uint32]bool
}

// NewIDs gives ids that placeholders can name by a true colour, beginning at a random one, so that several programs
// in one terminal hardly meet; or, where there are 256 colours only, the few that an indexed colour can name.
func NewIDs(indexed bool) *IDs {
	ids := &IDs{min: 256, max: 1<<24 - 1, used: make(map[uint32]bool)}
	if indexed {
		ids.min, ids.max = 16, 255 // below it colours have other names too
	}
	ids.next = ids.min + rand.Uint32N(ids.max-ids.min+1)
	return ids
}

// Take gives an id that is not in use.
func (ids *IDs) Take() (uint32, error) {
	if uint32(len(ids.used)) > ids.max-ids.min {
		return 0, ErrNoID
	}
	for ids.used[ids.next] {
		ids.advance()
	}
	id := ids.next
	ids.used[id] = true
	ids.advance()
	return id, nil
}

func (ids *IDs) advance() {
	if ids.next++; ids.next > ids.max {
		ids.next = ids.min
	}
}

// Free gives an id back once its picture was deleted.
func (ids *IDs) Free(id uint32) { delete(ids.used, id) }

// InUse lists the ids taken and not freed, to be deleted when the program ends.
func (ids *IDs) InUse() []uint32 {
	all := make([]uint32, 0, len(ids.used))
	for id := range ids.used {
		all = append(all, id)
	}
	return all
}

// Flip is two ids for a film: the next frame is sent under the one that is not shown, and the placeholders change to
// it afterwards. Sending again under the shown id would take the picture off the screen for a moment.
type Flip struct {
	ids   [2]uint32
	shown int
}

// NewFlip takes two ids.
func NewFlip(ids *IDs) (*Flip, error) {
	a, err := ids.Take()
	if err != nil {
		return nil, err
	}
	b, err := ids.Take()
	if err != nil {
		ids.Free(a)
		return nil, err
	}
	return &Flip{ids: [2]uint32{a, b}}, nil
}

// Hidden is the id to send the next frame under.
func (f *Flip) Hidden() uint32 { return f.ids[1-f.shown] }

// Shown is the id the placeholders have to name.
func (f *Flip) Shown() uint32 { return f.ids[f.shown] }

// Swap makes the hidden one shown.
func (f *Flip) Swap() { f.shown = 1 - f.shown }

// IDs gives both, to be deleted when the film is over.
func (f *Flip) IDs() [2]uint32 { return f.ids }
