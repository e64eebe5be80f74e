// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// The pace of repair. A WANT is seen by all who are present, so there are pauses between them, and they grow while
// nothing comes; but it never ends: who has what is missing may be held up, or may have been heard by nobody.
const (
	wantSpace  = 500 * time.Millisecond // between two WANTs of a room at most
	wantClose  = 100 * time.Millisecond // between two WANTs of a room at least
	wantReader = 20 * time.Millisecond  // what each person who is present and reads a WANT adds to the pause
	wantEvery  = 2 * time.Second        // between two WANTs for the same
	wantTries  = 3                      // WANTs without an answer after which a gap is shown as one, and the pauses grow
	wantHope   = 6                      // WANTs without an answer after which somebody who comes is asked twice, not time and again
	wantSeldom = time.Hour              // the longest pause
	oldGaps    = 128                    // gaps of earlier runs that are asked for again, the newest
)

// turn says when something that is missing is asked for again.
type turn struct {
	tries int       // WANTs since it last brought something, or somebody came
	vain  int       // WANTs since it last brought something
	twice bool      // the next WANT is repeated soon: who came may not have been ready for it
	last  time.Time // when it was asked for
	next  time.Time // it is asked for again, not before
}

// asked notes that a WANT asks for it.
func (t *turn) asked() {
	t.tries++
	t.vain++
	t.last = time.Now()
	pause := wantSeldom
	if over := t.tries - wantTries; over < 12 {
		pause = min(pause, wantEvery<<max(0, over))
	}
	if t.twice {
		t.twice, pause = false, wantEvery
	}
	t.next = t.last.Add(pause)
}

// askedByOther notes that somebody else asks for it, and that all will hear the answers. Many may do so at once.
func (t *turn) askedByOther() {
	if time.Since(t.last) >= wantEvery {
		t.asked()
	}
}

// brought notes that some of it has come. There may be more on its way, so it is not asked for at once.
func (t *turn) brought() {
	t.tries, t.vain, t.twice, t.next = 0, 0, false, time.Now().Add(wantEvery)
}

// cameBack notes that somebody is here who may have it.
func (t *turn) cameBack(delay time.Duration) {
	if t.vain < wantHope {
		t.tries = min(t.tries, wantTries-1)
	} else {
		t.twice = true
	}
	soon := time.Now().Add(delay)
	if again := t.last.Add(wantEvery); again.After(soon) {
		soon = again
	}
	if soon.Before(t.next) {
		t.next = soon
	}
}

// wantPace keeps a room's WANTs apart.
type wantPace struct {
	last time.Time // the last WANT
	stop func()    // stops the timer of the next one; nil: none runs
}

func (w *wantPace) reset() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

// tryGapsAgain asks for all that is missing when somebody has come who may have it. All who are present ask for the end
// of the same epoch: the first one does it for all, so each waits for a while.
func (c *Client) tryGapsAgain(r *room) {
	for _, g := range r.gaps {
		g.turn.cameBack(0)
	}
	for _, e := range r.ends {
		e.turn.cameBack(rand.N(wantDelay))
	}
	c.tryBlobsAgain(r)
	c.repair(r)
}

// repair asks for what comes next of what is missing, and comes back for the one after it.
func (c *Client) repair(r *room) {
	if r.home.link == nil || !r.live {
		return
	}
	r.wants.reset()
	now := time.Now()
	c.giveUp(r, now)
	others := r.others(c.me())
	if others == 0 {
		return
	}
	t, ask := c.nextWanted(r)
	if t == nil {
		return
	}
	space := pauseAmong(others)
	due := r.wants.last.Add(space)
	if t.next.After(due) {
		due = t.next
	}
	if !due.After(now) {
		t.asked()
		r.wants.last = now
		ask()
		due = now.Add(space)
	}
	r.wants.stop = c.after(due.Sub(now), func() {
		r.wants.stop = nil
		c.repair(r)
	})
}

// pauseAmong is the pause between two WANTs in a room in which so many others are present: after many restarts a few
// people have much to ask each other, and nobody else is troubled; in a large room all read what each of them asks.
func pauseAmong(others int) time.Duration {
	return min(max(time.Duration(others)*wantReader, wantClose), wantSpace)
}

// nextWanted is what is to be asked for next: its turn, and how. Of what is due, that comes first which was asked for in
// vain least often: a place that nobody can fill, as one leaves that was taken by a word whose author did not hear so and said
// it again, must not hold up what somebody has.
func (c *Client) nextWanted(r *room) (next *turn, ask func()) {
	now := time.Now()
	consider := func(t *turn, how func()) {
		if next == nil || t.before(next, now) {
			next, ask = t, how
		}
	}
	for _, g := range slices.Backward(r.gaps) {
		consider(&g.turn, func() { c.sendWant(r, g.from, g.to) })
	}
	if time.Since(r.info.Made) > endAge {
		return next, ask
	}
	for _, epoch := range slices.Backward(slices.Sorted(maps.Keys(r.ends))) {
		if e := r.ends[epoch]; epoch < r.info.Epoch && !e.waits {
			consider(&e.turn, func() { c.askForEnd(r, e) })
		}
	}
	return next, ask
}

// before reports whether a turn comes before another one at a time.
func (t *turn) before(o *turn, now time.Time) bool {
	if !t.next.After(now) && !o.next.After(now) {
		return t.vain < o.vain
	}
	return t.next.Before(o.next)
}

// giveUp shows as gaps what was asked for without an answer. It is asked for still: somebody may come who wrote it.
func (c *Client) giveUp(r *room, now time.Time) {
	for _, g := range r.gaps {
		if g.state == GapOpen && g.turn.tries >= wantTries && !g.turn.next.After(now) {
			g.state = GapGivenUp
			c.out.tell(GapChanged{Room: r.name, From: g.from, To: g.to, State: g.state})
			c.report(r)
		}
	}
}
