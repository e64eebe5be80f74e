// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// JPEG markers (ITU-T T.81, table B.1).
const (
	markSOI   = 0xd8
	markEOI   = 0xd9
	markSOS   = 0xda
	markRST0  = 0xd0
	markRST7  = 0xd7
	markTEM   = 0x01
	markAPP0  = 0xe0
	markAPP1  = 0xe1
	markAPP2  = 0xe2
	markAPP13 = 0xed
	markAPP14 = 0xee
	markAPP15 = 0xef
	markCOM   = 0xfe
)

// jpegParts cuts a JPEG file at its markers, up to the end of the picture: what stands behind it (further pictures,
// the film of a "motion photo") has metadata of its own and is left out.
func jpegParts(data []byte) ([]part, error) {
	parts := []part{{role: roleBefore, raw: data[:2]}}
	for rest := data[2:]; ; {
		if err := enough(parts); err != nil {
			return parts, err
		}
		start := rest
		mark, body, err := jpegMarker(rest)
		if err != nil {
			return parts, err
		}
		if mark == markEOI {
			raw := start[:len(start)-len(body)]
			return append(parts, part{role: roleImage, raw: raw}), nil
		}
		if mark >= markRST0 && mark <= markSOI || mark == markTEM {
			return parts, fmt.Errorf("%w: JPEG marker %#x out of place", ErrCorrupt, mark)
		}
		if len(body) < 2 {
			return parts, fmt.Errorf("%w: within a JPEG segment", ErrTruncated)
		}
		n := int(binary.BigEndian.Uint16(body))
		if n < 2 {
			return parts, fmt.Errorf("%w: JPEG segment %#x has no length", ErrCorrupt, mark)
		}
		if len(body) < n {
			return parts, fmt.Errorf("%w: within a JPEG segment", ErrTruncated)
		}
		payload := body[2:n]
		rest = body[n:]
		if mark == markSOS {
			rest = rest[jpegScanLength(rest):]
		}
		parts = append(parts, part{
			role: jpegRole(mark, payload), raw: start[:len(start)-len(rest)], payload: payload,
		})
	}
}

// jpegMarker reads a marker with the fill bytes before it and returns what follows.
func jpegMarker(b []byte) (byte, []byte, error) {
	if len(b) > 0 && b[0] != 0xff {
		return 0, nil, fmt.Errorf("%w: no JPEG marker where one has to be", ErrCorrupt)
	}
	for i, c := range b {
		if c != 0xff {
			return c, b[i+1:], nil
		}
	}
	return 0, nil, fmt.Errorf("%w: no JPEG end marker", ErrTruncated)
}

// jpegScanLength counts the bytes of entropy-coded data up to the next marker that is not a restart.
func jpegScanLength(b []byte) int {
	for i := 0; ; {
		j := bytes.IndexByte(b[i:], 0xff)
		if j < 0 || i+j+1 >= len(b) {
			return len(b)
		}
		i += j
		switch next := b[i+1]; {
		case next == 0 || next >= markRST0 && next <= markRST7:
			i += 2
		case next == 0xff:
			i++
		default:
			return i
		}
	}
}

// jpegRole decides what a segment is for. Of the application segments only those go along that change how the
// pixels look: JFIF density, colour profile, and Adobe's colour transform.
func jpegRole(mark byte, payload []byte) role {
	switch {
	case mark == markAPP0 && bytes.HasPrefix(payload, []byte("JFIF\x00")):
		return roleBefore
	case mark == markAPP1 && bytes.HasPrefix(payload, []byte("Exif\x00")):
		return roleExif
	case mark == markAPP1 && bytes.HasPrefix(payload, []byte("http://ns.adobe.com/")):
		return roleXMP
	case mark == markAPP2 && bytes.HasPrefix(payload, []byte("ICC_PROFILE\x00")),
		mark == markAPP14 && bytes.HasPrefix(payload, []byte("Adobe")):
		return roleImage
	case mark == markAPP13:
		return roleIPTC
	case mark >= markAPP0 && mark <= markAPP15, mark == markCOM:
		return roleExtra
	}
	return roleImage
}

func jpegAssemble(dst []byte, parts []part, o Orientation) []byte {
	wantExif := o != OrientNormal
	for _, p := range parts {
		if wantExif && p.role != roleBefore {
			exif := append([]byte("Exif\x00\x00"), orientationExif(o)...)
			dst = append(dst, 0xff, markAPP1)
			dst = binary.BigEndian.AppendUint16(dst, uint16(len(exif)+2))
			dst = append(dst, exif...)
			wantExif = false
		}
		if p.role == roleImage || p.role == roleBefore {
			dst = append(dst, p.raw...)
		}
	}
	return dst
}
