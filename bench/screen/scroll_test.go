// SPDX-License-Identifier: GPL-2.0-only

//go:build bench

package screen

import (
	"fmt"
	"testing"
	"time"
)

// TestScrolling turns the wheel through a room of 100,000 messages as often as a screen is drawn, up and down again, and
// then holds Page Up down, at whose pace of a hundred messages in a quarter of a second pages come from the history.
func TestScrolling(t *testing.T) {
	const repeat = 30 // times a second, what keyboards do
	address := twin(t)
	dir := home(t, address)
	million(t, dir)
	p := chat(t, dir)
	newAuthor(t, address)
	p.Shows("2 here")
	p.Wheel(50, 10, -3) // away from the newest
	f := filming(p)
	for _, way := range []struct {
		name      string
		perSecond int
		step      func()
	}{
		{"the wheel up", wantFrames, func() { p.Wheel(50, 10, -1) }},
		{"the wheel down", wantFrames, func() { p.Wheel(50, 10, 1) }},
		{"Page Up", repeat, func() { p.Key("pgup") }},
	} {
		before := worked(t, p.Pid())
		steps := stepping(way.perSecond, way.step)
		p.Await(time.Second/10, func() bool { return false }) // the last of them
		work, came := worked(t, p.Pid())-before, f.frames(steps.began)
		told(t, "scrolling through 100,000 messages, "+way.name, "%s; %.1f ms of processor time a frame",
			steps.met(came), work.Seconds()*1000/float64(max(len(came), 1)))
	}
	told(t, "cat, as often", "%s", echoed(t, wantFrames))
	told(t, "memory then", "%.0f MiB", resident(t, p.Pid()))
}

// steps were made at an even pace.
type steps struct {
	perSecond int
	began     time.Time
	took      time.Duration
}

// stepping makes ten seconds of steps.
func stepping(perSecond int, step func()) steps {
	s := steps{perSecond: perSecond, began: time.Now()}
	for i := range 10 * perSecond {
		time.Sleep(time.Until(s.began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))))
		step()
	}
	s.took = time.Since(s.began)
	return s
}

// met says how well frames answered steps. Late is what came more than half a step after it was due.
func (s steps) met(came []time.Time) string {
	var gaps []time.Duration
	late := 0
	for i := 1; i < len(came); i++ {
		gap := came[i].Sub(came[i-1])
		if gaps = append(gaps, gap); gap > 3*time.Second/time.Duration(2*s.perSecond) {
			late++
		}
	}
	return fmt.Sprintf("%.1f frames/s (aim: %d); from one to the next %s; %d of %d late",
		float64(len(came))/s.took.Seconds(), s.perSecond, spread(gaps), late, len(came))
}

// echoed is how well a program that does nothing but write what is typed answers: the machine and its terminals alone.
func echoed(t *testing.T, perSecond int) string {
	t.Helper()
	echo := echoing(t)
	var came []time.Time
	done := make(chan struct{})
	over := time.Now().Add(10*time.Second + time.Second/10)
	go func() {
		defer close(done)
		at := echo.Cursor()
		echo.Await(time.Until(over), func() bool {
			if now := echo.Cursor(); now != at {
				at, came = now, append(came, time.Now())
			}
			return false
		})
	}()
	s := stepping(perSecond, func() { echo.Type("x") })
	<-done
	return s.met(came)
}
