// SPDX-License-Identifier: GPL-2.0-only

package notify

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
)

// Terminal finds out which notifications a terminal has, by its name, and for kitty's protocol by asking; and whether it
// tells when it has the focus. It opens nothing.
type Terminal struct {
	set     Method
	id      string // of our notes: those of other programs are not replaced
	known   Method // what the terminal has; empty if none is known
	weak    bool   // it has it only if its user has set that up
	far     bool   // the terminal is on another machine, so that this one's desktop is nobody's
	tmux    bool
	passes  bool // tmux lets sequences through
	desktop bool // there is a bus
	failed  bool // nobody answers on it
	focus   bool // it tells when it has the focus
	shown   bool // a note that can be taken back
}

// NewTerminal begins with what the environment says. The id distinguishes this program from others on the terminal: it is
// of letters, digits and hyphens. Desktop: there is a session bus.
func NewTerminal(set Method, id string, desktop bool, getenv func(string) string) *Terminal {
	t := &Terminal{set: set, id: id, desktop: desktop, tmux: getenv("TMUX") != ""}
	t.far = getenv("SSH_CONNECTION") != "" || getenv("SSH_TTY") != ""
	switch program := getenv("TERM_PROGRAM"); {
	case t.tmux:
		return t // all below is what was around when the server of tmux began
	case getenv("WT_SESSION") != "":
		t.known = OSC777
	case program == "vscode":
		return t
	case program != "":
		t.named(program)
	case strings.HasPrefix(getenv("TERM"), "rxvt-unicode"):
		t.known, t.weak = OSC777, true // by an extension in Perl
	case getenv("TERM") == "xterm-kitty":
		t.known = OSC99
	}
	return t
}

// Ask gives the question whether the terminal tells of its focus.
func (t *Terminal) Ask() string { return ansi.RequestModeFocusEvent }

// named takes what the terminal calls itself.
func (t *Terminal) named(name string) {
	name = strings.ToLower(name)
	for _, brand := range []struct {
		prefix string
		has    Method
	}{
		{"kitty", OSC99},
		{"foot", OSC777},
		{"ghostty", OSC777},
		{"wezterm", OSC777},
		{"contour", OSC777},
		{"iterm", OSC9},
	} {
		if strings.HasPrefix(name, brand.prefix) {
			t.known, t.weak = brand.has, false
		}
	}
}

// Answer takes a message of the program, and gives the question that follows from it.
func (t *Terminal) Answer(msg tea.Msg) (ask string) {
	switch msg := msg.(type) {
	case tea.TerminalVersionMsg:
		if strings.HasPrefix(msg.Name, "tmux") {
			t.tmux = true
			return ""
		}
		t.named(msg.Name)
		// foot learnt it in version 1.18; others that are asked what they do not know might show the question.
		if strings.HasPrefix(strings.ToLower(msg.Name), "foot") {
			return query
		}
	case uv.UnknownOscEvent:
		if strings.HasPrefix(string(msg), "\x1b]99;i="+askedAs+":p=?;") {
			t.known, t.weak = OSC99, false
		}
	case tea.ModeReportMsg:
		// tmux knows the mode, and tells nothing unless its user has set focus-events.
		if msg.Mode == ansi.ModeFocusEvent && !t.tmux {
			t.focus = t.focus || msg.Value.IsSet() || msg.Value.IsReset()
		}
	case tea.FocusMsg, tea.BlurMsg:
		t.focus = true
	}
	return ""
}

// Outer says what tmux is in, and whether it lets sequences through (allow-passthrough, off unless its user has set it).
func (t *Terminal) Outer(name string, passes bool) {
	if !t.tmux {
		return
	}
	t.passes = passes
	t.named(name)
}

// InTmux reports whether tmux is around us.
func (t *Terminal) InTmux() bool { return t.tmux }

// TellsFocus reports whether the terminal tells when it gets and loses the focus, as far as is known.
func (t *Terminal) TellsFocus() bool { return t.focus }

// NoDesktop notes that nobody answers on the bus.
func (t *Terminal) NoDesktop() { t.failed = true }

// Method is how one is notified now; it is never Auto.
func (t *Terminal) Method() Method {
	if t.set != Auto {
		return t.set
	}
	bus := t.desktop && !t.far && !t.failed
	switch has := t.known != "" && (!t.tmux || t.passes); {
	case has && (!t.weak || !bus):
		return t.known
	case bus:
		return DBus
	default:
		return Bell
	}
}

// Sequence is what shows a note on the terminal; empty for the methods that go elsewhere.
func (t *Terminal) Sequence(n Note) string {
	n = n.Clean()
	var s string
	switch t.Method() {
	case OSC99:
		t.shown = true
		s = osc99(t.id, n)
	case OSC777:
		s = osc777(n)
	case OSC9:
		s = osc9(n)
	case Bell:
		return "\a"
	default:
		return ""
	}
	return t.wrap(s)
}

// Withdraw is what takes the last note back, if the terminal can do that.
func (t *Terminal) Withdraw() string {
	if !t.shown {
		return ""
	}
	t.shown = false
	return t.wrap(close99(t.id))
}

func (t *Terminal) wrap(s string) string {
	if t.tmux {
		return throughTmux(s)
	}
	return s
}
