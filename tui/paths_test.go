// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/text/unicode/norm"
)

// Every way in which terminals, shells and file managers write a path leads to the file.
func TestAPastedPathIsFoundHoweverItIsWritten(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	apart := norm.NFD.String("여름 사진.png") // as macOS keeps names
	for _, name := range []string{"sun.png", "two words.png", "it's.png", `a"b.png`, "100%.png", apart} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for words, want := range map[string]string{
		dir + "/sun.png":                                 "sun.png",
		"  " + dir + "/sun.png \n":                       "sun.png",
		"~/sun.png":                                      "sun.png",
		"'" + dir + "/two words.png'":                    "two words.png",
		`"` + dir + `/two words.png"`:                    "two words.png",
		dir + `/two\ words.png`:                          "two words.png",
		dir + "/two words.png":                           "two words.png",
		"'" + dir + `/it'\''s.png'`:                      "it's.png",
		dir + `/it\'s.png`:                               "it's.png",
		dir + "/it's.png":                                "it's.png",
		dir + `/a\"b.png`:                                `a"b.png`,
		"file://" + dir + "/two%20words.png":             "two words.png",
		"file:" + dir + "/sun.png":                       "sun.png",
		"file://localhost" + dir + "/100%25.png":         "100%.png",
		"file://" + host + dir + "/sun.png":              "sun.png",
		"FILE://" + dir + "/sun.png":                     "sun.png",
		dir + "/" + norm.NFC.String(apart):               apart,
		"'" + dir + "/" + norm.NFC.String(apart) + "'":   apart,
		dir + "/" + strings.ReplaceAll(apart, " ", `\ `): apart,
	} {
		if got, found := fileOf(pathsIn(words)); !found || filepath.Base(got) != want {
			t.Errorf("%q is %q, %v; want %q", words, got, found, want)
		}
	}
	for _, words := range []string{
		"", "hello", dir, dir + "/other.png", "file://elsewhere" + dir + "/sun.png", dir + "/sun.png\n" + dir + "/sun.png",
		"'" + dir + "/sun.png", "file:", strings.Repeat("/", maxPath+1), dir + "/sun.png\x00",
	} {
		if got, found := fileOf(pathsIn(words)); found {
			t.Errorf("%q is %q", words, got)
		}
	}
}

// paste sends words as a terminal does that brackets them.
func (s *stage) paste(words string) { s.term.SendText("\x1b[200~" + words + "\x1b[201~") }

// folderWith makes files in a new folder.
func folderWith(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestADroppedPictureIsSentWithOneKeyOrItsPathStays(t *testing.T) {
	dir := folderWith(t, "sun set.png", "notes.txt")
	s, _ := graphicStage(t, nil, nil)
	s.paste("'" + dir + "/sun set.png'")
	s.wait("Send it?", "sun set.png is a picture on this machine.")
	s.press("n")
	s.gone("Send it?")
	s.wait("sun set.png'")
	s.press("\x15")
	s.wait("Write to #lobby")
	s.type_("look ")
	s.wait("look")
	s.paste("'" + dir + "/sun set.png'")
	s.wait("Send it?")
	s.press("y")
	s.until("the picture to be sent", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return len(s.client.sent) == 1 && s.client.sent[0].Attached != nil
	})
	s.wait("› look")
	s.gone("sun set.png'")
	// What is no picture, or is not there, is text.
	s.press("\x15")
	for _, words := range []string{dir + "/notes.txt", dir + "/missing.png", "sun set.png"} {
		s.paste(words)
		s.settle()
		s.settle()
		if strings.Contains(s.term.Screen(), "Send it?") {
			t.Errorf("%q was offered to be sent", words)
		}
		s.press("\x15")
		s.wait("Write to #lobby")
	}
	// To a command it is an argument.
	s.type_("/send-image ")
	s.wait("/send-image")
	s.paste(dir + `/sun\ set.png`)
	s.settle()
	s.press(enter)
	s.until("the picture to be sent", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return len(s.client.sent) == 2
	})
}

func TestSendImageWithoutANameChoosesOne(t *testing.T) {
	dir := folderWith(t, "autumn.png", "winter/snow.png", "여름.png", "notes.txt", ".hidden.png", "damaged.png")
	s, _ := graphicStage(t, nil, func(cfg *Config) { cfg.Folder = dir })
	s.type_("/send-image")
	s.press(enter)
	s.wait("Send a picture", "winter/", "autumn.png", "여름.png")
	if screen := s.term.Screen(); strings.Contains(screen, "notes.txt") || strings.Contains(screen, "hidden") {
		t.Errorf("the screen is\n%s", screen)
	}
	s.press(down) // from the folder to the first file
	s.wait("▀▀▀▀")
	s.type_("dam")
	s.gone("autumn.png")
	s.wait("the picture is damaged")
	s.press("\x7f", "\x7f", "\x7f")
	s.wait("autumn.png")
	s.press(enter)
	s.wait("snow.png")
	s.gone("autumn.png")
	s.press("\x7f") // back up
	s.wait("autumn.png")
	s.type_("름")
	s.gone("autumn.png")
	s.press(enter)
	s.until("the picture to be sent", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return len(s.client.sent) == 1
	})
	s.gone("Send a picture")
	// It begins where the last one was, and Esc sends nothing.
	s.type_("/send-image")
	s.press(enter)
	s.wait("Send a picture", "autumn.png")
	s.press(esc)
	s.gone("Send a picture")
	if n := len(s.client.drafts()); n != 1 {
		t.Errorf("%d were sent", n)
	}
}

func TestTheMouseChoosesAPictureToSend(t *testing.T) {
	dir := folderWith(t, "a.png", "b.png", "c.png")
	s, _ := graphicStage(t, nil, func(cfg *Config) { cfg.Folder = dir })
	s.type_("/send-image")
	s.press(enter)
	s.wait("c.png")
	at := func(name string) (x, y int) {
		for y, line := range strings.Split(s.term.Screen(), "\n") {
			if before, _, found := strings.Cut(line, name); found {
				return len([]rune(before)), y
			}
		}
		t.Fatalf("%s is not on the screen", name)
		return 0, 0
	}
	x, y := at("b.png")
	s.program.Send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
	s.wait("▌ b.png")
	s.program.Send(tea.MouseWheelMsg{X: x, Y: y, Button: tea.MouseWheelDown})
	s.wait("▌ c.png")
	x, y = at("c.png")
	s.program.Send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
	s.until("the picture to be sent", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return len(s.client.sent) == 1
	})
}

func TestThePreviewIsFreedInTheTerminal(t *testing.T) {
	dir := folderWith(t, "a.png", "b.png")
	s, _ := graphicStage(t, asKitty, func(cfg *Config) { cfg.Folder = dir })
	s.type_("/send-image")
	s.press(enter)
	s.wait(placeholder)
	s.press(down)
	s.until("the second one", func() bool { return len(s.term.sentIDs()) == 2 })
	s.press(esc)
	s.gone(placeholder)
	for _, id := range s.term.sentIDs() {
		s.until("both to be freed", func() bool { return s.term.Wrote("a=d,d=I,q=2,i=" + id + "\x1b") })
	}
}
