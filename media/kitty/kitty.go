// SPDX-License-Identifier: GPL-2.0-only

// Package kitty encodes pictures for terminals with kitty's graphics protocol and Unicode placeholders
// (https://sw.kovidgoyal.net/kitty/graphics-protocol/): a picture is transmitted once under an id, and then shown by
// characters that stand in the text like any others and name that id by their colour. The package only makes bytes;
// it writes to no terminal.
package kitty

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi/kitty"
)

const (
	// MaxCells is the most columns and the most rows placeholders can number.
	MaxCells = 297
	// maxPayload is the most base64 that one sequence may carry, in bytes.
	maxPayload = 4096
)

// What can be wrong with a placement.
var (
	ErrCells = errors.New("a picture has to take between 1 and 297 columns and rows")
	ErrID    = errors.New("a picture's id has to be between 1 and 16777215")
)

// Wrap is what stands around a sequence on its way to the terminal.
type Wrap uint8

// The ways to the terminal.
const (
	Direct Wrap = iota
	Tmux        // through tmux, which has to have allow-passthrough on
)

// Placement says under which id a picture is known and how many cells it fills.
type Placement struct {
	ID         uint32
	Cols, Rows int
}

func (p Placement) check() error {
	if p.ID == 0 || p.ID >= 1<<24 {
		return fmt.Errorf("%w: %d", ErrID, p.ID)
	}
	if p.Cols < 1 || p.Cols > MaxCells || p.Rows < 1 || p.Rows > MaxCells {
		return fmt.Errorf("%w: %d x %d", ErrCells, p.Cols, p.Rows)
	}
	return nil
}

// keys are those of the first sequence of a transmission: transmit and place virtually, 24 bits a pixel, answer
// nothing.
func (p Placement) keys(w, h int) []byte {
	k := strconv.AppendUint([]byte("a=T,U=1,q=2,f=24,i="), uint64(p.ID), 10)
	k = strconv.AppendInt(append(k, ",s="...), int64(w), 10)
	k = strconv.AppendInt(append(k, ",v="...), int64(h), 10)
	k = strconv.AppendInt(append(k, ",c="...), int64(p.Cols), 10)
	return strconv.AppendInt(append(k, ",r="...), int64(p.Rows), 10)
}

// Transmit encodes an opaque picture with everything needed to show it at its place. The result is a list of whole
// sequences: text may be written between them, but no other graphics. A picture sent again under the same id
// replaces the old one.
func Transmit(p Placement, m *image.RGBA, wrap Wrap) ([][]byte, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("transmit picture: %w", err)
	}
	var packed bytes.Buffer
	z, err := zlib.NewWriterLevel(&packed, zlib.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("transmit picture: %w", err)
	}
	if _, err := z.Write(rgb(m)); err != nil {
		return nil, fmt.Errorf("transmit picture: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("transmit picture: %w", err)
	}
	keys := append(p.keys(m.Rect.Dx(), m.Rect.Dy()), ",o=z,t=d"...)
	return split(keys, base64.StdEncoding.AppendEncode(nil, packed.Bytes()), wrap), nil
}

// split cuts a payload into sequences. Those after the first carry nothing but the rest of it.
func split(keys, payload []byte, wrap Wrap) [][]byte {
	var out [][]byte
	for first := true; first || len(payload) > 0; first = false {
		n := min(len(payload), maxPayload)
		k := []byte("q=2")
		if first {
			k = keys
		}
		more := byte('0')
		if n < len(payload) {
			more = '1'
		}
		seq := append(append([]byte("\x1b_G"), k...), ",m="...)
		seq = append(append(seq, more, ';'), payload[:n]...)
		out = append(out, wrap.around(append(seq, "\x1b\\"...)))
		payload = payload[n:]
	}
	return out
}

// around wraps one sequence.
func (w Wrap) around(seq []byte) []byte {
	if w == Direct {
		return seq
	}
	out := []byte("\x1bPtmux;")
	out = append(out, bytes.ReplaceAll(seq, []byte{0x1b}, []byte{0x1b, 0x1b})...)
	return append(out, "\x1b\\"...)
}

// Nudge changes nothing on the screen. A terminal may show a picture that has come into its cells only with the next thing
// that is written (seen in kitty 0.48): this is it.
func Nudge(wrap Wrap) []byte {
	return wrap.around([]byte("\x1b7\x1b8")) // the cursor is kept and put back
}

// rgb drops the fourth byte of each pixel.
func rgb(m *image.RGBA) []byte {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := make([]byte, 3*w*h)
	to := out
	for y := range h {
		for p := m.Pix[y*m.Stride : y*m.Stride+4*w]; len(p) >= 4; p = p[4:] {
			to[0], to[1], to[2] = p[0], p[1], p[2]
			to = to[3:]
		}
	}
	return out
}

// Delete makes the terminal forget a picture and free its memory.
func Delete(id uint32, wrap Wrap) []byte {
	k := strconv.AppendUint([]byte("\x1b_Ga=d,d=I,q=2,i="), uint64(id), 10)
	return wrap.around(append(k, "\x1b\\"...))
}

// Query asks whether the terminal knows the protocol, with a picture of one pixel that is not kept. One that does
// answers with the id and OK; that alone does not mean that it knows placeholders.
func Query(id uint32, wrap Wrap) []byte {
	k := strconv.AppendUint([]byte("\x1b_Ga=q,t=d,f=24,s=1,v=1,i="), uint64(id), 10)
	return wrap.around(append(k, ";AAAA\x1b\\"...))
}

// Pen is the colour that names a picture, as it stands in the sequence that sets it.
func Pen(id uint32) string {
	if id > 255 {
		return fmt.Sprintf("38;2;%d;%d;%d", id>>16, id>>8&255, id&255)
	}
	return "38;5;" + strconv.Itoa(int(id))
}

// Cells gives the lines of placeholders that show a picture. Every character carries its own row and column, so that
// lines can be cut and framed. Ids up to 255 are named by an indexed colour, larger ones need true colour.
func Cells(p Placement) ([]string, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("place picture: %w", err)
	}
	pen := "\x1b[" + Pen(p.ID) + "m"
	lines := make([]string, p.Rows)
	for y := range lines {
		var s strings.Builder
		s.Grow(len(pen) + 8*p.Cols + 5)
		s.WriteString(pen)
		for x := range p.Cols {
			s.WriteRune(kitty.Placeholder)
			s.WriteRune(kitty.Diacritic(y))
			s.WriteRune(kitty.Diacritic(x))
		}
		s.WriteString("\x1b[39m")
		lines[y] = s.String()
	}
	return lines, nil
}
