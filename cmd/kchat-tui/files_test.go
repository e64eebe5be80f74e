// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheSettingsOfFiles(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
	t.Setenv("XDG_DOWNLOAD_DIR", "")
	path := filepath.Join(home, "config", "kchat", "config.toml")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	for words, want := range map[string]files{
		"":                   {filepath.Join(home, "Downloads"), 16 << 20, 2 << 30},
		`downloads = "~/in"`: {filepath.Join(home, "in"), 16 << 20, 2 << 30},
		`ask_above = "0"`:    {filepath.Join(home, "Downloads"), 0, 2 << 30},
		`downloads = "/srv"` + "\n" + `ask_above = "1 GiB"` + "\n" + `store_limit = "16MiB"`: {"/srv", 1 << 30, 16 << 20},
	} {
		if err := os.WriteFile(path, []byte(words), 0o600); err != nil {
			t.Fatal(err)
		}
		c := connection{}
		if err := c.complete(); err != nil || c.files != want {
			t.Errorf("%s: %+v, %v", words, c.files, err)
		}
	}
	for words, named := range map[string]string{
		`downloads = "in"`:       "downloads",
		`ask_above = "much"`:     "ask_above",
		`store_limit = "1 MiB"`:  "store_limit",
		`store_limit = "-5 GiB"`: "store_limit",
		`ask_above = "-1"`:       "ask_above",
		`downloads = "~root/in"`: "downloads",
	} {
		if err := os.WriteFile(path, []byte(words), 0o600); err != nil {
			t.Fatal(err)
		}
		c := connection{}
		if err := c.complete(); err == nil || !strings.Contains(err.Error(), named) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", words, err)
		}
	}
}
