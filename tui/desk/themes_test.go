// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// folderOf is a folder with files in it.
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, words := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(words), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestThemesAreTheBuiltInOnesAndThoseOfTheFolder(t *testing.T) {
	dir := folderOf(t, map[string]string{"dusk.toml": "accent = \"#ff8800\"", "dark.toml": "", "notes.txt": "", ".toml": ""})
	themes := NewThemes(dir)
	names, err := themes.Names(t.Context())
	if want := []string{"auto", "dark", "light", "contrast", "colorblind", "dusk"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%q, %v", names, err)
	}
	theme, err := themes.Load(t.Context(), "dusk")
	if err != nil || theme.For(false).Accent.R != 0xff {
		t.Errorf("%+v, %v", theme.For(false).Accent, err)
	}
	// Whoever is at it sees each change.
	if err := os.WriteFile(filepath.Join(dir, "dusk.toml"), []byte("accent = \"#11ff00\""), 0o600); err != nil {
		t.Fatal(err)
	}
	if theme, err := themes.Load(t.Context(), "dusk"); err != nil || theme.For(true).Accent.R != 0x11 {
		t.Errorf("%+v, %v", theme.For(true).Accent, err)
	}
	if names, err := NewThemes(filepath.Join(dir, "none")).Names(t.Context()); err != nil || len(names) != 5 {
		t.Errorf("without a folder: %q, %v", names, err)
	}
}

func TestAThemeThatCannotBeReadIsNamed(t *testing.T) {
	dir := folderOf(t, map[string]string{"bad.toml": "accent = \"#ff8800\"\nacent = \"#ff8800\""})
	for name, want := range map[string]string{
		"bad":       "bad.toml: line 2: acent: there is no such colour",
		"nosuch":    `there is no theme "nosuch" and no file ` + filepath.Join(dir, "nosuch.toml") + "; there are auto, dark, light, contrast, colorblind, bad",
		"../bad":    `"../bad" is no name of a theme`,
		"/etc/motd": `"/etc/motd" is no name of a theme`,
		"":          `"" is no name of a theme`,
		".":         `"." is no name of a theme`,
	} {
		if _, err := NewThemes(dir).Load(t.Context(), name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v", name, err)
		}
	}
}
