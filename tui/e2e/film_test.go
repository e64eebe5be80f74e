// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"
)

func TestAFilmPlaysInTheTalk(t *testing.T) {
	anna, ben := two(t)
	path := filepath.Join(anna.Dir, "film.mkv")
	if out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=8:duration=2", path).CombinedOutput(); err != nil {
		t.Fatalf("make a film: %v\n%s", err, out)
	}
	anna.Type("/send-video " + path)
	anna.Key("enter")
	ben.Shows("film.mkv", "▀▀▀▀", "0:02")
}
