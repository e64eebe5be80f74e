// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/webp"
)

// Bits of the first byte of a VP8X chunk (RFC 9649, 2.7.1).
const (
	webpAnimated = 1 << 1
	webpXMP      = 1 << 2
	webpExif     = 1 << 3
	webpAlpha    = 1 << 4
)

const riffHeader = 12 // "RIFF", length, "WEBP"

// webpParts cuts a WebP file into its chunks, up to the length its header announces.
func webpParts(data []byte) ([]part, error) {
	parts := []part{{role: roleBefore, raw: data[:riffHeader]}}
	size := uint64(binary.LittleEndian.Uint32(data[4:])) + 8
	if size > uint64(len(data)) {
		return parts, fmt.Errorf("%w: %d of %d bytes are there", ErrTruncated, len(data), size)
	}
	if size < riffHeader {
		return parts, fmt.Errorf("%w: a WebP file of %d bytes", ErrCorrupt, size)
	}
	extended := false
	for rest := data[riffHeader:size]; len(rest) > 0; {
		if err := enough(parts); err != nil {
			return parts, err
		}
		name, payload, after, err := riffChunk(rest)
		if err != nil {
			return parts, err
		}
		p := part{role: webpRole(name), raw: rest[:len(rest)-len(after)], payload: payload}
		if name == "VP8X" {
			extended = true
		}
		if name == "ANMF" {
			if p, err = cleanFrame(p); err != nil {
				return parts, err
			}
		}
		if p.role == roleExif && !extended { // a simple file has no place for metadata
			p.role = roleExtra
		}
		parts = append(parts, p)
		rest = after
	}
	return parts, nil
}

// riffChunk reads one chunk with its padding.
func riffChunk(b []byte) (name string, payload, rest []byte, err error) {
	if len(b) < 8 {
		return "", nil, nil, fmt.Errorf("%w: within a WebP chunk", ErrTruncated)
	}
	n := uint64(binary.LittleEndian.Uint32(b[4:]))
	if n+8 > uint64(len(b)) {
		return "", nil, nil, fmt.Errorf("%w: within a WebP chunk", ErrTruncated)
	}
	end := min(n+8+n&1, uint64(len(b)))
	return string(b[:4]), b[8 : 8+n], b[end:], nil
}

func webpRole(name string) role {
	switch name {
	case "VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP":
		return roleImage
	case "EXIF":
		return roleExif
	case "XMP ":
		return roleXMP
	}
	return roleExtra
}

// cleanFrame takes out of an animation's frame the chunks that nobody needs to show it.
func cleanFrame(p part) (part, error) {
	const head = 16
	if len(p.payload) < head {
		return p, fmt.Errorf("%w: a WebP frame without its header", ErrCorrupt)
	}
	kept := bytes.Clone(p.payload[:head])
	for rest := p.payload[head:]; len(rest) > 0; {
		name, _, after, err := riffChunk(rest)
		if err != nil {
			return p, err
		}
		if name == "VP8 " || name == "VP8L" || name == "ALPH" {
			kept = append(kept, rest[:len(rest)-len(after)]...)
		}
		rest = after
	}
	if len(kept) == len(p.payload) {
		return p, nil
	}
	p.payload = kept
	p.raw = appendRIFF(nil, "ANMF", kept)
	return p, nil
}

func appendRIFF(dst []byte, name string, payload []byte) []byte {
	dst = append(dst, name...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload)))
	dst = append(dst, payload...)
	if len(payload)&1 == 1 {
		dst = append(dst, 0)
	}
	return dst
}

