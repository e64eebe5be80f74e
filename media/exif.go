// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"encoding/binary"
	"image"
)

// Orientation is how stored pixels have to be turned to be shown upright: the value of the Exif tag of that name
// (CIPA DC-008, 4.6.5). Values outside 1 to 8 mean the same as 1.
type Orientation uint8

// The orientations, named by what has to be done to the stored pixels.
const (
	OrientNormal     Orientation = iota + 1
	OrientMirror                 // left and right change places
	OrientHalfTurn               // by 180 degrees
	OrientFlip                   // top and bottom change places
	OrientTranspose              // mirrored along the falling diagonal
	OrientClockwise              // by 90 degrees
	OrientTransverse             // mirrored along the rising diagonal
	OrientCounter                // by 90 degrees against the clock
)

// Swaps reports whether width and height change places.
func (o Orientation) Swaps() bool { return o >= OrientTranspose && o <= OrientCounter }

// size gives the shown width and height of stored ones, and the other way round.
func (o Orientation) size(w, h int) (int, int) {
	if o.Swaps() {
		return h, w
	}
	return w, h
}

// stored maps a point of the shown picture, w by h pixels, to the stored one.
func (o Orientation) stored(x, y, w, h int) (int, int) {
	switch o {
	case OrientMirror:
		return w - 1 - x, y
	case OrientHalfTurn:
		return w - 1 - x, h - 1 - y
	case OrientFlip:
		return x, h - 1 - y
	case OrientTranspose:
		return y, x
	case OrientClockwise:
		return y, w - 1 - x
	case OrientTransverse:
		return h - 1 - y, w - 1 - x
	case OrientCounter:
		return h - 1 - y, x
	}
	return x, y
}

// storedRect maps a rectangle of the shown picture, w by h pixels, to the stored one.
func (o Orientation) storedRect(r image.Rectangle, w, h int) image.Rectangle {
	if r.Empty() {
		return image.Rectangle{}
	}
	x0, y0 := o.stored(r.Min.X, r.Min.Y, w, h)
	x1, y1 := o.stored(r.Max.X-1, r.Max.Y-1, w, h)
	return image.Rect(min(x0, x1), min(y0, y1), max(x0, x1)+1, max(y0, y1)+1)
}

// upright turns stored pixels into shown ones. The result shares memory with m when nothing has to be turned.
func (o Orientation) upright(m *image.RGBA) *image.RGBA {
	if o <= OrientNormal || o > OrientCounter {
		return m
	}
	w, h := o.size(m.Rect.Dx(), m.Rect.Dy())
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		row := out.Pix[y*out.Stride : y*out.Stride+4*w]
		for x := range w {
			sx, sy := o.stored(x, y, w, h)
			copy(row[4*x:4*x+4], m.Pix[sy*m.Stride+4*sx:])
		}
	}
	return out
}

// exifFacts is what we want from an Exif block.
type exifFacts struct {
	orientation Orientation
	location    bool // there is a latitude or a longitude
}

const (
	tagOrientation  = 0x0112
	tagGPSDirectory = 0x8825
	tagGPSLatitude  = 0x0002
	tagGPSLongitude = 0x0004
	typeShort       = 3
)

// parseExif reads orientation and presence of a location from a TIFF structure, with or without the "Exif" prefix
// of JPEG. What is damaged is passed over: a broken block only means that nothing is known.
func parseExif(b []byte) exifFacts {
	facts := exifFacts{orientation: OrientNormal}
	b = bytes.TrimPrefix(b, []byte("Exif\x00\x00"))
	order, ok := tiffOrder(b)
	if !ok {
		return facts
	}
	eachTag(b, order, order.Uint32(b[4:]), func(tag, kind uint16, value []byte) {
		switch tag {
		case tagOrientation:
			if v := order.Uint16(value); kind == typeShort && v >= 1 && v <= 8 {
				facts.orientation = Orientation(v)
			}
		case tagGPSDirectory:
			eachTag(b, order, order.Uint32(value), func(tag, _ uint16, _ []byte) {
				if tag == tagGPSLatitude || tag == tagGPSLongitude {
					facts.location = true
				}
			})
		}
	})
	return facts
}

// HasLocation reports whether a picture of a kind that this package does not decode says where it was taken: a TIFF
// file, or any that holds an Exif block, as HEIF and AVIF do.
func HasLocation(data []byte) bool {
	if parseExif(data).location || xmpHasLocation(data) {
		return true
	}
	for i := 0; ; {
		at := bytes.Index(data[i:], []byte("Exif\x00\x00"))
		if at < 0 {
			return false
		}
		i += at
		if parseExif(data[i:]).location {
			return true
		}
		i += len("Exif\x00\x00")
	}
}

// tiffOrder reads the byte order of a TIFF header of at least eight bytes.
func tiffOrder(b []byte) (binary.ByteOrder, bool) {
	switch {
	case len(b) < 8:
		return nil, false
	case string(b[:4]) == "II*\x00":
		return binary.LittleEndian, true
	case string(b[:4]) == "MM\x00*":
		return binary.BigEndian, true
	}
	return nil, false
}

// eachTag calls do for the entries of the TIFF directory at an offset, as far as they lie within b. The value has
// four bytes.
func eachTag(b []byte, order binary.ByteOrder, offset uint32, do func(tag, kind uint16, value []byte)) {
	if uint64(offset)+2 > uint64(len(b)) {
		return
	}
	entries := b[offset+2:]
	for range order.Uint16(b[offset:]) {
		if len(entries) < 12 {
			return
		}
		do(order.Uint16(entries), order.Uint16(entries[2:]), entries[8:12])
		entries = entries[12:]
	}
}

// orientationExif builds a TIFF structure that holds an orientation and nothing else.
func orientationExif(o Orientation) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00\x01\x00")
	b = binary.LittleEndian.AppendUint16(b, tagOrientation)
	b = binary.LittleEndian.AppendUint16(b, typeShort)
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint32(b, uint32(o))
	return binary.LittleEndian.AppendUint32(b, 0)
}
