// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestAFileShowsHowFarItHasComeOnBothScreens(t *testing.T) {
	line := newCable(t, people.Server(t).Addr)
	anna, ben := people.Start(t, "anna", through(line)), people.Start(t, "ben")
	anna.Shows("2 here")
	ben.Shows("2 here")
	data := make([]byte, 6<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data) // never fails
	path := filepath.Join(anna.Dir, "harvest.bin")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	line.Narrow(2 << 20)
	anna.Type("/send-file " + path)
	anna.Key("enter")
	for p, words := range map[*person]string{anna: "sending", ben: "coming"} {
		progress := regexp.MustCompile(words + `, [1-9]\d? %`)
		p.Until("some of it to be "+words, progress.MatchString)
	}
	line.Widen()
	ben.Shows("saved as ", "harvest.bin")
	ben.ShowsNot(" %")
	anna.ShowsNot(" %")
	got, err := os.ReadFile(filepath.Join(ben.Dir, "downloads", "harvest.bin"))
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes of %d came, %v", len(got), len(data), err)
	}
}
