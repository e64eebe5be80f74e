// SPDX-License-Identifier: GPL-2.0-only

//go:build bench

package screen

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"

	"kchat/tui/screentest"
)

// atOnce has the terminal say that it shows what stands between two marks at once (mode 2026, as kitty, foot, Ghostty and
// WezTerm have it): so it is known where a frame ends.
var atOnce = map[string]string{ansi.RequestModeSynchronizedOutput: ansi.ReportMode(ansi.ModeSynchronizedOutput, ansi.ModeReset)}

// Rows of the screen that the talk has, whatever else changes.
const talkFrom, talkTo = 3, 34

// film is when the frames of a talk came: all that show it otherwise than the one before.
type film struct {
	seed maphash.Seed

	mu   sync.Mutex // protects what follows
	seen uint64
	came []time.Time
}

// filming begins to watch a program, whose terminal was started with atOnce. It may be called once for each.
func filming(p *screentest.Program) *film {
	f := &film{seed: maphash.MakeSeed()}
	p.Do(func(e *vt.Emulator) {
		f.seen = f.picture(e)
		e.SetCallbacks(vt.Callbacks{DisableMode: func(mode ansi.Mode) { // while the emulator draws, so it holds still
			if mode == ansi.ModeSynchronizedOutput {
				f.frame(e)
			}
		}})
	})
	return f
}

// frame takes note of a frame, if the talk changed.
func (f *film) frame(e *vt.Emulator) {
	now, picture := time.Now(), f.picture(e)
	f.mu.Lock()
	defer f.mu.Unlock()
	if picture != f.seen {
		f.seen = picture
		f.came = append(f.came, now)
	}
}

// picture tells one screen of the talk from another.
func (f *film) picture(e *vt.Emulator) uint64 {
	var h maphash.Hash
	h.SetSeed(f.seed)
	for y := talkFrom; y < talkTo; y++ {
		for x := range e.Width() {
			if cell := e.CellAt(x, y); cell != nil {
				_, _ = h.WriteString(cell.Content)
			}
			_ = h.WriteByte('|')
		}
	}
	return h.Sum64()
}

// frames are those that have come since a time.
func (f *film) frames(since time.Time) (came []time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, at := range f.came {
		if !at.Before(since) {
			came = append(came, at)
		}
	}
	return came
}
