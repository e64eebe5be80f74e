// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"kchat/tui/screentest"
)

// asked opens the chat for somebody whose settings name nobody, and goes to the form.
func (p *person) asked() {
	p.t.Helper()
	settings := fmt.Sprintf("server = %q\n", people.Server(p.t).Addr)
	if err := os.WriteFile(filepath.Join(p.Dir, "config", "kchat", "config.toml"), []byte(settings), 0o600); err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(people.program, "login", "--room", p.Room)
	cmd.Dir, cmd.Env = p.Dir, p.environment()
	p.Program = screentest.Start(p.t, p.Name, cmd, p.setup.width, p.setup.height, p.setup.answers)
	p.Shows("Log in", "Create account")
	p.Key("enter")
	p.Shows("Password")
}

func TestTheFormOffersTheNameOfLastTime(t *testing.T) {
	p := people.Start(t, "anna")
	people.enrol(t, people.Server(t), "ben")
	p.Quit()
	enter := func(words string) {
		t.Helper()
		p.Key("enter")
		p.Type(words)
		p.Key("enter")
		p.inFront("#" + p.Room)
	}
	p.asked()
	p.Shows("› anna")
	enter(password("anna"))
	p.Shows("anna you")
	p.Quit()
	p.asked()
	p.Shows("› anna")
	p.Type("ben")
	p.Shows("› ben")
	p.ShowsNot("anna")
	enter(password("ben"))
	p.Shows("ben you")
	p.Quit()
	p.asked()
	p.Shows("› ben")
	p.Key("ctrl+c")
	if code := p.Ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
