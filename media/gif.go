// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/gif"
	"time"
)

// Bytes that introduce the blocks of a GIF file (GIF89a specification, appendix A).
const (
	gifExtension   = 0x21
	gifImage       = 0x2c
	gifTrailer     = 0x3b
	gifControl     = 0xf9
	gifApplication = 0xff
)

// gifParts cuts a GIF file into its blocks, up to the trailer.
func gifParts(data []byte) ([]part, error) {
	n := 13
	if len(data) >= n && data[10]&0x80 != 0 {
		n += 3 << (data[10]&7 + 1)
	}
	if len(data) < n {
		return nil, fmt.Errorf("%w: within the GIF header", ErrTruncated)
	}
	parts := []part{{role: roleImage, raw: data[:n]}}
	for rest := data[n:]; ; {
		if err := enough(parts); err != nil {
			return parts, err
		}
		n, role, err := gifBlock(rest)
		if err != nil {
			return parts, err
		}
		parts = append(parts, part{role: role, raw: rest[:n], payload: rest[:n]})
		if rest[0] == gifTrailer {
			return parts, nil
		}
		rest = rest[n:]
	}
}

// gifBlock measures the block at the beginning of b and decides what it is for.
func gifBlock(b []byte) (int, role, error) {
	if len(b) == 0 {
		return 0, 0, fmt.Errorf("%w: no GIF trailer", ErrTruncated)
	}
	head, role := 1, roleImage
	switch b[0] {
	case gifTrailer:
		return 1, roleImage, nil
	case gifExtension:
		head = 2
		role = gifExtensionRole(b)
	case gifImage:
		head = 11 // the descriptor and the code size
		if len(b) >= 10 && b[9]&0x80 != 0 {
			head += 3 << (b[9]&7 + 1)
		}
	default:
		return 0, 0, fmt.Errorf("%w: unknown GIF block %#x", ErrCorrupt, b[0])
	}
	for head < len(b) {
		n := int(b[head])
		head += 1 + n
		if n == 0 {
			return head, role, nil
		}
	}
	return 0, 0, fmt.Errorf("%w: within a GIF block", ErrTruncated)
}

// gifExtensionRole decides what an extension is for: frame control, looping and colour profile go along, comments
// and all else stay behind.
func gifExtensionRole(b []byte) role {
	switch {
	case len(b) > 1 && b[1] == gifControl:
		return roleImage
	case len(b) > 14 && b[1] == gifApplication:
		switch string(b[3:14]) {
		case "NETSCAPE2.0", "ANIMEXTS1.0", "ICCRGBG1012":
			return roleImage
		case "XMP DataXMP":
			return roleXMP
		}
	}
	return roleExtra
}

func gifAssemble(dst []byte, parts []part, _ Orientation) []byte {
	for _, p := range parts {
		if p.role == roleImage {
			dst = append(dst, p.raw...)
		}
	}
	return dst
}

// gifAnimation describes the frames of a GIF file. A file that breaks off gives the frames that are whole.
func gifAnimation(data []byte) (*animation, error) {
	parts, _ := gifParts(data)
	if len(parts) == 0 {
		return nil, nil
	}
	header := parts[0].raw
	a := &animation{
		width:  int(binary.LittleEndian.Uint16(data[6:])),
		height: int(binary.LittleEndian.Uint16(data[8:])),
		loops:  1,
	}
	var control []byte
	for _, p := range parts[1:] {
		switch {
		case p.raw[0] == gifExtension && p.raw[1] == gifControl:
			control = p.raw
		case bytes.HasPrefix(p.raw, []byte("!\xff\x0bNETSCAPE2.0\x03\x01")) && len(p.raw) >= 18:
			if a.loops = int(binary.LittleEndian.Uint16(p.raw[16:])); a.loops > 0 {
				a.loops++ // the file counts the repeats
			}
		case p.raw[0] == gifImage:
			a.frames = append(a.frames, gifFrame(header, control, p.raw))
			control = nil
		}
	}
	if len(a.frames) < 2 {
		return nil, nil
	}
	return a, nil
}

// gifFrame describes one frame. It is decoded as a file of its own that has this frame alone.
func gifFrame(header, control, block []byte) frame {
	at := func(i int) int { return int(binary.LittleEndian.Uint16(block[i:])) }
	f := frame{
		rect:   image.Rect(at(1), at(3), at(1)+at(5), at(3)+at(7)),
		delay:  milliseconds(100),
		blend:  true,
		decode: gif.Decode,
		file:   func() []byte { return append(bytes.Join([][]byte{header, control, block}, nil), gifTrailer) },
	}
	if len(control) >= 8 {
		switch control[3] >> 2 & 7 {
		case 2:
			f.disposal = disposeBackground
		case 3:
			f.disposal = disposePrevious
		}
		// Files that ask for no delay, or a hundredth of a second, expect the tenth that browsers made of it.
		if cs := int(binary.LittleEndian.Uint16(control[4:])); cs > 1 {
			f.delay = time.Duration(cs) * 10 * time.Millisecond
		}
	}
	return f
}
