// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"kchat/media"
	"kchat/tui/pixels"
)

// termcap takes what the terminal says about itself, and reports whether the message was that.
func (r *root) termcap(msg tea.Msg) (tea.Cmd, bool) {
	if _, ok := msg.(uv.PrimaryDeviceAttributesEvent); ok {
		r.window.answered()
	}
	switch msg := msg.(type) {
	case tea.EnvMsg:
		r.term = pixels.NewTerminal(r.cfg.Images, msg.Getenv)
		if w, h, err := r.paint.Output().CellSize(); err == nil {
			r.term.SetCell(w, h)
		}
		_ = r.term.Resized(r.width, r.height)
		r.useTerminal()
		return raw(r.term.Ask()), true
	case tea.TerminalVersionMsg, uv.KittyGraphicsEvent, uv.PrimaryDeviceAttributesEvent, uv.CellSizeEvent, uv.PixelSizeEvent:
		if r.term == nil {
			return nil, true // the environment comes first
		}
		ask, learnt := r.term.Answer(msg)
		if !learnt {
			return raw(ask), true
		}
		r.useTerminal()
		return tea.Batch(raw(ask), r.askFiles(), r.redraw()), true
	}
	return nil, false
}

// askFiles asks, when it is time, whether the terminal reads our files. One that is not asked gets all directly.
func (r *root) askFiles() tea.Cmd {
	if !r.paint.Caps().Kitty || !r.term.AskFiles() {
		return nil
	}
	return ask(func(ctx context.Context) tea.Msg {
		_ = r.paint.AskFiles(ctx)
		return nil
	})
}

// resized takes the terminal's new size: its cells may have changed with it.
func (r *root) resized(msg tea.WindowSizeMsg) tea.Cmd {
	r.width, r.height, r.sized = msg.Width, msg.Height, true
	ask := ""
	if r.term != nil {
		if w, h, err := r.paint.Output().CellSize(); err == nil {
			r.term.SetCell(w, h)
		}
		ask = r.term.Resized(msg.Width, msg.Height)
		r.useTerminal()
	}
	if r.chat != nil {
		r.chat.fit(max(r.width, 1), max(r.height, 1))
	}
	return tea.Batch(raw(ask), r.redraw())
}

// useTerminal has pictures drawn for what is known of the terminal now.
func (r *root) useTerminal() {
	if r.term == nil {
		return
	}
	r.term.Indexed(r.color == media.ANSI256)
	caps := r.term.Caps()
	// Without colours no id can be told; in ASCII even the placeholders cannot.
	caps.Kitty = caps.Kitty && r.ground().colors >= media.ANSI256
	if caps == r.paint.Caps() {
		return
	}
	r.paint.Use(caps)
	r.look.CellWidth, r.look.CellHeight, r.look.Pixels = caps.CellWidth, caps.CellHeight, caps.Kitty
	r.lookAgain()
}

// lookAgain has every room drawn anew.
func (r *root) lookAgain() {
	if r.chat == nil {
		return
	}
	for _, room := range r.chat.book.rooms {
		room.talk.SetLook(r.look)
		room.talk.Redraw()
	}
}

// raw writes a sequence to the terminal, if there is one.
func raw(sequence string) tea.Cmd {
	if sequence == "" {
		return nil
	}
	return tea.Raw(sequence)
}
