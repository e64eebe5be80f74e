// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestPictureIsMadeReadyToBeSent(t *testing.T) {
	withPlace := withJPEGSegment(jpegOf(t, corners(24, 16)), markAPP1, jpegExif(OrientClockwise))
	for name, want := range map[string]string{
		"IMG 1.JPG":       "IMG 1.JPG",
		"really.png":      "really.jpg",
		"holiday.2024":    "holiday.2024.jpg",
		"no ending":       "no ending.jpg",
		"\u202egpj.evil!": "gpj.evil!.jpg",
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, withPlace, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := Prepare(path)
		if err != nil {
			t.Fatal(err)
		}
		if out.Name != want || out.MIME != MIMEJPEG || out.Size != int64(len(out.Data)) || out.Width != 16 || out.Height != 24 {
			t.Errorf("%q: %q, %+v", name, out.Name, out.Info)
		}
		if !out.Stripped.Location || out.Location || bytes.Contains(out.Data, []byte("SECRET")) {
			t.Errorf("%q: the place went along: %+v", name, out.Stripped)
		}
	}
}

func TestWhatCannotBeSentAsAPictureIsRefused(t *testing.T) {
	good := pngOf(t, corners(8, 8))
	for name, tc := range map[string]struct {
		data []byte
		want error
	}{
		"text.txt":  {[]byte("hello"), ErrNotPicture},
		"text.png":  {[]byte("hello"), ErrMislabelled},
		"empty.png": {nil, ErrEmpty},
		"cut.png":   {good[:len(good)-4], ErrTruncated},
		"huge.png":  {pngOfSize(20000, 20000), ErrSideTooLong},
	} {
		if _, err := PrepareData(name, tc.data); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	if _, err := Prepare(filepath.Join(t.TempDir(), "absent.png")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
}
