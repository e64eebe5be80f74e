// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"

	"kchat/rooms"
)

// TestWhateverTheOrderOfComingTheTalkIsTheSame plays a talk of several epochs as two clients may get it: live and in
// order, as back-fill, as re-offers, again after a reconnect, as re-sends with another position, in batches of any
// size. In the end both have every message once, in order, at its last place.
func TestWhateverTheOrderOfComingTheTalkIsTheSame(t *testing.T) {
	for seed := int64(1); seed <= 4; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewSource(seed))
			talk := someTalk(r, 120)
			one := arrive(t, r, talk)
			other := arrive(t, r, talk)
			equal(t, "the two clients", one, other)
			var want, got []rooms.Position
			for _, m := range talk {
				if !modifies(m.Kind) {
					want = append(want, m.Pos)
				}
			}
			for _, e := range one {
				got = append(got, e.Message.Pos)
			}
			equal(t, "positions", got, want)
		})
	}
}

// someTalk is a talk as it was said, in order, over three epochs.
func someTalk(r *rand.Rand, n int) (talk []rooms.Message) {
	pos := at(1, 0)
	now := noon
	for i := 1; i <= n; i++ {
		if pos.Seq++; r.Intn(40) == 0 {
			pos = at(pos.Epoch+1, 1)
			now = now.Add(-time.Hour) // a server whose clock was set back
		}
		now = now.Add(time.Duration(r.Intn(3)) * time.Second)
		m := said(i, fmt.Sprint("message ", i))
		m.Pos, m.Time = pos, now
		m.Sender = rooms.AccountID(1 + r.Intn(3))
		if target := 1 + r.Intn(n); r.Intn(3) == 0 && target < i {
			m.Kind, m.Target = []rooms.Kind{rooms.KindEdit, rooms.KindDelete, rooms.KindReact}[r.Intn(3)], idOf(target)
		}
		talk = append(talk, m)
	}
	return talk
}

// arrive saves a talk in a random order, with repetitions, and returns what is then there.
func arrive(t *testing.T, r *rand.Rand, talk []rooms.Message) []Entry {
	coming := slices.Clone(talk)
	for range len(talk) {
		m := talk[r.Intn(len(talk))]
		if r.Intn(3) == 0 { // at a place that its author never knew, and so sent it again
			m.Pos, m.Time = at(0, uint64(1+r.Intn(1000))), m.Time.Add(-time.Hour)
		}
		coming = append(coming, m)
	}
	if r.Intn(2) == 0 {
		r.Shuffle(len(coming), func(i, j int) { coming[i], coming[j] = coming[j], coming[i] })
	}
	s := openTest(t)
	for len(coming) > 0 {
		n := min(1+r.Intn(20), len(coming))
		save(t, s, coming[:n]...)
		coming = coming[n:]
	}
	return must(s.Last(context.Background(), lobby, 1000))(t)
}
