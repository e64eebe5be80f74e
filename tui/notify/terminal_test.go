// SPDX-License-Identifier: GPL-2.0-only

package notify

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
)

// around is an environment.
func around(pairs ...string) func(string) string {
	vars := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		vars[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return vars[name] }
}

// version is what a terminal calls itself.
func version(name string) tea.Msg { return tea.TerminalVersionMsg{Name: name} }

// speaks is kitty's answer about OSC 99, as documented.
var speaks = uv.UnknownOscEvent("\x1b]99;i=kchat-asks:p=?;a=focus,report:o=always,unfocused,invisible:u=0,1,2:p=title,body,?,close\x1b\\")

func TestTheMethodFollowsFromTheTerminal(t *testing.T) {
	for name, c := range map[string]struct {
		env     []string
		says    []tea.Msg
		desktop bool
		want    Method
	}{
		"kitty":                          {nil, []tea.Msg{version("kitty(0.48.2)")}, true, OSC99},
		"kitty by its name in TERM":      {[]string{"TERM", "xterm-kitty"}, nil, true, OSC99},
		"kitty over ssh":                 {[]string{"TERM", "xterm-kitty", "SSH_CONNECTION", "x"}, nil, true, OSC99},
		"foot":                           {nil, []tea.Msg{version("foot(1.16.2)")}, true, OSC777},
		"a foot that knows OSC 99":       {nil, []tea.Msg{version("foot(1.28.0)"), speaks}, true, OSC99},
		"Ghostty":                        {nil, []tea.Msg{version("ghostty 1.2.0")}, true, OSC777},
		"WezTerm":                        {nil, []tea.Msg{version("WezTerm 20240203-110809")}, true, OSC777},
		"iTerm2":                         {[]string{"TERM_PROGRAM", "iTerm.app"}, nil, false, OSC9},
		"iTerm2 by its answer":           {nil, []tea.Msg{version("iTerm2 3.5.10")}, false, OSC9},
		"Windows Terminal":               {[]string{"WT_SESSION", "x"}, nil, false, OSC777},
		"urxvt on a desktop":             {[]string{"TERM", "rxvt-unicode-256color"}, nil, true, DBus},
		"urxvt without a bus":            {[]string{"TERM", "rxvt-unicode"}, nil, false, OSC777},
		"a terminal without, a desktop":  {nil, []tea.Msg{version("XTerm(390)")}, true, DBus},
		"a terminal without, no desktop": {nil, []tea.Msg{version("XTerm(390)")}, false, Bell},
		"the desktop of another machine": {[]string{"SSH_TTY", "/dev/pts/0"}, []tea.Msg{version("VTE(7600)")}, true, Bell},
		"tmux whose outside is unknown":  {[]string{"TMUX", "x", "TERM_PROGRAM", "tmux"}, []tea.Msg{version("tmux 3.7c")}, false, Bell},
		"what was around tmux's server":  {[]string{"TMUX", "x", "WT_SESSION", "old"}, nil, true, DBus},
	} {
		term := NewTerminal(Auto, "kchat-1", c.desktop, around(c.env...))
		for _, msg := range c.says {
			term.Answer(msg)
		}
		if got := term.Method(); got != c.want {
			t.Errorf("%s: %s, not %s", name, got, c.want)
		}
	}
}

func TestOnlyWhoMayKnowIsAsked(t *testing.T) {
	for name, asked := range map[string]bool{"foot(1.28.0)": true, "kitty(0.48.2)": false, "XTerm(390)": false, "tmux 3.7c": false} {
		term := NewTerminal(Auto, "kchat-1", false, around())
		if got := term.Answer(version(name)); (got == query) != asked {
			t.Errorf("%s is asked %q", name, got)
		}
	}
}

func TestThroughTmuxOnlyWhereItLetsThrough(t *testing.T) {
	for _, passes := range []bool{false, true} {
		term := NewTerminal(Auto, "kchat-1", false, around("TMUX", "x"))
		term.Outer("kitty(0.48.2)", passes)
		got := term.Sequence(Note{Title: "Anna"})
		switch {
		case !passes && got != "\a":
			t.Errorf("not let through, it writes %q", got)
		case passes && (!strings.HasPrefix(got, "\x1bPtmux;\x1b\x1b]99;") || strings.Contains(got, "[^\x1b]\x1b]")):
			t.Errorf("let through, it writes %q", got)
		}
	}
	// Outside of tmux nobody is told about it.
	term := NewTerminal(Auto, "kchat-1", false, around())
	term.Outer("kitty(0.48.2)", true)
	if term.Method() != Bell {
		t.Error("a tmux that is not there was believed")
	}
}

func TestADesktopThatDoesNotAnswerLeavesTheBell(t *testing.T) {
	term := NewTerminal(Auto, "kchat-1", true, around())
	term.NoDesktop()
	if got := term.Method(); got != Bell {
		t.Errorf("the method is %s", got)
	}
	// What somebody asked for stays what it is.
	term = NewTerminal(DBus, "kchat-1", true, around())
	term.NoDesktop()
	if got := term.Method(); got != DBus {
		t.Errorf("the method is %s", got)
	}
}

