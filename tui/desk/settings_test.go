// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kchat/tui"
)

func TestWhatWasChosenInTheScreenIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "screen.toml")
	kept := NewSettings(path)
	if now, err := kept.Load(); err != nil || now != (tui.Settings{}) {
		t.Errorf("nothing kept is %+v, %v", now, err)
	}
	until := time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)
	change := func(do func(*tui.Settings)) {
		t.Helper()
		if err := kept.Keep(t.Context(), do); err != nil {
			t.Fatal(err)
		}
	}
	change(func(s *tui.Settings) { s.Theme = "dusk" })
	// Another program on the same file changes something else.
	if err := NewSettings(path).Keep(t.Context(), func(s *tui.Settings) { s.Quiet = tui.Quiet{On: true, Until: until} }); err != nil {
		t.Fatal(err)
	}
	now, err := kept.Load()
	if err != nil || now.Theme != "dusk" || !now.Quiet.On || !now.Quiet.Until.Equal(until) {
		t.Errorf("%+v, %v is kept", now, err)
	}
	change(func(s *tui.Settings) { *s = tui.Settings{} })
	if data, err := os.ReadFile(path); err != nil || len(data) != 0 {
		t.Errorf("%q is left, %v", data, err)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

func TestWhereNothingCanBeKeptItIsSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gone", "screen.toml")
	err := NewSettings(path).Keep(t.Context(), func(s *tui.Settings) { s.Theme = "dark" })
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("kept in a folder that is not there: %v", err)
	}
	path = filepath.Join(t.TempDir(), "screen.toml")
	if err := os.WriteFile(path, []byte("theme = "), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewSettings(path).Load(); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("half a file was read: %v", err)
	}
}
