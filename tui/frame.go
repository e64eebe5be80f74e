// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"
)

// frameEvery is how often the screen is drawn for what others do: as often as the terminal gets to see it. Drawing it
// for each of thousands of messages a second would leave no time for keys.
const frameEvery = time.Second / 60

// lastFrame is what was drawn last. A key, the mouse and a new size are drawn at once; what comes from the network, and
// what was looked up, is drawn together with what comes in the same frame. It goes by the true time, whatever time the
// rest of the program is told: it is about the machine.
type lastFrame struct {
	view    tea.View
	at      time.Time
	stale   bool // something has happened that may wait for the next frame
	waiting bool // for which there is a drawMsg under way
}

// drawMsg says that it is time for the next frame.
type drawMsg struct{}

// after takes note of a message that was handled. The command it may return brings the next frame.
func (f *lastFrame) after(msg tea.Msg) tea.Cmd {
	switch msg.(type) {
	case eventsMsg, applyMsg:
		wait := frameEvery - time.Since(f.at)
		f.stale = wait > 0
		if !f.stale || f.waiting {
			return nil
		}
		f.waiting = true
		return tea.Tick(wait, func(time.Time) tea.Msg { return drawMsg{} })
	case drawMsg:
		f.waiting = false
	}
	f.stale = false
	return nil
}

// last is the screen that was drawn last, if it is good for now.
func (f *lastFrame) last() (tea.View, bool) { return f.view, f.stale }

// drew keeps what was drawn.
func (f *lastFrame) drew(v tea.View) { f.view, f.at = v, time.Now() }
