// SPDX-License-Identifier: GPL-2.0-only

// Package packaging has what a system is to hold of kchat, and tests what installs it.
package packaging

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kchat/server/vmtest"
)

// system is a folder that stands for a machine's root.
type system struct {
	t       *testing.T
	scripts string
	root    string
}

func newSystem(t *testing.T) *system {
	t.Helper()
	root, err := vmtest.Root()
	if err != nil {
		t.Fatal(err)
	}
	s := &system{t, filepath.Join(root, "scripts"), t.TempDir()}
	built, err := os.ReadFile(filepath.Join(root, "kmod", "kchat.ko"))
	if err != nil {
		t.Fatal(err)
	}
	s.write("/native.ko", string(built))
	return s
}

// run runs one of the scripts, and returns what it says.
func (s *system) run(script string, env ...string) (said string) {
	s.t.Helper()
	args := []string{s.root, "/usr/local"}
	if script == "install" {
		args = append([]string{"6.12-test"}, args...)
	}
	cmd := exec.Command(filepath.Join(s.scripts, script), args...)
	cmd.Env = append(os.Environ(), append(env, "KCHAT_MODULE="+filepath.Join(s.root, "native.ko"))...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

func (s *system) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// files are all there are.
func (s *system) files() (names []string) {
	s.t.Helper()
	err := fs.WalkDir(os.DirFS(s.root), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, "/"+name)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return names
}

func TestWhatIsInstalledIsTakenAwayAgain(t *testing.T) {
	s := newSystem(t)
	const settings = "/etc/default/kchat-server"
	s.write("/etc/hosts", "127.0.0.1 here\n")
	before := s.files()
	s.run("install")
	there := s.files()
	for _, want := range []string{
		"/usr/local/bin/kchat-tui", "/lib/modules/6.12-test/extra/kchat.ko", "/etc/systemd/system/kchat-server.service", settings,
		"/etc/modprobe.d/kchat.conf", "/etc/modules-load.d/kchat.conf", "/usr/local/share/man/man1/kchat-tui.1.gz",
		"/usr/local/share/man/man4/kchat.4.gz", "/usr/local/share/man/zh_TW/man1/kchat-tui.1.gz",
		"/usr/local/share/bash-completion/completions/kchat-tui",
	} {
		if !slices.Contains(there, want) {
			t.Errorf("%s was not installed", want)
		}
	}
	unit, err := os.ReadFile(filepath.Join(s.root, "etc/systemd/system/kchat-server.service"))
	if err != nil || !strings.Contains(string(unit), "ExecStart=/usr/local/bin/kchat-tui server run") {
		t.Errorf("the unit: %v\n%s", err, unit)
	}

	// Over itself, with settings that the administrator has changed.
	s.write(settings, "KCHAT_SERVER_OPTIONS=\"--listen 127.0.0.1\"\n")
	if said := s.run("install"); !strings.Contains(said, settings+" is yours") {
		t.Errorf("a second time, it says %q", said)
	}
	if text, err := os.ReadFile(filepath.Join(s.root, settings)); err != nil || !strings.Contains(string(text), "--listen 127.0.0.1") {
		t.Errorf("the settings were written over: %v, %q", err, text)
	}

	s.write("/var/lib/kchat/server-10106/accounts.json", "{}")
	if said := s.run("uninstall"); !strings.Contains(said, "/var/lib/kchat (PURGE=1") {
		t.Errorf("uninstall says %q", said)
	}
	if left := s.files(); !slices.Equal(left, append(before, "/var/lib/kchat/server-10106/accounts.json")) {
		t.Errorf("left: %q", left)
	}
	s.run("install")
	s.run("uninstall", "PURGE=1")
	if left := s.files(); !slices.Equal(left, before) {
		t.Errorf("left after PURGE=1: %q", left)
	}
}

func TestWhatWasNeverInstalledCannotBeTakenAway(t *testing.T) {
	s := newSystem(t)
	out, err := exec.Command(filepath.Join(s.scripts, "uninstall"), s.root, "/usr/local").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "nothing was installed there") {
		t.Errorf("%v: %s", err, out)
	}
}
