// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image/color"
	"testing"
)

// placeExif is an Exif block, big-endian, with an orientation and a place.
func placeExif(o Orientation) []byte {
	be := binary.BigEndian
	b := []byte("MM\x00*\x00\x00\x00\x08")
	b = be.AppendUint16(b, 2)
	b = be.AppendUint16(be.AppendUint16(b, tagOrientation), typeShort)
	b = be.AppendUint32(b, 1)
	b = append(be.AppendUint16(b, uint16(o)), 0, 0)
	b = be.AppendUint16(be.AppendUint16(b, tagGPSDirectory), 4)
	b = be.AppendUint32(b, 1)
	gps := len(b) + 4 + 4
	b = be.AppendUint32(b, uint32(gps))
	b = be.AppendUint32(b, 0)
	b = be.AppendUint16(b, 2)
	for _, tag := range []uint16{tagGPSLatitude, tagGPSLongitude} {
		b = be.AppendUint16(be.AppendUint16(b, tag), 5)
		b = be.AppendUint32(be.AppendUint32(b, 3), uint32(gps+30))
	}
	b = be.AppendUint32(b, 0)
	return append(b, "52.5200N-SECRET-PLACE-13.4050E"...)
}

const placeXMP = `<x:xmpmeta><rdf:Description exif:GPSLatitude="SECRET-PLACE"/></x:xmpmeta>`

func jpegExif(o Orientation) []byte { return append([]byte("Exif\x00\x00"), placeExif(o)...) }

// extendedWebP is a lossless WebP file with an Exif and an XMP chunk.
func extendedWebP(t *testing.T, o Orientation, exifPrefix string) []byte {
	t.Helper()
	simple := testFile(t, "halves-lossless.webp")
	b := []byte("RIFF\x00\x00\x00\x00WEBP")
	b = appendRIFF(b, "VP8X", []byte{webpExif | webpXMP, 0, 0, 0, 23, 0, 0, 15, 0, 0})
	b = append(b, simple[riffHeader:]...)
	b = appendRIFF(b, "EXIF", append([]byte(exifPrefix), placeExif(o)...))
	b = appendRIFF(b, "XMP ", []byte(placeXMP))
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func TestStripTakesThePlaceAndKeepsTheOrientation(t *testing.T) {
	m := corners(24, 16)
	gifWithXMP := func() []byte {
		g := gifOf(t, 24, 16, color.White)
		block := append([]byte("!\xff\x0bXMP DataXMP"), byte(len(placeXMP)))
		block = append(append(block, placeXMP...), 0)
		return append(append(bytes.Clone(g[:len(g)-1]), block...), gifTrailer)
	}()
	for name, tc := range map[string]struct {
		data   []byte
		orient Orientation
	}{
		"jpeg exif": {withJPEGSegment(jpegOf(t, m), markAPP1, jpegExif(OrientClockwise)), OrientClockwise},
		"jpeg exif upright": {
			withJPEGSegment(jpegOf(t, m), markAPP1, jpegExif(OrientNormal)), OrientNormal,
		},
		"jpeg xmp": {
			withJPEGSegment(jpegOf(t, m), markAPP1, append([]byte("http://ns.adobe.com/xap/1.0/\x00"), placeXMP...)), OrientNormal,
		},
		"jpeg extended xmp": {
			withJPEGSegment(jpegOf(t, m), markAPP1, append([]byte("http://ns.adobe.com/xmp/extension/\x00"), placeXMP...)), OrientNormal,
		},
		"jpeg iptc": {
			withJPEGSegment(jpegOf(t, m), markAPP13, []byte("Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x11\x1c\x02\x5a\x00\x0cSECRET-PLACE")), OrientNormal,
		},
		"png exif":              {withPNGChunk(pngOf(t, m), "eXIf", placeExif(OrientCounter)), OrientCounter},
		"png xmp":               {withPNGChunk(pngOf(t, m), "iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"+placeXMP)), OrientNormal},
		"webp":                  {extendedWebP(t, OrientHalfTurn, ""), OrientHalfTurn},
		"webp with jpeg's exif": {extendedWebP(t, OrientFlip, "Exif\x00\x00"), OrientFlip},
		"webp upright":          {extendedWebP(t, OrientNormal, ""), OrientNormal},
		"gif xmp":               {gifWithXMP, OrientNormal},
	} {
		t.Run(name, func(t *testing.T) {
			before, err := Inspect("", tc.data)
			if err != nil || !before.Location || before.Orientation != tc.orient {
				t.Fatalf("before: %+v, %v", before, err)
			}
			out, rep, err := Strip(tc.data)
			if err != nil || !rep.Location || !rep.Metadata {
				t.Fatalf("%+v, %v", rep, err)
			}
			if bytes.Contains(out, []byte("SECRET")) {
				t.Error("the place is still there")
			}
			after, err := Inspect("", out)
			if err != nil || after.Location || after.Orientation != tc.orient || after.Width != before.Width {
				t.Errorf("after: %+v, %v", after, err)
			}
			samePixels(t, tc.data, out)
			if again, rep, err := Strip(out); err != nil || rep != (Stripped{}) || &again[0] != &out[0] {
				t.Errorf("stripping twice: %+v, %v", rep, err)
			}
		})
	}
}

