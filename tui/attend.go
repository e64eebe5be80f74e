// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"fmt"
	"math/rand/v2"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"kchat/tui/notify"
	"kchat/tui/pixels"
)

// outsideMsg is what tmux runs in.
type outsideMsg struct {
	terminal string
	passes   bool
}

// attend follows what has to do with where somebody looks: which notifications the terminal has, whether it has the
// focus, and whether its ground has changed meanwhile.
func (r *root) attend(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.EnvMsg:
		return r.attendTo(msg.Getenv)
	case outsideMsg:
		r.notice.Outer(msg.terminal, msg.passes)
		return nil
	case uv.DarkColorSchemeEvent, uv.LightColorSchemeEvent:
		return tea.RequestBackgroundColor
	case tea.BlurMsg:
		r.blurred = true
	case tea.FocusMsg:
		r.blurred = false
		if r.notice != nil {
			r.notice.Answer(msg)
		}
		// Terminals that do not tell when their scheme changes did so while one looked elsewhere, mostly.
		return tea.RequestBackgroundColor
	}
	if r.notice == nil {
		return nil // the environment comes first
	}
	return raw(r.notice.Answer(msg))
}

// attendTo begins with what the environment says of the terminal.
func (r *root) attendTo(getenv func(string) string) tea.Cmd {
	id := fmt.Sprintf("kchat-%016x", rand.Uint64())
	r.notice = notify.NewTerminal(r.cfg.Notify, id, r.cfg.Desktop != nil, getenv)
	if pixels.Silent(getenv) {
		return nil
	}
	r.follows = true
	questions := r.notice.Ask() + ansi.SetModeLightDark
	if r.cfg.Images == pixels.Blocks || r.cfg.Images == pixels.Off {
		questions += ansi.RequestNameVersion // otherwise it is asked for the pictures
	}
	cmds := []tea.Cmd{raw(questions)}
	if outside := r.cfg.Host.Outside; outside != nil && r.notice.InTmux() {
		cmds = append(cmds, ask(func(ctx context.Context) tea.Msg {
			terminal, passes := outside(ctx)
			return outsideMsg{terminal, passes}
		}))
	}
	return tea.Batch(cmds...)
}

// unfollow has the terminal no longer tell when its scheme changes.
func (r *root) unfollow() string {
	if !r.follows {
		return ""
	}
	return ansi.ResetModeLightDark
}
