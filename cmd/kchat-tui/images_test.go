// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kchat/tui/pixels"
)

func TestHowPicturesAreShownIsSetByFlagEnvironmentOrFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	file := filepath.Join(dir, "kchat", "config.toml")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flag, environment, file string
		want                    pixels.Setting
		blamed                  string // for what is no setting
	}{
		{want: pixels.Auto},
		{file: "off", want: pixels.Off},
		{environment: "blocks", file: "off", want: pixels.Blocks},
		{flag: "kitty", environment: "blocks", file: "off", want: pixels.KittyOnly},
		{file: "iterm", blamed: file},
		{environment: "big", blamed: "KCHAT_IMAGES"},
		{flag: "yes", blamed: "--images"},
	} {
		if err := os.WriteFile(file, []byte("images = \""+c.file+"\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("KCHAT_IMAGES", c.environment)
		got := connection{imagesFlag: c.flag}
		err := got.complete()
		if c.blamed != "" {
			if !errors.Is(err, pixels.ErrSetting) || !strings.Contains(err.Error(), c.blamed) {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if err != nil || got.images != c.want {
			t.Errorf("%+v: %q, %v", c, got.images, err)
		}
	}
}
