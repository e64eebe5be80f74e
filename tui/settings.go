// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"kchat/tui/notify"
)

// Reach is how somebody is reached who looks elsewhere, and what is kept of what they chose.
type Reach struct {
	Notify    notify.Method                                             // empty: as the terminal and the machine can
	HideWords bool                                                      // notifications say who and where, and not what
	Desktop   Desktop                                                   // nil: there is none
	Settings  Settings                                                  // as they were kept last
	Keep      func(ctx context.Context, change func(s *Settings)) error // keeps what was changed; nil: nothing is kept
}

// Settings are what somebody chose in the screen and finds again next time, whoever they log in as.
type Settings struct {
	Theme string // empty: none was chosen
	Quiet Quiet
}

// settingsMsg says that settings could not be kept.
type settingsMsg struct{ err error }

// keep changes a setting, here and for the next time.
func (e *env) keep(change func(s *Settings)) tea.Cmd {
	change(&e.settings)
	keep := e.cfg.Keep
	if keep == nil {
		return nil
	}
	return ask(func(ctx context.Context) tea.Msg {
		if err := keep(ctx, change); err != nil {
			return settingsMsg{err}
		}
		return nil
	})
}
