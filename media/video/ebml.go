// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Elements of Matroska (RFC 8794 and RFC 9559), by their ids with the length marker.
const (
	idEBML      = 0x1a45dfa3
	idSegment   = 0x18538067
	idInfo      = 0x1549a966
	idScale     = 0x2ad7b1 // TimestampScale: nanoseconds of a tick
	idDuration  = 0x4489
	idTracks    = 0x1654ae6b
	idTrack     = 0xae
	idNumber    = 0xd7
	idType      = 0x83
	idCodec     = 0x86
	idFrameTime = 0x23e383 // DefaultDuration: nanoseconds of a frame
	idVideo     = 0xe0
	idWidth     = 0xb0
	idHeight    = 0xba
	idShownW    = 0x54b0
	idShownH    = 0x54ba
	idShownUnit = 0x54b2
	idProject   = 0x7670 // Projection
	idProjType  = 0x7671
	idYaw       = 0x7673
	idPitch     = 0x7674
	idRoll      = 0x7675 // degrees against the clock
	idCluster   = 0x1f43b675
	idSimple    = 0xa3 // SimpleBlock
	idGroup     = 0xa0 // BlockGroup
	idBlock     = 0xa1
	idReference = 0xfb // ReferenceBlock: its block is no key frame
	idCRC       = 0xbf
)

// errElement says that the bytes are not what the format allows.
var errElement = errors.New("not a Matroska element")

// unknownSize is the size of an element that goes on as long as its content does.
const unknownSize = math.MaxUint64

// elementHead reads id and size at the beginning of b. With too few bytes the error is io.ErrUnexpectedEOF.
func elementHead(b []byte) (id uint32, size uint64, n int, err error) {
	w := vintWidth(b)
	if w == 0 && len(b) > 0 || w > 4 {
		return 0, 0, 0, errElement
	}
	if w == 0 || len(b) < w+1 {
		return 0, 0, 0, io.ErrUnexpectedEOF
	}
	for _, c := range b[:w] {
		id = id<<8 | uint32(c)
	}
	v := vintWidth(b[w:])
	if v == 0 {
		return 0, 0, 0, errElement
	}
	if len(b) < w+v {
		return 0, 0, 0, io.ErrUnexpectedEOF
	}
	size = uint64(b[w]) &^ (1 << (8 - v))
	for _, c := range b[w+1 : w+v] {
		size = size<<8 | uint64(c)
	}
	if size == 1<<(7*v)-1 {
		size = unknownSize
	}
	return id, size, w + v, nil
}

// vintWidth is the length of a variable-size number by its first byte, 0 if there is none.
func vintWidth(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	for w := range 8 {
		if b[0]&(0x80>>w) != 0 {
			return w + 1
		}
	}
	return 0
}

// children calls do for each element in b, with its content and with all of its bytes.
func children(b []byte, do func(id uint32, content, whole []byte) error) error {
	for len(b) > 0 {
		id, size, n, err := elementHead(b)
		if err != nil {
			return err
		}
		if size > uint64(len(b)-n) {
			return fmt.Errorf("%w: %#x reaches beyond its parent", errElement, id)
		}
		end := n + int(size)
		if err := do(id, b[n:end], b[:end]); err != nil {
			return err
		}
		b = b[end:]
	}
	return nil
}

// number reads an unsigned integer.
func number(b []byte) uint64 {
	var v uint64
	for _, c := range b[:min(len(b), 8)] {
		v = v<<8 | uint64(c)
	}
	return v
}

// float reads a floating-point number of four or eight bytes.
func float(b []byte) float64 {
	switch len(b) {
	case 4:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	case 8:
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	return 0
}

// appendElement writes an element with a size of eight bytes, which every reader takes.
func appendElement(dst []byte, id uint32, content []byte) []byte {
	dst = appendID(dst, id)
	dst = binary.BigEndian.AppendUint64(dst, 1<<56|uint64(len(content)))
	return append(dst, content...)
}

func appendID(dst []byte, id uint32) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		if id>>shift != 0 {
			dst = append(dst, byte(id>>shift))
		}
	}
	return dst
}
