// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"os"

	"kchat/tui/desk"
	"kchat/tui/pixels"
)

// pictureFolder is where choosing a picture begins; where none is known, in the folder one is in.
func pictureFolder() string {
	dir, err := desk.PictureFolder()
	if err != nil {
		return "."
	}
	return dir
}

// imagesSetting says how pictures are shown: the flag, then the environment, then the configuration.
func imagesSetting(flag, file string) (pixels.Setting, error) {
	for _, given := range []struct{ by, value string }{
		{"--images", flag}, {"KCHAT_IMAGES", os.Getenv("KCHAT_IMAGES")}, {"images", file},
	} {
		if given.value == "" {
			continue
		}
		set, err := pixels.ParseSetting(given.value)
		switch {
		case err == nil:
			return set, nil
		case given.by == "images":
			return "", settingError{"images", err}
		}
		return "", fmt.Errorf("%s: %w", given.by, err)
	}
	return pixels.Auto, nil
}
