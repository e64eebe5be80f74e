// SPDX-License-Identifier: GPL-2.0-only

// Package notify gets somebody's attention who looks elsewhere: by a notification of the terminal, where it has such a
// thing, else by the desktop's own over D-Bus, else by the bell. What strangers wrote is made harmless first.
package notify

import (
	"errors"
	"fmt"
	"strings"

	"kchat/tui/text"
)

// Method is how one is notified.
type Method string

// The methods.
const (
	Auto   Method = "auto"   // the first that there is of: the terminal's own, D-Bus, the bell
	OSC99  Method = "osc99"  // kitty's protocol (kitty, docs/desktop-notifications.rst)
	OSC777 Method = "osc777" // that of urxvt's notify extension: foot, Ghostty, WezTerm, Contour, Windows Terminal
	OSC9   Method = "osc9"   // iTerm2's
	DBus   Method = "dbus"   // org.freedesktop.Notifications
	Bell   Method = "bell"
	Off    Method = "off"
)

// ErrMethod says that a method is none.
var ErrMethod = errors.New("notify is auto, osc99, osc777, osc9, dbus, bell or off")

// ParseMethod reads a method; empty is Auto.
func ParseMethod(s string) (Method, error) {
	switch m := Method(s); m {
	case "":
		return Auto, nil
	case Auto, OSC99, OSC777, OSC9, DBus, Bell, Off:
		return m, nil
	}
	return "", fmt.Errorf("%w, not %q", ErrMethod, s)
}

// Note is one notification. The one before it is replaced, where that can be.
type Note struct {
	Title string // who and where
	Body  string // what; may be empty
}

// How long the parts of a note are at most, in cells. Notifications of desktops show two or three lines.
const (
	maxTitle = 60
	maxBody  = 160
)

// Clean is the note as it may be shown: each part one line without control characters, bounded.
func (n Note) Clean() Note {
	return Note{Title: text.Truncate(text.Name(n.Title), maxTitle), Body: text.Truncate(strings.TrimSpace(text.Line(n.Body)), maxBody)}
}
