// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// browser is a program for links that notes what it gets.
func browser(t *testing.T) (command, noted string) {
	t.Helper()
	dir := t.TempDir()
	noted = filepath.Join(dir, "noted")
	command = filepath.Join(dir, "browser")
	script := "#!/bin/sh\nprintf '%s\\n' \"$@\" >" + noted + ".part && mv " + noted + ".part " + noted + "\n"
	if err := os.WriteFile(command, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return command, noted
}

func TestALinkIsOpenedByAKeyAndShownWholeBeforeIfItSaysAnotherThing(t *testing.T) {
	command, noted := browser(t)
	anna, ben := people.Start(t, "anna", withEnv("BROWSER="+command)), people.Start(t, "ben")
	anna.Shows("2 here")
	ben.Say("the plan is at https://example.com/plan?a=1&b=$(id).")
	anna.Shows("the plan is at")
	anna.Key("up", "o")
	anna.Shows("Opened: https://example.com/plan?a=1&b=$(id)")
	if got, err := os.ReadFile(noted); err != nil || string(got) != "https://example.com/plan?a=1&b=$(id)\n" {
		t.Errorf("the browser got %q, %v", got, err)
	}
	ben.Say("[https://bank.example](https://evil.example/login)")
	anna.Shows("bank.example")
	anna.Key("up", "o")
	anna.Shows("Where this leads", "https://evil.example/login", "it says: https://bank.example")
	anna.Key("c")
	anna.Writes("\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte("https://evil.example/login")))
	ben.Say("file:///etc/passwd [x](javascript:alert)")
	anna.Shows("file:///etc/passwd")
	anna.Key("up", "o")
	anna.Shows("There is no link in this message.")
	if got, err := os.ReadFile(noted); err != nil || strings.Contains(string(got), "evil") {
		t.Errorf("the browser got %q, %v", got, err)
	}
}

func TestACommandIsForTheSelectedMessageOrOneThatIsChosen(t *testing.T) {
	anna, ben := people.Start(t, "anna"), people.Start(t, "ben")
	anna.Shows("2 here")
	ben.Say("lunch?")
	ben.Say("or tea?")
	anna.Shows("lunch?", "or tea?")
	anna.Key("up", "up")
	anna.Say("/react :tada:")
	ben.Until("the reaction to stand below the first one", func(screen string) bool {
		_, below, is := strings.Cut(screen, "lunch?")
		between, _, has := strings.Cut(below, "or tea?")
		return is && has && strings.Contains(between, "🎉")
	})
	anna.Say("/reply")
	anna.Shows("Enter reply")
	anna.Key("up", "enter")
	anna.Shows("replying to ben: lunch?")
	anna.Say("at noon")
	ben.Until("the answer to quote it", func(screen string) bool {
		return strings.Count(screen, "lunch?") == 2 && strings.Contains(screen, "at noon")
	})
}

func TestWhatIsNewInAThreadIsNewAfterARestart(t *testing.T) {
	anna, ben := people.Start(t, "anna"), people.Start(t, "ben")
	anna.Shows("2 here")
	anna.Say("which build?")
	ben.Shows("which build?")
	ben.Key("up", "t")
	ben.Say("the last one")
	anna.Shows("1 new in threads")
	anna.Quit()
	anna.Again()
	anna.Shows("which build?", "1 new in threads")
	anna.Key("alt+t")
	anna.Shows("Threads of #"+anna.Room, "1 new")
	anna.Key("enter")
	anna.Shows("the last one")
	anna.Key("esc")
	anna.ShowsNot("new in threads")
}