func samePixels(t *testing.T, a, b []byte) {
	t.Helper()
	p, err := Decode(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	q, err := Decode(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(p.Scale(p.Width, p.Height, black()).Pix, q.Scale(p.Width, p.Height, black()).Pix) {
		t.Error("the pixels changed")
	}
}

func TestStripTakesWhatElseTellsOfTheSender(t *testing.T) {
	m := corners(24, 16)
	hidden := []byte("SECRET")
	for name, data := range map[string][]byte{
		"jpeg comment":           withJPEGSegment(jpegOf(t, m), markCOM, hidden),
		"jpeg thumbnail":         withJPEGSegment(jpegOf(t, m), markAPP0, append([]byte("JFXX\x00\x10"), hidden...)),
		"jpeg maker's segment":   withJPEGSegment(jpegOf(t, m), markAPP0+5, hidden),
		"jpeg second picture":    append(jpegOf(t, m), withJPEGSegment(jpegOf(t, m), markAPP1, append([]byte("Exif\x00\x00"), hidden...))...),
		"png text":               withPNGChunk(pngOf(t, m), "tEXt", append([]byte("Author\x00"), hidden...)),
		"png time":               withPNGChunk(pngOf(t, m), "tIME", hidden),
		"png private chunk":      withPNGChunk(pngOf(t, m), "prVt", hidden),
		"png trailing bytes":     append(pngOf(t, m), hidden...),
		"webp trailing bytes":    append(testFile(t, "animated.webp"), hidden...),
		"webp chunk in a frame":  webpWithFrameChunk(t, hidden),
		"gif comment":            gifWithComment(t, hidden),
		"gif trailing bytes":     append(gifOf(t, 4, 4, color.White), hidden...),
		"webp exif, simple file": simpleWebPWithExif(t, hidden),
	} {
		t.Run(name, func(t *testing.T) {
			out, rep, err := Strip(data)
			if err != nil || rep.Location || !rep.Metadata {
				t.Fatalf("%+v, %v", rep, err)
			}
			if bytes.Contains(out, hidden) {
				t.Error("still there")
			}
			samePixels(t, data, out)
		})
	}
}

func gifWithComment(t *testing.T, text []byte) []byte {
	g := gifOf(t, 4, 4, color.White, color.Black)
	block := append([]byte{gifExtension, 0xfe, byte(len(text))}, text...)
	return append(append(bytes.Clone(g[:len(g)-1]), append(block, 0)...), gifTrailer)
}

func webpWithFrameChunk(t *testing.T, text []byte) []byte {
	t.Helper()
	parts, err := webpParts(testFile(t, "animated.webp"))
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	for i, p := range parts {
		if i == len(parts)-1 {
			b = appendRIFF(b, "ANMF", appendRIFF(bytes.Clone(p.payload), "note", text))
			continue
		}
		b = append(b, p.raw...)
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func simpleWebPWithExif(t *testing.T, text []byte) []byte {
	t.Helper()
	b := appendRIFF(testFile(t, "halves-lossless.webp"), "EXIF", text)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func TestStripGivesBackTheSameBytesWhenThereIsNothingToTake(t *testing.T) {
	for name, data := range map[string][]byte{
		"png":  pngOf(t, corners(8, 8)),
		"jpeg": jpegOf(t, corners(8, 8)),
		"gif":  gifOf(t, 8, 8, color.White, color.Black),
		"webp": testFile(t, "animated.webp"),
	} {
		out, rep, err := Strip(data)
		if err != nil || rep != (Stripped{}) || &out[0] != &data[0] {
			t.Errorf("%s: %+v, %v", name, rep, err)
		}
	}
}

func TestStripKeepsProfileDensityAndColourTransform(t *testing.T) {
	data := withJPEGSegment(jpegOf(t, corners(8, 8)), markCOM, []byte("away"))
	data = withJPEGSegment(data, markAPP14, []byte("Adobe\x00\x64\x00\x00\x00\x00\x01"))
	data = withJPEGSegment(data, markAPP2, []byte("ICC_PROFILE\x00\x01\x01profile"))
	data = withJPEGSegment(data, markAPP0, []byte("JFIF\x00\x01\x02\x01\x00\x48\x00\x48\x00\x00"))
	out, _, err := Strip(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"JFIF", "ICC_PROFILE", "Adobe"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("%s is gone", want)
		}
	}
}

func TestStripRefusesWhatItCannotFollow(t *testing.T) {
	place := withJPEGSegment(jpegOf(t, corners(24, 16)), markAPP1, jpegExif(OrientNormal))
	pngPlace := withPNGChunk(pngOf(t, corners(24, 16)), "eXIf", placeExif(OrientNormal))
	noMarker := bytes.Clone(place)
	noMarker[2] = 'x'
	noLength := bytes.Clone(place)
	noLength[4], noLength[5] = 0, 1
	for name, tc := range map[string]struct {
		data []byte
		want error
	}{
		"empty":                 {nil, ErrEmpty},
		"text":                  {[]byte("hello"), ErrNotPicture},
		"jpeg without its end":  {place[:len(place)-2], ErrTruncated},
		"jpeg cut in a segment": {place[:40], ErrTruncated},
		"jpeg without marker":   {noMarker, ErrNotPicture},
		"jpeg without length":   {noLength, ErrCorrupt},
		"png without its end":   {pngPlace[:len(pngPlace)-12], ErrTruncated},
		"webp cut":              {extendedWebP(t, OrientNormal, "")[:100], ErrTruncated},
		"gif without its end":   {gifOf(t, 4, 4, color.White)[:30], ErrTruncated},
	} {
		if _, _, err := Strip(tc.data); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
}

func TestFileOfNothingButPiecesIsNotFollowedForEver(t *testing.T) {
	g := gifOf(t, 4, 4, color.White)
	jpeg, png, webp := jpegOf(t, corners(8, 8)), pngOf(t, corners(8, 8)), testFile(t, "halves-lossless.webp")
	for name, data := range map[string][]byte{
		"gif":  append(append(bytes.Clone(g[:len(g)-1]), bytes.Repeat([]byte{gifExtension, 0xfe, 0}, maxParts)...), gifTrailer),
		"jpeg": append(append(bytes.Clone(jpeg[:2]), bytes.Repeat([]byte{0xff, markCOM, 0, 2}, maxParts)...), jpeg[2:]...),
		"png":  append(append(bytes.Clone(png[:33]), bytes.Repeat(appendPNGChunk(nil, "prVt", nil), maxParts)...), png[33:]...),
		"webp": func() []byte {
			b := append(bytes.Clone(webp), bytes.Repeat(appendRIFF(nil, "note", nil), maxParts)...)
			binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
			return b
		}(),
	} {
		if _, _, err := Strip(data); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Decode(t.Context(), data); err != nil {
			t.Errorf("%s can still be shown: %v", name, err)
		}
	}
}

func TestOrientationOutsideItsRangeMeansUpright(t *testing.T) {
	for _, o := range []Orientation{0, 9, 255} {
		if got := parseExif(orientationExif(o)).orientation; got != OrientNormal {
			t.Errorf("%d read as %d", o, got)
		}
	}
}

// FuzzParseExif: a stranger's block never ends the program, whatever it points at.
func FuzzParseExif(f *testing.F) {
	f.Add(placeExif(OrientClockwise))
	f.Add(orientationExif(OrientFlip))
	f.Add([]byte("Exif\x00\x00II*\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o := parseExif(b).orientation; o < OrientNormal || o > OrientCounter {
			t.Errorf("orientation %d", o)
		}
	})
}

// FuzzStrip: what comes out has no location, is the same kind of picture, and needs no second stripping.
func FuzzStrip(f *testing.F) {
	for _, name := range []string{"animated.webp", "halves-lossy.webp", "halves-lossless.webp"} {
		f.Add(testFile(f, name))
	}
	f.Add(withPNGChunk(pngOf(f, corners(4, 4)), "eXIf", placeExif(OrientCounter)))
	f.Add(withJPEGSegment(jpegOf(f, corners(4, 4)), markAPP1, jpegExif(OrientCounter)))
	f.Add(gifOf(f, 4, 4, color.White, color.Black))
	f.Fuzz(func(t *testing.T, b []byte) {
		out, _, err := Strip(b)
		if err != nil {
			return
		}
		if Sniff(out) != Sniff(b) {
			t.Fatalf("%s became %s", Sniff(b), Sniff(out))
		}
		if info, err := Inspect("", out); err == nil && info.Location {
			t.Fatal("the place is still there")
		}
		again, rep, err := Strip(out)
		if err != nil || rep != (Stripped{}) || !bytes.Equal(again, out) {
			t.Fatalf("second stripping: %+v, %v", rep, err)
		}
	})
}

// FuzzInspect: no header makes us promise pixels beyond the limits.
func FuzzInspect(f *testing.F) {
	f.Add(pngOfSize(20000, 20000))
	f.Add(testFile(f, "animated.webp"))
	f.Add(jpegOf(f, corners(4, 4)))
	f.Add(gifOf(f, 4, 4, color.White, color.Black))
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := Inspect("x.png", b)
		if err == nil && checkSize(info.Width, info.Height) != nil {
			t.Fatalf("%+v", info)
		}
	})
}
