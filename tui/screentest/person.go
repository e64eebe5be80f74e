// SPDX-License-Identifier: GPL-2.0-only

package screentest

import (
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"
)

// Type types text, as a keyboard or an input method does. A line break in it is what the Enter key sends.
func (p *Program) Type(text string) {
	p.pause()
	p.SendText(text)
}

// Key presses keys by name: "enter", "ctrl+k", "alt+down", "f1", "x".
func (p *Program) Key(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		bytes, err := KeyBytes(key)
		if err != nil {
			p.t.Fatal(err)
		}
		p.pause()
		p.SendText(bytes)
		if bytes == "\x1b" {
			p.silent = time.Now().Add(lone)
		}
	}
}

// pause lets the time pass in which a key would be taken as a part of the Escape before it.
func (p *Program) pause() { time.Sleep(time.Until(p.silent)) }

// Paste pastes text: in brackets, if the program wants that.
func (p *Program) Paste(text string) {
	p.pause()
	if p.Wrote(ansi.SetModeBracketedPaste) {
		text = ansi.BracketedPasteStart + text + ansi.BracketedPasteEnd
	}
	p.SendText(text)
}

// Focus says that the terminal's window got the focus, or lost it. The program must have asked to be told.
func (p *Program) Focus(has bool) {
	p.t.Helper()
	p.Writes(ansi.SetModeFocusEvent)
	p.Do(func(e *vt.Emulator) {
		if has {
			e.Focus()
		} else {
			e.Blur()
		}
	})
}

// Click presses and releases the left button in a cell, counted from 0. The program must have asked for the mouse.
func (p *Program) Click(x, y int) {
	p.t.Helper()
	p.ClickWith(uv.MouseLeft, x, y)
}

// ClickWith is Click with any button.
func (p *Program) ClickWith(button uv.MouseButton, x, y int) {
	p.t.Helper()
	p.mouse(uv.MouseClickEvent{X: x, Y: y, Button: button}, uv.MouseReleaseEvent{X: x, Y: y, Button: button})
}

// ClickOn clicks where text begins, once it is there; on the topmost, if it is there more than once.
func (p *Program) ClickOn(text string) {
	p.t.Helper()
	p.Shows(text)
	if x, y, found := p.Find(text); found {
		p.Click(x, y)
		return
	}
	p.t.Fatalf("%s: %q has gone before it was clicked", p.Name, text)
}

// Hover moves the mouse to a cell.
func (p *Program) Hover(x, y int) {
	p.t.Helper()
	p.mouse(uv.MouseMotionEvent{X: x, Y: y})
}

// Drag holds the left button down in one cell and lets it go in another.
func (p *Program) Drag(fromX, fromY, toX, toY int) {
	p.t.Helper()
	p.mouse(
		uv.MouseClickEvent{X: fromX, Y: fromY, Button: uv.MouseLeft},
		uv.MouseMotionEvent{X: toX, Y: toY, Button: uv.MouseLeft},
		uv.MouseReleaseEvent{X: toX, Y: toY, Button: uv.MouseLeft},
	)
}

// Wheel turns the wheel over a cell: up (towards what is older) if steps is below 0, else down.
func (p *Program) Wheel(x, y, steps int) {
	p.t.Helper()
	button := uv.MouseWheelDown
	if steps < 0 {
		button, steps = uv.MouseWheelUp, -steps
	}
	for range steps {
		p.mouse(uv.MouseWheelEvent{X: x, Y: y, Button: button})
	}
}

// mouse sends what the mouse does.
func (p *Program) mouse(events ...uv.MouseEvent) {
	p.t.Helper()
	p.Writes(ansi.SetModeMouseExtSgr)
	p.pause()
	p.Do(func(e *vt.Emulator) {
		for _, event := range events {
			e.SendMouse(event)
		}
	})
}

// Resize gives the terminal another size, of which the program hears.
func (p *Program) Resize(width, height int) {
	p.t.Helper()
	p.SetSize(width, height)
	if err := pty.Setsize(p.pty, &pty.Winsize{Rows: uint16(height), Cols: uint16(width)}); err != nil {
		p.t.Fatalf("%s: give its terminal %dx%d cells: %v", p.Name, width, height, err)
	}
}
