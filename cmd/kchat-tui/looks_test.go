// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kchat/tui/desk"
	"kchat/tui/notify"
	"kchat/tui/words"
)

func TestALocaleThatIsNotUTF8GetsASCII(t *testing.T) {
	for locale, want := range map[string]bool{
		"ko_KR.UTF-8": true, "en_US.utf8": true, "C.UTF-8": true, "de_DE.UTF-8@euro": true, "": true, "en_US": true,
		"C": false, "POSIX": false, "ko_KR.EUC-KR": false, "en_US.ISO-8859-1": false, "de_DE.ISO-8859-15@euro": false,
	} {
		if got := speaksUnicode(locale); got != want {
			t.Errorf("%q: %t", locale, got)
		}
	}
}

// settle makes looks of settings in a locale.
func settle(t *testing.T, locale string, s screenSettings, theme, ascii string) (screenLooks, error) {
	t.Helper()
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LC_CTYPE", "LANG"} {
		t.Setenv(name, locale)
	}
	t.Setenv("KCHAT_THEME", "")
	return s.complete(theme, ascii)
}

func TestTheFlagCountsBeforeTheFileAndTheFileBeforeTheLocale(t *testing.T) {
	for name, c := range map[string]struct {
		locale string
		file   any
		flag   string
		want   bool
	}{
		"the locale":             {"C", nil, "", true},
		"auto is the locale":     {"C", "auto", "", true},
		"off before the locale":  {"C", "off", "", false},
		"on before the locale":   {"C.UTF-8", true, "", true},
		"the flag before all":    {"C", "on", "off", false},
		"a flag that says auto":  {"C.UTF-8", "on", "auto", false},
		"nothing said, in UTF-8": {"C.UTF-8", nil, "", false},
	} {
		l, err := settle(t, c.locale, screenSettings{ASCII: c.file}, "", c.flag)
		if err != nil || l.ascii != c.want {
			t.Errorf("%s: %t, %v", name, l.ascii, err)
		}
	}
}

func TestTheLanguageIsThatOfTheFileThenOfTheLocale(t *testing.T) {
	for _, c := range []struct{ file, locale, want string }{
		{"", "ko_KR.UTF-8", "ko"},
		{"auto", "zh_TW.UTF-8", "zh-TW"},
		{"auto", "zh_CN.UTF-8", "en"},
		{"zh-TW", "zh_CN.UTF-8", "zh-TW"},
		{"en", "ko_KR.UTF-8", "en"},
		{"ko", "C", "ko"},
		{"", "ko_KR.eucKR", "en"}, // the terminal would not understand our UTF-8
		{"", "no_SUCH.UTF-8", "en"},
		{"", "", "en"},
	} {
		l, err := settle(t, c.locale, screenSettings{Language: c.file}, "", "")
		if err != nil {
			t.Errorf("%q in %q: %v", c.file, c.locale, err)
			continue
		}
		spoken, err := words.Load(l.locale)
		if err != nil || spoken.Language != c.want {
			t.Errorf("language = %q in %q speaks %q (%v), not %s", c.file, c.locale, spoken.Language, err, c.want)
		}
	}
	if _, err := settle(t, "", screenSettings{Language: "tlh"}, "", ""); err == nil || !strings.Contains(err.Error(), `"auto" or one of "en", "ko", "zh-TW", not "tlh"`) {
		t.Errorf("a language that there is not: %v", err)
	}
}

func TestNotificationsAreAsTheFileSays(t *testing.T) {
	l, err := settle(t, "", screenSettings{Notify: "osc777", NotifyText: "off"}, "", "")
	if err != nil || l.notify != notify.OSC777 || !l.hideWords {
		t.Errorf("%+v, %v", l, err)
	}
	if l, err = settle(t, "", screenSettings{}, "", ""); err != nil || l.notify != notify.Auto || l.hideWords {
		t.Errorf("nothing said: %+v, %v", l, err)
	}
	for want, s := range map[string]screenSettings{
		`notify is auto, osc99, osc777, osc9, dbus, bell or off, not "loud"`: {Notify: "loud"},
		`notify_text is "on" or "off", not "maybe"`:                          {NotifyText: "maybe"},
		`ascii is "auto", "on" or "off", not "7"`:                            {ASCII: int64(7)},
	} {
		if _, err := settle(t, "", s, "", ""); err == nil || err.Error() != want {
			t.Errorf("%+v gives %v, not %s", s, err, want)
		}
	}
}

