// SPDX-License-Identifier: GPL-2.0-only

// Package screentest is a terminal to test programs in: an emulator whose screen is read as a person reads it, and
// whose keys are those of a real one. A Terminal can be the output of a program of the same process; Start runs
// another program in one, under a pseudo-terminal.
//
// Nothing here sleeps until something may have happened: who waits is woken by what is written to the screen.
package screentest

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"
)

// rawLimit is how many of the bytes that were written last are kept.
const rawLimit = 32 << 20

// Terminal is a terminal emulator. What reads the screen and what is written to it may run at the same time.
type Terminal struct {
	// Answers are what the terminal says to what it is asked, where the emulator would say something else or nothing. It
	// is set before anything is written.
	Answers map[string]string
	// Driver says that a line feed begins a new line, as the driver of a terminal has it. A program under a
	// pseudo-terminal has a driver already.
	Driver bool

	*vt.Emulator // locked by mu, but for its input
	mu           sync.Mutex
	raw          bytes.Buffer
	changed      chan struct{} // closed with the next write
	shrunk       bool          // it has been larger
	held         []byte        // the beginning of something, whose end has not been written yet
	last         cluster       // what was drawn last
}

// New is a terminal of so many cells.
func New(width, height int) *Terminal {
	t := &Terminal{Emulator: vt.NewEmulator(width, height), changed: make(chan struct{})}
	// Known, and not set: the emulator measures by graphemes, but says so to none who asks.
	_, _ = t.Emulator.Write([]byte("\x1b[?2027l"))
	return t
}

// Write shows what a program writes.
func (t *Terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.raw.Len() > rawLimit {
		t.raw.Next(rawLimit / 2)
	}
	t.raw.Write(p)
	shown := append(t.held, p...)
	whole := len(shown) - unfinished(shown)
	t.held = bytes.Clone(shown[whole:])
	err := t.converse(shown[:whole])
	close(t.changed)
	t.changed = make(chan struct{})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// converse shows what a program writes and answers what it asks, in its order.
func (t *Terminal) converse(p []byte) error {
	for {
		at, question := len(p), ""
		for q := range t.Answers {
			if i := bytes.Index(p, []byte(q)); i >= 0 && i < at {
				at, question = i, q
			}
		}
		shown := p[:at]
		if t.Driver {
			shown = bytes.ReplaceAll(shown, []byte("\n"), []byte("\r\n"))
		}
		if err := t.show(shown); err != nil || question == "" {
			return err
		}
		t.SendText(t.Answers[question])
		p = p[at+len(question):]
	}
}

// Do gives the emulator to who needs more of it than the methods here show.
func (t *Terminal) Do(do func(e *vt.Emulator)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	do(t.Emulator)
}

// Screen is the text on the screen, without the blanks behind a line and below the last one.
func (t *Terminal) Screen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(t.Emulator.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \r")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// Cursor is where the cursor stands.
func (t *Terminal) Cursor() uv.Position {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.CursorPosition()
}

// Size is the number of its columns and rows.
func (t *Terminal) Size() (width, height int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.Width(), t.Height()
}

// Raw is what was written, with all escape sequences: the last MiBs of it.
func (t *Terminal) Raw() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.raw.String()
}

// Wrote says whether s was written.
func (t *Terminal) Wrote(s string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Contains(t.raw.Bytes(), []byte(s))
}

// Count is how often s was written.
func (t *Terminal) Count(s string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Count(t.raw.Bytes(), []byte(s))
}

// Matches are what a pattern finds in what was written, with its groups.
func (t *Terminal) Matches(pattern *regexp.Regexp) [][]string {
	return pattern.FindAllStringSubmatch(t.Raw(), -1)
}

// SetSize changes the emulator's size. A program under a pseudo-terminal is told by Program.Resize, which does this too.
func (t *Terminal) SetSize(width, height int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shrunk = t.shrunk || height < t.Height() || width < t.Width()
	t.last = cluster{}
	t.Emulator.Resize(width, height)
}

// Find is the cell at which s begins on the screen, counted from 0; the topmost, if it is there more than once.
func (t *Terminal) Find(s string) (x, y int, found bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for y := range t.Height() {
		line, cells := t.line(y)
		if at := strings.Index(line, s); at >= 0 {
			return cells[at], y, true
		}
	}
	return 0, 0, false
}

// Row is the text of a row, counted from 0.
func (t *Terminal) Row(y int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if y >= t.Height() {
		return ""
	}
	text, _ := t.line(y)
	return text
}

// line is a line's text, and for each of its bytes the cell that it stands in.
func (t *Terminal) line(y int) (string, []int) {
	var text strings.Builder
	var cells []int
	for x := 0; x < t.Width(); {
		cell := t.CellAt(x, y)
		content, width := " ", 1
		if cell != nil && cell.Content != "" {
			content, width = cell.Content, max(cell.Width, 1)
		}
		text.WriteString(content)
		for range len(content) {
			cells = append(cells, x)
		}
		x += width
	}
	return text.String(), cells
}

// Await waits until holds, which is asked after each change of the screen, or until so much time has passed, and
// reports whether it came to hold.
func (t *Terminal) Await(patience time.Duration, holds func() bool) bool {
	over := time.NewTimer(patience)
	defer over.Stop()
	for {
		t.mu.Lock()
		changed := t.changed
		t.mu.Unlock()
		if holds() {
			return true
		}
		select {
		case <-changed:
		case <-over.C:
			return holds()
		}
	}
}

// end ends the terminal's input: who reads it comes to its end.
func (t *Terminal) end() {
	if input, ok := t.InputPipe().(io.Closer); ok {
		_ = input.Close()
	}
}
