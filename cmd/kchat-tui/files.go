// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dustin/go-humanize"

	"kchat/tui/desk"
)

// What holds for files unless the configuration says otherwise.
const (
	askAboveDefault   = "16 MiB"
	storeLimitDefault = "2 GiB"
	storeLimitLeast   = 16 << 20 // less than that would hold no talk with pictures
)

// fileSettings are the lines of the configuration about files.
type fileSettings struct {
	Downloads  string `toml:"downloads"`
	AskAbove   string `toml:"ask_above"`
	StoreLimit string `toml:"store_limit"`
}

// files says what becomes of files that come.
type files struct {
	downloads  string // the folder that they are saved in
	askAbove   uint64 // bytes; what is larger is not taken unasked
	storeLimit uint64 // bytes of disk for pictures and files of the talk
}

// complete checks the settings and fills in what they leave open.
func (s fileSettings) complete() (files, error) {
	var f files
	var err error
	if f.askAbove, err = humanize.ParseBytes(cmp.Or(s.AskAbove, askAboveDefault)); err != nil {
		return f, settingErrorf("ask_above", `is a size such as "16 MiB", or "0" to be asked always, not %q`, s.AskAbove)
	}
	f.storeLimit, err = humanize.ParseBytes(cmp.Or(s.StoreLimit, storeLimitDefault))
	if err != nil || f.storeLimit < storeLimitLeast {
		return f, settingErrorf("store_limit", `is a size such as "2 GiB", at least 16 MiB, not %q`, s.StoreLimit)
	}
	f.downloads = s.Downloads
	if rest, ok := strings.CutPrefix(s.Downloads, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return f, fmt.Errorf("downloads: finding the home folder: %w", err)
		}
		f.downloads = filepath.Join(home, rest)
	}
	switch {
	case s.Downloads == "":
		f.downloads, err = desk.DownloadFolder()
		return f, err
	case !filepath.IsAbs(f.downloads):
		return f, settingErrorf("downloads", "is a folder from the root or from ~/, not %q", s.Downloads)
	}
	return f, nil
}
