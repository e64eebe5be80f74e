// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"slices"
)

// pngSignature is how every PNG file begins (RFC 2083, 3.1).
const pngSignature = "\x89PNG\r\n\x1a\n"

// pngParts cuts a PNG file into its chunks, up to IEND.
func pngParts(data []byte) ([]part, error) {
	parts := []part{{role: roleImage, raw: data[:len(pngSignature)]}}
	for rest := data[len(pngSignature):]; ; {
		if err := enough(parts); err != nil {
			return parts, err
		}
		if len(rest) < 12 {
			return parts, fmt.Errorf("%w: no PNG end chunk", ErrTruncated)
		}
		n := binary.BigEndian.Uint32(rest)
		if n > 1<<31-1 {
			return parts, fmt.Errorf("%w: a PNG chunk of %d bytes", ErrCorrupt, n)
		}
		if uint64(n)+12 > uint64(len(rest)) {
			return parts, fmt.Errorf("%w: within a PNG chunk", ErrTruncated)
		}
		name := string(rest[4:8])
		parts = append(parts, part{role: pngRole(name), raw: rest[:n+12], payload: rest[8 : 8+n]})
		rest = rest[n+12:]
		if name == "IEND" {
			return parts, nil
		}
	}
}

// pngConfig reads the size of a picture. A size of zero is handed on, so that it is told from other damage.
func pngConfig(r io.Reader) (image.Config, error) {
	var head [8 + 25]byte
	n, err := io.ReadFull(r, head[:])
	if err == nil && string(head[12:16]) == "IHDR" {
		w, h := binary.BigEndian.Uint32(head[16:]), binary.BigEndian.Uint32(head[20:])
		if w == 0 || h == 0 {
			return image.Config{Width: int(w), Height: int(h)}, nil
		}
	}
	return png.DecodeConfig(io.MultiReader(bytes.NewReader(head[:n]), r))
}

// pngRole decides what a chunk is for. Chunks we do not know stay behind unless they are critical, that is, unless
// bit 5 of their first letter is clear (PNG specification, 5.4).
func pngRole(name string) role {
	switch {
	case name == "IHDR":
		return roleBefore
	case name == "eXIf":
		return roleExif
	case name == "tEXt", name == "zTXt", name == "iTXt":
		return roleXMP
	case name[0]&0x20 == 0:
		return roleImage
	case slices.Contains([]string{
		"tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "bKGD", "pHYs", "cICP", "mDCV", "cLLI", "acTL", "fcTL", "fdAT",
	}, name):
		return roleImage
	}
	return roleExtra
}

func pngAssemble(dst []byte, parts []part, o Orientation) []byte {
	for _, p := range parts {
		if p.role == roleImage || p.role == roleBefore {
			dst = append(dst, p.raw...)
		}
		if p.role == roleBefore && o != OrientNormal {
			exif := orientationExif(o)
			dst = binary.BigEndian.AppendUint32(dst, uint32(len(exif)))
			start := len(dst)
			dst = append(append(dst, "eXIf"...), exif...)
			dst = binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[start:]))
			o = OrientNormal
		}
	}
	return dst
}
