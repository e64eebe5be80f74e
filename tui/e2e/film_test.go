// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

func TestAFilmPlaysInTheTalk(t *testing.T) {
	anna, ben := two(t)
	path := filepath.Join(anna.Dir, "film.mkv")
	if out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=8:duration=10", path).CombinedOutput(); err != nil {
		t.Fatalf("make a film: %v\n%s", err, out)
	}
	anna.Type("/send-video " + path)
	anna.Key("enter")
	ben.Shows("film.mkv", "▀▀▀▀")
	going := regexp.MustCompile(`‖ 0:0[1-9] ━+─* 0:10`)
	ben.Until("the film to go on by itself", going.MatchString)
}
