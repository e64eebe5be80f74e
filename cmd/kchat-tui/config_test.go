// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kchat/server/vmtest"
	"kchat/tui"
)

// configured is a configuration file with these words.
func configured(t *testing.T, words string) (path string) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
	t.Setenv("KCHAT_IMAGES", "")
	t.Setenv("LC_ALL", "C.UTF-8")
	path = filepath.Join(home, "config", "kchat", "config.toml")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(words), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEveryMistakeInTheConfigurationIsNamedWithItsFileLineAndKey(t *testing.T) {
	for name, c := range map[string]struct {
		words string
		line  string
		says  []string
	}{
		"a key that is nearly one":       {"user = \"anna\"\n\nsevrer = \"x\"\n", ":3:", []string{`"sevrer"`, "did you mean server?"}},
		"a key that is none at all":      {"colour_of_the_sky = 1\n", ":1:", []string{`"colour_of_the_sky"`, "away_after", "user"}},
		"a key in capitals":              {"Server = \"x\"\n", ":1:", []string{`"Server"`, "did you mean server?"}},
		"a table that is none":           {"user = \"a\"\n[screen]\ntheme = \"dark\"\n", ":2:", []string{`"screen"`}},
		"a number for text":              {"# mine\nuser = 7\n", ":2:", []string{"user", "text in quotes", "the number 7"}},
		"true for text":                  {"server = true\n", ":1:", []string{"server", "text in quotes", "true"}},
		"a list for text":                {"theme = [\"dark\", \"light\"]\n", ":1:", []string{"theme", "a list"}},
		"a table for text":               {"theme.dark = 1\n", ":1:", []string{"theme", "a table"}},
		"a date for text":                {"user = 2026-11-22\n", ":1:", []string{"user", "a date"}},
		"text for true":                  {"\n\n\nmouse = \"yes\"\n", ":4:", []string{"mouse", "true or false", `"yes"`}},
		"a number for true":              {"send_typing = 1\n", ":1:", []string{"send_typing", "true or false", "the number 1"}},
		"a list where much is allowed":   {"away_after = [1]\n", ":1:", []string{"away_after", "a list"}},
		"a size that is none":            {"user = \"a\"\nask_above = \"much\"\n", ":2:", []string{"ask_above", "16 MiB", `"much"`}},
		"a size out of range":            {"store_limit = \"1 MiB\"\n", ":1:", []string{"store_limit", "at least 16 MiB", `"1 MiB"`}},
		"a time that is none":            {"away_after = \"soon\"\n", ":1:", []string{"away_after", `"10m"`, `"soon"`}},
		"a time out of range":            {"away_after = \"25h\"\n", ":1:", []string{"away_after", `"24h"`, `"25h"`}},
		"a word that is no choice":       {"user = \"a\"\nimages = \"iterm\"\n", ":2:", []string{"images", "kitty", `"iterm"`}},
		"a means that is none":           {"notify = \"loud\"\n", ":1:", []string{"notify", "bell", `"loud"`}},
		"a language that there is not":   {"user = \"a\"\nlanguage = \"tlh\"\n", ":2:", []string{"language", "zh-TW", `"tlh"`}},
		"a switch that is none":          {"ascii = \"maybe\"\n", ":1:", []string{"ascii", `"auto"`, `"maybe"`}},
		"a folder from nowhere":          {"downloads = \"in\"\n", ":1:", []string{"downloads", "~/", `"in"`}},
		"a key twice":                    {"user = \"anna\"\nserver = \"x\"\nuser = \"ben\"\n", ":3:", []string{"user", "second time"}},
		"no quotes":                      {"user = anna\n", ":1:", []string{"not TOML", "user", `key = "value"`}},
		"no value":                       {"user =\n", ":1:", []string{"not TOML"}},
		"no key":                         {"= \"anna\"\n", ":1:", []string{"not TOML"}},
		"quotes that do not end":         {"server = \"x\"\nuser = \"anna\n", ":2:", []string{"not TOML"}},
		"another format":                 {"{\"user\": \"anna\"}\n", ":1:", []string{"not TOML"}},
		"bytes that are no UTF-8":        {"user = \"\xff\xfe\"\n", ":1:", []string{"not TOML"}},
		"a file that is far too large":   {strings.Repeat("# nothing\n", configMost/10+1), ":", []string{"larger than"}},
		"several mistakes, all of them":  {"usr = \"a\"\nmouse = 1\n", ":1:", []string{`"usr"`, ":2: mouse"}},
		"a good key behind one that not": {"usr = \"a\"\nuser = \"anna\"\n", ":1:", []string{`"usr"`, "did you mean user?"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := configured(t, c.words)
			err := (&connection{}).complete()
			if err == nil {
				t.Fatal("it is taken")
			}
			if exitCode(err) != exitUsage {
				t.Errorf("exit code %d", exitCode(err))
			}
			for _, part := range append(c.says, path) {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("it does not say %q: %v", part, err)
				}
			}
			if at := path + c.line; c.line != ":" && !strings.HasPrefix(err.Error(), at) {
				t.Errorf("it does not begin with %s: %v", at, err)
			}
		})
	}
}