func TestTheTimeUntilOneIsAwayIsReadAsPeopleWriteIt(t *testing.T) {
	for _, c := range []struct {
		value any
		want  time.Duration
	}{{nil, 10 * time.Minute}, {"90s", 90 * time.Second}, {"1h", time.Hour}, {"off", 0}, {false, 0}, {"1s", time.Second}, {"24h", 24 * time.Hour}} {
		if got, err := awayAfter(c.value); err != nil || got != c.want {
			t.Errorf("%v is %v, %v", c.value, got, err)
		}
	}
	for _, value := range []any{"soon", int64(10), "-1m", "25h", "0s", true, "999ms"} {
		if _, err := awayAfter(value); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("not %q", fmt.Sprint(value))) {
			t.Errorf("%v gives %v", value, err)
		}
	}
}

func TestTheThemeIsThatOfTheFlagThenOfLastTimeThenOfTheFile(t *testing.T) {
	dir := t.TempDir()
	themes, quiet := desk.NewThemes(dir), slog.New(slog.NewTextHandler(io.Discard, nil))
	for name, c := range map[string]struct{ flag, file, chosen, want string }{
		"nothing":                  {"", "", "", "auto"},
		"the file":                 {"", "light", "", "light"},
		"last time":                {"", "light", "contrast", "contrast"},
		"the flag":                 {"dark", "light", "contrast", "dark"},
		"one of last time is gone": {"", "light", "dusk", "light"},
	} {
		l, err := settle(t, "", screenSettings{Theme: c.file}, c.flag, "")
		if err != nil {
			t.Fatal(err)
		}
		looks, err := l.wear(t.Context(), themes, c.chosen, quiet)
		if err != nil || looks.Theme.Name != c.want {
			t.Errorf("%s: %q, %v", name, looks.Theme.Name, err)
		}
		if gone := c.chosen == "dusk"; (looks.ThemeErr != nil) != gone {
			t.Errorf("%s: %v is said", name, looks.ThemeErr)
		}
	}
	l, _ := settle(t, "", screenSettings{}, "nosuch", "")
	if _, err := l.wear(t.Context(), themes, "", quiet); exitCode(err) != exitUsage || !strings.Contains(err.Error(), `no theme "nosuch"`) {
		t.Errorf("a theme that is not there gives %v", err)
	}
}

func TestTheSessionsBusIsFoundWithoutItsVariable(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", dir)
	if got := sessionBus(); got != "" {
		t.Errorf("nobody is there, but %q", got)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "bus"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := sessionBus(); got != "unix:path="+dir+"/bus" {
		t.Errorf("the bus is at %q", got)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/elsewhere")
	if got := sessionBus(); got != "unix:path=/elsewhere" {
		t.Errorf("the bus is at %q", got)
	}
}

// A real tmux is asked: it lets nothing through until it is told to.
func TestTmuxSaysWhetherItLetsThrough(t *testing.T) {
	dir := t.TempDir()
	program, err := exec.LookPath("tmux")
	if err != nil {
		t.Fatal(err, "(scripts/setup test installs it)")
	}
	tmux := func(args ...string) string {
		t.Helper()
		out, err := exec.Command(program, append([]string{"-S", filepath.Join(dir, "tmux"), "-f", "/dev/null"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("tmux %v: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	tmux("new-session", "-d", "-x", "80", "-y", "24", "cat")
	defer tmux("kill-server")
	t.Setenv("TMUX", filepath.Join(dir, "tmux")+",1,0")
	t.Setenv("TMUX_PANE", tmux("display-message", "-p", "#{pane_id}"))
	if _, passes := outsideTmux(t.Context()); passes {
		t.Error("it lets through by itself")
	}
	tmux("set-option", "-g", "allow-passthrough", "on")
	if _, passes := outsideTmux(t.Context()); !passes {
		t.Error("it does not let through when told to")
	}
	t.Setenv("PATH", dir)
	if name, passes := outsideTmux(t.Context()); name != "" || passes {
		t.Errorf("without tmux: %q, %t", name, passes)
	}
}
