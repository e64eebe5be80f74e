// SPDX-License-Identifier: GPL-2.0-only

package tui

import "fmt"

// click presses and releases the left button where something stands on the screen, once it is there.
func (s *stage) click(what string) {
	s.t.Helper()
	s.wait(what)
	x, y := s.at(what)
	s.press(fmt.Sprintf("\x1b[<0;%d;%dM\x1b[<0;%d;%dm", x+1, y+1, x+1, y+1))
}

// wheel turns the wheel over something on the screen: up if steps is below 0.
func (s *stage) wheel(what string, steps int) {
	s.t.Helper()
	s.wait(what)
	x, y := s.at(what)
	button := 65
	if steps < 0 {
		button, steps = 64, -steps
	}
	for range steps {
		s.press(fmt.Sprintf("\x1b[<%d;%d;%dM", button, x+1, y+1))
	}
}