func TestWhatAFlagSaysIsNoMistakeOfTheConfiguration(t *testing.T) {
	path := configured(t, "user = \"anna\"\nascii = \"off\"\nimages = \"off\"\n")
	for _, c := range []connection{{asciiFlag: "maybe"}, {imagesFlag: "iterm"}} {
		if err := c.complete(); err == nil || strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "--") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestAConfigurationThatIsNotThereOrEmptyHasNoMistakes(t *testing.T) {
	path := configured(t, "")
	if err := (&connection{}).complete(); err != nil {
		t.Errorf("empty: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := (&connection{}).complete(); err != nil {
		t.Errorf("none: %v", err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := (&connection{}).complete(); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a folder in its place: %v", err)
	}
}

func TestEverySettingIsDocumented(t *testing.T) {
	root, err := vmtest.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "settings.md"))
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	_, table, _ := strings.Cut(string(text), "\n## All settings\n")
	table, _, _ = strings.Cut(table, "\n## ")
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) > 2 && strings.Contains(cells[1], "`") {
			documented = append(documented, inQuotes(cells[1])...)
		}
	}
	known := slices.Sorted(maps.Keys(settingsOf(reflect.ValueOf(&configFile{}).Elem())))
	slices.Sort(documented)
	if !slices.Equal(known, documented) {
		t.Errorf("docs/settings.md has\n%q, there are\n%q", documented, known)
	}
}

func TestEveryMistakeInTheKeysIsNamedWithItsFileLineAndKey(t *testing.T) {
	for name, c := range map[string]struct {
		words string
		line  string
		says  []string
	}{
		"no table":                      {"keys = \"ctrl+s\"\n", ":1:", []string{"keys is a table"}},
		"an action that is nearly one":  {"[keys]\n\nserch = \"ctrl+s\"\n", ":3:", []string{"keys.serch", "did you mean search?"}},
		"an action of another table":    {"[keys]\nreply = \"ctrl+r\"\n", ":2:", []string{"keys.reply", "no action"}},
		"a table that is none":          {"[keys.gallery]\nopen = \"x\"\n", ":1:", []string{"keys.gallery"}},
		"a table that is text":          {"[keys]\nselection = \"x\"\n", ":2:", []string{"keys.selection is a table"}},
		"a number for a key":            {"[keys]\nsearch = 5\n", ":2:", []string{"keys.search", "the number 5"}},
		"a key that is none":            {"[keys]\nsearch = \"ctrl+strange\"\n", ":2:", []string{"keys.search", `"ctrl+strange"`, `"ctrl+k"`}},
		"a key to be held that is none": {"[keys]\nsearch = \"hyper+k\"\n", ":2:", []string{"keys.search", `"hyper"`}},
		"a key twice for one action":    {"[keys]\nsearch = [\"f5\", \"F5\"]\n", ":2:", []string{"keys.search", "twice"}},
		"a letter that is for writing":  {"[keys]\nsearch = \"s\"\n", ":2:", []string{"keys.search", "for writing"}},
		"a key that terminals mix up":   {"[keys]\nsearch = \"ctrl+i\"\n", ":2:", []string{"keys.search", "Tab"}},
		"a letter with shift":           {"[keys.selection]\nreply = \"shift+r\"\n", ":2:", []string{"keys.selection.reply", `"R"`}},
		"the key that leads out":        {"[keys]\nsearch = \"esc\"\n", ":2:", []string{"keys.search", "Esc"}},
		"the usual key of another":      {"[keys]\nsearch = \"ctrl+k\"\n", ":2:", []string{"keys.search", "Ctrl+K", "switch"}},
		"two that were changed":         {"[keys]\nmentions = \"f5\"\nsearch = \"F5\"\n", ":3:", []string{"keys.search", "F5", "mentions"}},
		"conflicts elsewhere":           {"[keys.viewer]\nnext = \"s\"\n", ":2:", []string{"keys.viewer.next", "save"}},
		"no key for help":               {"[keys]\nhelp = []\n", ":2:", []string{"keys.help", "needs a key"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := configured(t, c.words)
			err := (&connection{}).complete()
			if err == nil {
				t.Fatal("it is taken")
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("it does not say %q: %v", part, err)
				}
			}
			if at := path + c.line; !strings.HasPrefix(err.Error(), at) {
				t.Errorf("it does not begin with %s: %v", at, err)
			}
		})
	}
}

func TestKeysAreFreeToChange(t *testing.T) {
	configured(t, `[keys]
search = ["Ctrl+S", "alt+shift+F"]
switch = []
send = "alt+enter"
newline = "enter"
[keys.selection]
reply = "w"
`)
	c := connection{}
	if err := c.complete(); err != nil {
		t.Fatal(err)
	}
	want := tui.Keymap{
		tui.KeysChat: {
			"search": {"ctrl+s", "alt+shift+f"}, "switch": {}, "send": {"alt+enter"}, "newline": {"enter"},
		},
		tui.KeysSelection: {"reply": {"w"}},
	}
	if !reflect.DeepEqual(c.keys, want) {
		t.Errorf("%v", c.keys)
	}
}

func TestEveryKeyThatCanBeChangedIsDocumented(t *testing.T) {
	root, err := vmtest.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "settings.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string][]string{}
	table := ""
	for line := range strings.Lines(string(text)) {
		if title, is := strings.CutPrefix(line, "### "); is {
			table = inQuotes(title)[0]
		} else if cells := strings.Split(line, "|"); table != "" && len(cells) > 2 && strings.Contains(cells[1], "`") {
			documented[table+" "+inQuotes(cells[1])[0]] = inQuotes(cells[2])
		}
	}
	for _, a := range tui.Actions() {
		table := "[keys]"
		if a.Table != tui.KeysChat {
			table = "[keys." + a.Table + "]"
		}
		if !slices.Equal(documented[table+" "+a.Name], a.Keys) {
			t.Errorf("docs/settings.md gives %s %s the keys %q, they are %q", table, a.Name, documented[table+" "+a.Name], a.Keys)
		}
		delete(documented, table+" "+a.Name)
	}
	if len(documented) > 0 {
		t.Errorf("docs/settings.md tells of %q", slices.Sorted(maps.Keys(documented)))
	}
}
