// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

func TestTheInterfaceSpeaksKorean(t *testing.T) {
	anna := people.Start(t, "anna", withEnv("LC_ALL=ko_KR.UTF-8"))
	anna.Shows("#"+anna.Room+"에 혼자 있습니다", "F1 도움말")
	ben := people.Start(t, "ben", withEnv("LC_ALL=ko_KR.UTF-8"))
	anna.ShowsNot("혼자 있습니다")
	ben.Say("커널 안에서 만나요")
	anna.Shows("커널 안에서 만나요")
}

func TestAPictureIsShownInTheTalkAndOnTheWholeScreen(t *testing.T) {
	anna, ben := two(t)
	path := filepath.Join(anna.Dir, "sun.png")
	sun(t, path)
	anna.Type("/send-image " + path)
	anna.Key("enter")
	ben.Shows("sun.png", "▀▀▀▀")
	ben.Key("up", "enter")
	ben.Until("the picture alone", func(string) bool { return len(walls(ben)) == 0 })
	ben.Shows("▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀")
	ben.Key("esc")
	ben.Shows("HERE 2")
	ben.Quit()
}

// sun writes a PNG with a sun in it.
func sun(t *testing.T, path string) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 320, 200))
	for y := range 200 {
		for x := range 320 {
			c := color.RGBA{uint8(40 + y/2), uint8(60 + x/4), 120, 255}
			if dx, dy := x-160, y-100; dx*dx+dy*dy < 50*50 {
				c = color.RGBA{250, 210, 90, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}
