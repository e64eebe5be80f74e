// SPDX-License-Identifier: GPL-2.0-only

package screentest

import (
	"bytes"
	"unicode/utf8"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
)

// What a program writes comes in pieces, which end where a buffer was full. A terminal does not mind; x/vt takes the end of
// a piece for the end of a letter, and knows no question of which it has half.

// escape begins a sequence.
const escape = 0x1b

// unfinished is how many bytes at the end of a piece are the beginning of an escape sequence or of a letter's encoding.
func unfinished(p []byte) int {
	if at := bytes.LastIndexByte(p, escape); at >= 0 {
		if _, _, _, state := ansi.DecodeSequence(p[at:], ansi.NormalState, nil); state != ansi.NormalState {
			return len(p) - at
		}
	}
	for n := 1; n <= min(utf8.UTFMax, len(p)); n++ {
		if from := p[len(p)-n:]; utf8.RuneStart(from[0]) {
			if !utf8.FullRune(from) {
				return n
			}
			break
		}
	}
	return 0
}

// cluster is a letter with its marks, and the cell it was drawn in.
type cluster struct {
	text []byte
	at   uv.Position
}

// show has the emulator draw a piece. A mark at its beginning belongs to the letter that was drawn last: that one is drawn
// once more, with the mark.
func (t *Terminal) show(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if before := t.last; len(before.text) > 0 && p[0] >= utf8.RuneSelf {
		joined := append(bytes.Clone(before.text), p...)
		if first, _ := ansi.FirstGraphemeCluster(joined, ansi.GraphemeWidth); len(first) > len(before.text) {
			p = append([]byte(ansi.CursorPosition(before.at.X+1, before.at.Y+1)), joined...)
		}
	}
	from := lastCluster(p)
	if err := t.draw(p[:from]); err != nil {
		return err
	}
	t.last = cluster{bytes.Clone(p[from:]), t.CursorPosition()}
	if err := t.draw(p[from:]); err != nil {
		return err
	}
	if t.CursorPosition().Y != t.last.at.Y { // it was the first of a row that the one before had been too full for
		t.last = cluster{}
	}
	return nil
}

// lastCluster is where the last letter begins of a piece that ends in text, or its end.
func lastCluster(p []byte) int {
	from := 0
	if at := bytes.LastIndexByte(p, escape); at >= 0 {
		_, _, n, _ := ansi.DecodeSequence(p[at:], ansi.NormalState, nil)
		from = at + n
	}
	if last := bytes.LastIndexAny(p[from:], "\r\n\t\b\a"); last >= 0 {
		from += last + 1
	}
	for from < len(p) {
		first, _ := ansi.FirstGraphemeCluster(p[from:], ansi.GraphemeWidth)
		if from+len(first) >= len(p) {
			break
		}
		from += len(first)
	}
	return from
}

// draw has the emulator draw. Of a program that has not heard yet that the terminal is smaller it may be told to scroll
// lines that are not there any more: x/vt gives up at that with a panic, and a terminal does nothing. So it is given one
// sequence at a time then.
func (t *Terminal) draw(p []byte) error {
	if !t.shrunk {
		_, err := t.Emulator.Write(p)
		return err
	}
	for len(p) > 0 {
		n := len(p)
		if next := bytes.IndexByte(p[1:], escape); next >= 0 {
			n = next + 1
		}
		if err := t.try(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// try has the emulator draw, or nothing done if it cannot.
func (t *Terminal) try(p []byte) (err error) {
	defer func() { _ = recover() }()
	_, err = t.Emulator.Write(p)
	return err
}
