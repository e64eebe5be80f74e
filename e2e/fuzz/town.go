// SPDX-License-Identifier: GPL-2.0-only

package fuzz

import (
	"math/rand/v2"
	"slices"
	"sync"

	"kchat/wire"
)

// Account is one that players log in to.
type Account struct {
	Number   uint64
	Login    string
	Password string
}

// session is what RESUME needs.
type session struct {
	number uint64
	key    [wire.KeyLen]byte
}

// Town is what all players know: where the server is, who and which rooms there are, and what came by so far.
type Town struct {
	Addr     string
	Accounts []Account
	Rooms    []string // names

	// Wanted are the kinds of frames of which each is to come, and Answers how many of any kind at least; then Enough is
	// called, from any goroutine and more than once.
	Wanted  []wire.Type
	Answers int
	Enough  func()

	mu       sync.Mutex // protects what follows
	ids      []wire.ID  // of messages
	streams  []wire.ID
	frames   [][]byte // that somebody sent
	rooms    []uint32
	sessions []session
	heard    int
	seen     map[wire.Type]int
	errors   map[wire.ErrorNumber]int
}

// remembered is how many things of a kind are known at most.
const remembered = 64

// learn puts something among what is known; when there is too much, the older half is forgotten.
func learn[T any](t *Town, list *[]T, what T) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(*list) >= remembered {
		*list = append((*list)[:0], (*list)[remembered/2:]...)
	}
	*list = append(*list, what)
}

// recall is one of the things that are known, if there is one.
func recall[T any](t *Town, random *rand.Rand, list *[]T) (what T, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(*list) == 0 {
		return what, false
	}
	return (*list)[random.IntN(len(*list))], true
}

// count takes note of what a server said.
func (t *Town) count(f wire.Frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen == nil {
		t.seen, t.errors = map[wire.Type]int{}, map[wire.ErrorNumber]int{}
	}
	t.seen[f.Type]++
	t.heard++
	if t.heard >= t.Answers && t.Enough != nil && !slices.ContainsFunc(t.Wanted, func(kind wire.Type) bool { return t.seen[kind] == 0 }) {
		t.Enough()
	}
	if f.Type == wire.TypeError {
		if e, err := wire.ParseError(f.Body); err == nil {
			t.errors[e.Number]++
		}
	}
}

// Seen is how many frames of each type the server said, and how many errors of each number. It is to be asked when all
// players have ended.
func (t *Town) Seen() (map[wire.Type]int, map[wire.ErrorNumber]int) { return t.seen, t.errors }
