// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"runtime/debug"

	tea "charm.land/bubbletea/v2"
)

// Fault is a panic that ended the program. The terminal has been restored and the drafts were saved before anybody
// gets to see it.
type Fault struct {
	Value any
	Stack string
}

// Error is one line; where it happened is in Stack.
func (f *Fault) Error() string { return fmt.Sprintf("a fault in the program: %v", f.Value) }

// newFault describes a recovered panic.
func newFault(value any) *Fault { return &Fault{value, string(debug.Stack())} }

// broken ends the program after a fault. Nothing is drawn from then on.
func (r *root) broken(f *Fault) {
	if r.fault == nil {
		r.fault = f
	}
}

// guarded returns a command whose panic ends the program in good order, and those in a batch with it.
func guarded(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return func() (msg tea.Msg) {
		defer func() {
			if v := recover(); v != nil {
				msg = leaveMsg{newFault(v)}
			}
		}()
		msg = cmd()
		if batch, ok := msg.(tea.BatchMsg); ok {
			for i := range batch {
				batch[i] = guarded(batch[i])
			}
		}
		return msg
	}
}