func webpAssemble(dst []byte, parts []part, o Orientation) []byte {
	start := len(dst)
	for _, p := range parts {
		if p.role != roleImage && p.role != roleBefore {
			continue
		}
		at := len(dst)
		dst = append(dst, p.raw...)
		if len(p.raw)&1 == 1 { // padding that the file left out at its end
			dst = append(dst, 0)
		}
		if bytes.HasPrefix(p.raw, []byte("VP8X")) && len(p.payload) > 0 {
			dst[at+8] &^= webpExif | webpXMP
			if o != OrientNormal {
				dst[at+8] |= webpExif
			}
		}
	}
	if o != OrientNormal {
		dst = appendRIFF(dst, "EXIF", orientationExif(o))
	}
	binary.LittleEndian.PutUint32(dst[start+4:], uint32(len(dst)-start-8))
	return dst
}

// webpDecode decodes a still picture. Lossy WebP holds video-range samples, luma from 16 to 235 and chroma from 16
// to 240 (RFC 6386, 9.2), which the decoder hands out as they are although the image type means the full range:
// without the correction black is grey.
func webpDecode(r io.Reader) (image.Image, error) {
	m, err := webp.Decode(r)
	switch m := m.(type) {
	case *image.YCbCr:
		fullRange(m)
	case *image.NYCbCrA:
		fullRange(&m.YCbCr)
	}
	return m, err
}

// fullRange widens video-range samples in place.
func fullRange(m *image.YCbCr) {
	var luma, chroma [256]uint8
	for i := range 256 {
		luma[i] = uint8(min(max(((i-16)*255+109)/219, 0), 255))
		chroma[i] = uint8(min(max((i-128)*255/224+128, 0), 255))
	}
	for _, plane := range []struct {
		pix   []uint8
		table *[256]uint8
	}{{m.Y, &luma}, {m.Cb, &chroma}, {m.Cr, &chroma}} {
		for i, v := range plane.pix {
			plane.pix[i] = plane.table[v]
		}
	}
}

// webpAnimation describes the frames of an animated WebP file (RFC 9649, 2.7.1.1).
func webpAnimation(data []byte) (*animation, error) {
	parts, err := webpParts(data)
	if len(parts) < 2 || !bytes.HasPrefix(parts[1].raw, []byte("VP8X")) || len(parts[1].payload) < 10 ||
		parts[1].payload[0]&webpAnimated == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := parts[1].payload
	a := &animation{width: uint24(v[4:]) + 1, height: uint24(v[7:]) + 1}
	for _, p := range parts[2:] {
		switch {
		case bytes.HasPrefix(p.raw, []byte("ANIM")) && len(p.payload) >= 6:
			a.loops = int(binary.LittleEndian.Uint16(p.payload[4:]))
		case bytes.HasPrefix(p.raw, []byte("ANMF")):
			f, err := webpFrame(p.payload)
			if err != nil {
				return nil, err
			}
			a.frames = append(a.frames, f)
		}
	}
	return a, nil
}

// webpFrame reads an ANMF payload, which cleanFrame has found to hold a header and whole chunks.
func webpFrame(b []byte) (frame, error) {
	x, y := 2*uint24(b), 2*uint24(b[3:])
	w, h := uint24(b[6:])+1, uint24(b[9:])+1
	f := frame{
		rect:  image.Rect(x, y, x+w, y+h),
		delay: milliseconds(uint24(b[12:])),
		blend: b[15]&2 == 0,
	}
	if b[15]&1 != 0 {
		f.disposal = disposeBackground
	}
	f.file = func() []byte { return webpFrameFile(b) }
	f.decode = webpDecode
	return f, nil
}

// webpFrameFile makes a frame a file of its own: the same chunks behind a header that says how large it is.
func webpFrameFile(b []byte) []byte {
	size := []byte{0, 0, 0, 0}
	if bytes.HasPrefix(b[16:], []byte("ALPH")) {
		size[0] = webpAlpha
	}
	size = append(size, b[6:12]...)
	file := append([]byte("RIFF\x00\x00\x00\x00WEBP"), appendRIFF(nil, "VP8X", size)...)
	file = append(file, b[16:]...)
	binary.LittleEndian.PutUint32(file[4:], uint32(len(file)-8))
	return file
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