func TestWhatIsSetCountsWhateverTheTerminalIs(t *testing.T) {
	for _, set := range []Method{OSC99, OSC777, OSC9, DBus, Bell, Off} {
		term := NewTerminal(set, "kchat-1", true, around("TERM", "xterm-kitty"))
		if got := term.Method(); got != set {
			t.Errorf("%s is set and %s counts", set, got)
		}
	}
}

func TestFocusIsKnownFromAReportOrAnAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		msg  tea.Msg
		want bool
	}{
		"nothing":               {nil, false},
		"a report":              {tea.BlurMsg{}, true},
		"the mode is set":       {tea.ModeReportMsg{Mode: ansi.ModeFocusEvent, Value: ansi.ModeSet}, true},
		"the mode is not known": {tea.ModeReportMsg{Mode: ansi.ModeFocusEvent, Value: ansi.ModeNotRecognized}, false},
		"another mode":          {tea.ModeReportMsg{Mode: ansi.ModeSynchronizedOutput, Value: ansi.ModeSet}, false},
	} {
		term := NewTerminal(Auto, "kchat-1", false, around())
		term.Answer(c.msg)
		if got := term.TellsFocus(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	// tmux knows the mode whether or not it was told to use it, so only what it does counts.
	term := NewTerminal(Auto, "kchat-1", false, around("TMUX", "x"))
	if term.Answer(tea.ModeReportMsg{Mode: ansi.ModeFocusEvent, Value: ansi.ModeSet}); term.TellsFocus() {
		t.Error("tmux was believed")
	}
	if term.Answer(tea.BlurMsg{}); !term.TellsFocus() {
		t.Error("a report of tmux was not believed")
	}
}

func TestTheSequencesAreThoseOfTheTerminals(t *testing.T) {
	n := Note{Title: "Anna · #lobby", Body: "점심; now?"}
	base := base64.StdEncoding.EncodeToString
	for set, want := range map[Method]string{
		OSC99:  "\x1b]99;i=kchat-1:e=1:d=0:p=title;" + base([]byte(n.Title)) + "\x1b\\\x1b]99;i=kchat-1:e=1:d=1:p=body;" + base([]byte(n.Body)) + "\x1b\\",
		OSC777: "\x1b]777;notify;Anna · #lobby;점심, now?\a",
		OSC9:   "\x1b]9;Anna · #lobby: 점심; now?\a",
		Bell:   "\a",
		DBus:   "",
		Off:    "",
	} {
		if got := NewTerminal(set, "kchat-1", false, around()).Sequence(n); got != want {
			t.Errorf("%s writes %q, not %q", set, got, want)
		}
	}
}

func TestANoteIsTakenBackOnce(t *testing.T) {
	term := NewTerminal(OSC99, "kchat-1", false, around())
	if got := term.Withdraw(); got != "" {
		t.Errorf("nothing was shown, and %q takes it back", got)
	}
	term.Sequence(Note{Title: "Anna"})
	if got := term.Withdraw(); got != "\x1b]99;i=kchat-1:p=close;\x1b\\" {
		t.Errorf("%q takes it back", got)
	}
	if got := term.Withdraw(); got != "" {
		t.Errorf("%q takes it back twice", got)
	}
}

// Names and words of strangers end no sequence, begin none, and give ConEmu no orders.
func TestStrangersCannotWriteSequences(t *testing.T) {
	for _, evil := range []string{
		"\x1b]0;owned\a", "\x1b\\\x1b[2J", "\a\a\a", "a\u009cb\u009d52;c;x", "4;3;50", "9;\"cmd\"", "a\nb\rc", "\u202egnp.exe", strings.Repeat("x", 1<<16), "", " ",
	} {
		for _, set := range []Method{OSC99, OSC777, OSC9} {
			term := NewTerminal(set, "kchat-1", false, around())
			got := term.Sequence(Note{Title: evil, Body: evil})
			body := strings.TrimSuffix(strings.TrimPrefix(got, "\x1b]"), "\a")
			if set == OSC99 {
				body = strings.NewReplacer("\x1b\\\x1b]", "", "\x1b\\", "").Replace(body)
			}
			for _, r := range body {
				if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || r == '\u202e' {
					t.Errorf("%s: %q leaves %q in %q", set, evil, r, got)
				}
			}
			if set == OSC9 && len(got) > 4 && got[4] >= '0' && got[4] <= '9' {
				t.Errorf("%q is an order of ConEmu: %q", evil, got)
			}
			if set == OSC777 && strings.Count(got, ";") != 3 {
				t.Errorf("%q adds parts: %q", evil, got)
			}
			if len(got) > 2048 {
				t.Errorf("%s: %d bytes are written", set, len(got))
			}
		}
	}
}

func TestASettingThatIsNoneIsNamed(t *testing.T) {
	if m, err := ParseMethod(""); err != nil || m != Auto {
		t.Errorf("nothing is %s, %v", m, err)
	}
	if m, err := ParseMethod("osc777"); err != nil || m != OSC777 {
		t.Errorf("osc777 is %s, %v", m, err)
	}
	if _, err := ParseMethod("growl"); !errors.Is(err, ErrMethod) || !strings.Contains(err.Error(), `"growl"`) {
		t.Errorf("growl gives %v", err)
	}
}
