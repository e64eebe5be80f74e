// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"path"
	"strings"

	"github.com/dustin/go-humanize"

	"kchat/media"
	"kchat/rooms"
	"kchat/tui/text"
)

// The largest picture in the talk, in cells. A cell is two pixels high in half-blocks.
const (
	maxPictureWidth  = 56
	maxPictureHeight = 16
)

// Picture is an attachment in the talk. Its rows are reserved from the announced size, so that nothing moves when the
// pixels come.
type Picture struct {
	Attached rooms.Attachment

	version  uint64
	cells    []string // the picture drawn for drawn.width x drawn.height
	first    []string // of an animation, what SetCells handed over
	drawn    size
	asked    size // what the last Render wants
	begun    size // what is being drawn
	late     int  // how often that was not done in time
	stale    bool // drawn for another ground
	progress float64
	moving   bool // on its way
	outgoing bool
	failure  string
	file     file
	film     film
	kept     Kept
	frames   int  // of an animation, once it is known
	gone     bool // it is not to be shown any more
}

// Kept is what the terminal keeps for a picture besides cells.
type Kept interface {
	Use() bool // reports whether it still has it
	Free()
}

type size struct{ width, height int }

// NewPicture is an attachment that stands in no talk.
func NewPicture(a rooms.Attachment) *Picture { return newPicture(a) }

func newPicture(a rooms.Attachment) *Picture {
	a.Name = text.Name(path.Base(strings.ReplaceAll(a.Name, "\\", "/")))
	return &Picture{Attached: a}
}

// IsImage reports whether there is something to show.
func (p *Picture) IsImage() bool {
	return strings.HasPrefix(p.Attached.MIME, "image/") && p.Attached.Width > 0 && p.Attached.Height > 0
}

// Wants returns the cells that the picture should be drawn in, when it is not drawn so yet.
func (p *Picture) Wants() (width, height int, wants bool) {
	return p.asked.width, p.asked.height, p.IsImage() && !p.gone && (p.stale || p.asked != p.drawn) && p.asked.width > 0
}

// Asked reports whether a drawing of this size has been asked for already, and Ask notes it.
func (p *Picture) Asked(width, height int) bool { return p.begun == size{width, height} }

// Redraw makes the picture want to be drawn anew. Until then it stays as it is.
func (p *Picture) Redraw() { p.begun, p.stale = size{}, true }

// Ask notes that a drawing of this size was asked for.
func (p *Picture) Ask(width, height int) { p.begun = size{width, height} }

// TriesLate is how often a picture is drawn again that was not drawn in time.
const TriesLate = 2

// Late notes that a drawing of this size was not made in time, and reports whether it is worth another try: then it is no
// longer asked for.
func (p *Picture) Late(width, height int) bool {
	if p.late++; p.late > TriesLate {
		return false
	}
	if p.Asked(width, height) {
		p.begun = size{}
	}
	return true
}

// SetCells hands over the drawn picture, with what the terminal keeps for it, or nil.
func (p *Picture) SetCells(width, height int, cells []string, kept Kept) {
	p.free()
	if p.gone {
		if kept != nil {
			kept.Free()
		}
		return
	}
	p.stale, p.late = false, 0
	p.cells, p.first, p.drawn, p.failure, p.kept = cells, cells, size{width, height}, "", kept
	p.version++
}

// Show shows other cells of the same size, as the next frame of an animation.
func (p *Picture) Show(cells []string) {
	p.cells = cells
	p.version++
}

// Look says that the picture is on the screen. What the terminal has forgotten wants to be drawn anew.
func (p *Picture) Look() {
	if p.kept != nil && !p.kept.Use() {
		p.free()
		p.Redraw()
	}
}

// Rest shows the cells again that SetCells handed over.
func (p *Picture) Rest() { p.Show(p.first) }

// SetFrames says how many frames the picture has.
func (p *Picture) SetFrames(n int) { p.frames = n }

// Animated reports whether the picture is drawn and moves.
func (p *Picture) Animated() bool {
	return p.frames > 1 && !p.gone && !p.stale && p.drawn == p.asked && p.drawn.width > 0
}

// Drawn is the size of the drawn picture in cells.
func (p *Picture) Drawn() (width, height int) { return p.drawn.width, p.drawn.height }

// IsDrawn reports whether there are cells to be shown.
func (p *Picture) IsDrawn() bool { return p.cells != nil }

