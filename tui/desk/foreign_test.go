// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"kchat/media"
	"kchat/rooms"
)

// halves is red above and blue below; with holes, what is below is not there.
func halves(w, h int, holes bool) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			switch {
			case y < h/2:
				m.SetNRGBA(x, y, color.NRGBA{250, 0, 0, 255})
			case !holes:
				m.SetNRGBA(x, y, color.NRGBA{0, 0, 250, 255})
			}
		}
	}
	return m
}

func write(t *testing.T, name string, encode func(w io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func pictureStore(t *testing.T) *media.Store {
	t.Helper()
	store, err := media.OpenStore(t.TempDir(), media.StoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// What only ffmpeg knows is sent in a form that everybody can show.
func TestPicturesOfOtherKindsAreConvertedBeforeTheyAreSent(t *testing.T) {
	tiffPath := write(t, "scan.tiff", func(w io.Writer) error { return tiff.Encode(w, halves(64, 40, false), nil) })
	for name, c := range map[string]struct{ path, mime, sent string }{
		"TIFF": {tiffPath, "image/jpeg", "scan.jpg"},
		"BMP": {write(t, "drawing.bmp", func(w io.Writer) error {
			m := image.NewRGBA(image.Rect(0, 0, 64, 40))
			for i := range m.Pix {
				m.Pix[i] = 255
			}
			return bmp.Encode(w, m)
		}), "image/jpeg", "drawing.jpg"},
		"TIFF with holes": {write(t, "logo.tif", func(w io.Writer) error { return tiff.Encode(w, halves(64, 40, true), nil) }), "image/png", "logo.png"},
	} {
		t.Run(name, func(t *testing.T) {
			p := NewPictures(pictureStore(t))
			if kind, ok := p.Kind(c.path); !ok || kind != rooms.StreamImage {
				t.Errorf("kind %v, %v", kind, ok)
			}
			att, err := p.Attach(t.Context(), c.path, rooms.StreamImage)
			if err != nil {
				t.Fatal(err)
			}
			if att.MIME != c.mime || att.Name != c.sent || att.Width != 64 || att.Height != 40 || att.PlaceRemoved {
				t.Errorf("attached %+v", att)
			}
			if m, err := p.Load(t.Context(), att.Hash); err != nil || m.Width != 64 {
				t.Errorf("loaded %+v, %v", m, err)
			}
			if m, err := p.Preview(t.Context(), c.path); err != nil || m.Height != 40 {
				t.Errorf("previewed %+v, %v", m, err)
			}
		})
	}
}

// A blob of such a kind that came from elsewhere is shown too.
func TestPicturesOfOtherKindsThatComeAreShown(t *testing.T) {
	store := pictureStore(t)
	data, err := os.ReadFile(write(t, "scan.tiff", func(w io.Writer) error { return tiff.Encode(w, halves(32, 20, false), nil) }))
	if err != nil {
		t.Fatal(err)
	}
	hash, _, err := store.Put(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewPictures(store).Load(t.Context(), rooms.Hash(hash))
	if err != nil || m.Width != 32 || m.Height != 20 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestAPictureThatNeedsFFmpegSaysSoWhereThereIsNone(t *testing.T) {
	path := write(t, "scan.tiff", func(w io.Writer) error { return tiff.Encode(w, halves(64, 40, false), nil) })
	t.Setenv("PATH", t.TempDir())
	_, err := NewPictures(pictureStore(t)).Attach(t.Context(), path, rooms.StreamImage)
	if err == nil || !strings.Contains(err.Error(), "image/tiff needs ffmpeg") || !strings.Contains(err.Error(), "apt install ffmpeg") {
		t.Errorf("%v", err)
	}
}

// A TIFF's own folders are those of Exif: it can say where it was taken.
func TestThePlaceInAPictureOfAnotherKindStaysHereAndIsSaid(t *testing.T) {
	path := write(t, "scan.tiff", func(w io.Writer) error {
		var b bytes.Buffer
		if err := tiff.Encode(&b, halves(64, 40, false), nil); err != nil {
			return err
		}
		place := withPlace([]byte{0xff, 0xd8})[2+4:] // the Exif block alone
		_, err := w.Write(append(b.Bytes(), place...))
		return err
	})
	store := pictureStore(t)
	att, err := NewPictures(store).Attach(t.Context(), path, rooms.StreamImage)
	if err != nil || !att.PlaceRemoved {
		t.Fatalf("attached %+v, %v", att, err)
	}
	kept, err := os.ReadFile(store.Path(media.Hash(att.Hash)))
	if err != nil || bytes.Contains(kept, []byte("Exif")) {
		t.Errorf("kept %d bytes, %v", len(kept), err)
	}
}

// turned puts an orientation in front of a JPEG (Exif 2.32, 4.6.4.A): 6 is a quarter to the right.
func turned(data []byte, orientation byte) []byte {
	tiff := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00" + string(rune(orientation)) + "\x00\x00\x00\x00\x00\x00\x00")
	body := append([]byte("Exif\x00\x00"), tiff...)
	segment := append([]byte{0xff, 0xe1, 0, byte(len(body) + 2)}, body...)
	return append(append(bytes.Clone(data[:2]), segment...), data[2:]...)
}

// From the camera's file to the cells: a picture that was taken with the camera held upright is upright.
func TestAPictureIsShownTheWayItWasHeld(t *testing.T) {
	path := write(t, "tower.jpg", func(w io.Writer) error {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, halves(64, 32, false), &jpeg.Options{Quality: 95}); err != nil {
			return err
		}
		_, err := w.Write(turned(b.Bytes(), 6))
		return err
	})
	p := NewPictures(pictureStore(t))
	att, err := p.Attach(t.Context(), path, rooms.StreamImage)
	if err != nil || att.Width != 32 || att.Height != 64 {
		t.Fatalf("attached %+v, %v", att, err)
	}
	m, err := p.Load(t.Context(), att.Hash)
	if err != nil {
		t.Fatal(err)
	}
	scaled := m.Scale(2, 2, color.RGBA{A: 255})
	// What is above in the file is at the right.
	if left, right := scaled.RGBAAt(0, 0), scaled.RGBAAt(1, 0); left.B < 200 || right.R < 200 {
		t.Errorf("left %v, right %v", left, right)
	}
}

// sized is a PNG whose header tells another size, with the checksum that belongs to it.
func sized(data []byte, w, h uint32) []byte {
	data = bytes.Clone(data)
	binary.BigEndian.PutUint32(data[16:], w)
	binary.BigEndian.PutUint32(data[20:], h)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

// Pictures made to be bad, as files of ours and as blobs of strangers.
func TestBadPicturesAreRefusedWithAReason(t *testing.T) {
	var good bytes.Buffer
	if err := png.Encode(&good, halves(64, 40, false)); err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(good.Bytes())
	damaged[len(damaged)/2] ^= 0xff
	bomb := sized(good.Bytes(), 50_000, 50_000)
	none := sized(good.Bytes(), 0, 40)
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty.png":     {nil, media.ErrEmpty},
		"truncated.png": {good.Bytes()[:good.Len()/2], media.ErrTruncated},
		"damaged.png":   {damaged, media.ErrCorrupt},
		"words.png":     {[]byte("these are words and no picture at all"), media.ErrMislabelled},
		"bomb.png":      {bomb, media.ErrSideTooLong},
		"zero.png":      {none, media.ErrZeroSize},
	} {
		t.Run(name, func(t *testing.T) {
			store := pictureStore(t)
			p := NewPictures(store)
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, c.data, 0o600); err != nil {
				t.Fatal(err)
			}
			// What is broken behind the header is found when it is looked at.
			att, err := p.Attach(t.Context(), path, rooms.StreamImage)
			if err == nil {
				_, err = p.Load(t.Context(), att.Hash)
			}
			if !errors.Is(err, c.want) {
				t.Errorf("sent: %v", err)
			}
			hash, _, err := store.Put(bytes.NewReader(c.data))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Load(t.Context(), rooms.Hash(hash)); err == nil {
				t.Error("it was shown")
			}
			if p.decoded.Weight() != 0 {
				t.Errorf("%d bytes are kept", p.decoded.Weight())
			}
		})
	}
}

// A picture of another kind that says it is huge makes nobody's memory full.
func TestABombOfAnotherKindIsRefused(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Fatal("ffmpeg is needed: see scripts/setup")
	}
	header := []byte("BM\x36\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x50\xc3\x00\x00\x50\xc3\x00\x00\x01\x00\x18\x00")
	data := append(header, make([]byte, 4096)...)
	store := pictureStore(t)
	hash, _, err := store.Put(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := NewPictures(store).Load(t.Context(), rooms.Hash(hash)); err == nil {
		t.Errorf("it was shown: %+v", m.Info)
	}
}

// However many pictures are looked at, only so much of them is kept, and only so many are decoded at a time.
func TestDecodedPicturesAreKeptUpToALimit(t *testing.T) {
	store := pictureStore(t)
	const w, h, limit = 256, 128, 1 << 20 // of 128 KiB each
	p := newPictures(store, limit)
	var first rooms.Hash
	for i := range limit/(4*w*h) + 3 {
		m := image.NewNRGBA(image.Rect(0, 0, w, h))
		m.SetNRGBA(i, i, color.NRGBA{1, 2, 3, 255})
		var b bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		hash, _, err := store.Put(&b)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = rooms.Hash(hash)
		}
		if _, err := p.Load(t.Context(), rooms.Hash(hash)); err != nil {
			t.Fatal(err)
		}
		if got := p.decoded.Weight(); got > limit || got < min((i+1)*4*w*h, limit/2) {
			t.Fatalf("after %d pictures %d bytes are kept", i+1, got)
		}
	}
	if _, ok := p.decoded.Get(media.Hash(first)); ok {
		t.Error("the first one is still kept")
	}
	for range decoders { // all decoders are at work
		p.turn <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Load(ctx, first); !errors.Is(err, context.Canceled) {
		t.Errorf("one more was decoded: %v", err)
	}
}