// Undraw throws the cells away. They are wanted again when the picture is looked at.
func (p *Picture) Undraw() {
	p.free()
	p.cells, p.first, p.drawn, p.begun = nil, nil, size{}, size{}
	p.version++
}

// Drop takes the picture off the screen for good.
func (p *Picture) Drop() {
	p.free()
	p.gone, p.cells, p.first, p.drawn = true, nil, nil, size{}
	p.version++
}

func (p *Picture) free() {
	if p.kept != nil {
		p.kept.Free()
		p.kept = nil
	}
}

// SetProgress tells how much of it has gone or come, from 0 to 1.
func (p *Picture) SetProgress(done float64, outgoing bool) {
	p.moving, p.progress, p.outgoing, p.failure = true, min(max(done, 0), 1), outgoing, ""
	p.version++
}

// SetDone ends the progress; failure says why nothing came, or is empty.
func (p *Picture) SetDone(failure string) {
	p.moving, p.failure = false, text.Line(failure)
	p.version++
}

// Moving reports whether the attachment is on its way.
func (p *Picture) Moving() bool { return p.moving }

// fit returns the cells for the announced pixels: aspect kept, never larger than the picture itself.
func (p *Picture) fit(look *Look, width int) size {
	w, h, most := int(p.Attached.Width), int(p.Attached.Height), min(width, maxPictureWidth)
	if p.IsVideo() && (w <= 0 || h <= 0) {
		w, h = usualVideoWidth, usualVideoHeight
	}
	if look.Pixels && look.CellWidth > 0 {
		most = min(most, (w+look.CellWidth-1)/look.CellWidth)
	}
	cols, rows := media.Fit(w, h, most, maxPictureHeight, look.CellWidth, look.CellHeight)
	return size{cols, rows}
}

func (p *Picture) rows(look *Look, width int) []string {
	st := look.Styles
	var rows []string
	p.asked = size{}
	if p.IsShown() && !look.NoPictures {
		p.asked = p.fit(look, width)
		rows = p.box(look)
	}
	caption := p.Attached.Name
	if p.IsImage() || p.IsVideo() && p.Attached.Width > 0 {
		caption += look.Words.Say("picture.size", "width", p.Attached.Width, "height", p.Attached.Height)
	}
	caption += p.sizeWords(look, humanize.IBytes(p.Attached.Size)) + p.details(look)
	rows = append(rows, st.Faint.Render(text.Truncate(caption, width)))
	if row := p.playRow(look, width); row != "" && p.asked.width > 0 {
		rows = append(rows, row)
	}
	if p.failure != "" {
		rows = append(rows, st.Warn.Render(text.Truncate(look.Words.Say("picture.failed", "why", p.failure), width)))
	}
	rows = append(rows, p.statusRows(look, width)...)
	if p.moving {
		rows = append(rows, p.bar(look, width))
	}
	return rows
}

// box is the picture, or the empty frame of its size.
func (p *Picture) box(look *Look) []string {
	if p.drawn == p.asked && len(p.cells) == p.asked.height {
		return append([]string(nil), p.cells...)
	}
	st := look.Styles
	g, last, out := st.Glyphs, p.asked.height-1, make([]string, p.asked.height)
	for y := range out {
		left, fill, right := g.Vertical, " ", g.Vertical
		switch {
		case last < 2 || p.asked.width < 3:
			left, fill, right = g.Dashed, g.Dashed, g.Dashed
		case y == 0:
			left, fill, right = g.TopLeft, g.Dashed, g.TopRight
		case y == last:
			left, fill, right = g.BottomLeft, g.Dashed, g.BottomRight
		}
		out[y] = st.Border.Render(text.Truncate(left+strings.Repeat(fill, max(0, p.asked.width-2))+right, p.asked.width))
	}
	return out
}

// bar shows how far the transfer is.
func (p *Picture) bar(look *Look, width int) string {
	st := look.Styles
	words := look.Words.Say("picture.coming", "percent", int(p.progress*100))
	if p.outgoing {
		words = look.Words.Say("picture.going", "percent", int(p.progress*100))
	}
	cells := max(4, min(24, width-text.Width(words)-2))
	full := int(p.progress*float64(cells) + 0.5)
	return text.Truncate(st.Accent.Render(strings.Repeat(st.Glyphs.BarFull, full))+
		st.Border.Render(strings.Repeat(st.Glyphs.BarEmpty, cells-full))+"  "+st.Muted.Render(words), width)
}
