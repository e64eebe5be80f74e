// SPDX-License-Identifier: GPL-2.0-only

package pixels

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"image"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"

	"kchat/media/kitty"
	"kchat/media/sixel"
)

const (
	// MaxStills is how much of the terminal's memory still pictures may take, in bytes of pixels. Terminals keep some
	// hundreds of megabytes for all programs in them.
	MaxStills = 48 << 20
	// atOnce is how much of a picture is written in one go, in bytes: between two of them the program may write.
	atOnce = 32 << 10
	// nudgeAfter is how long after pictures have come into cells the terminal is nudged to show them.
	nudgeAfter = 100 * time.Millisecond
	// nudgeAgain is how long after that it is nudged once more: a busy one may have taken both in one go.
	nudgeAgain = time.Second
)

// Painter sends pictures to the terminal and makes it forget them. It is safe for use by several goroutines; what waits
// for the terminal takes a context, the rest returns at once.
type Painter struct {
	out   *Output
	files *files
	// graphics is held while a picture is being sent: between its pieces no other may come.
	graphics chan struct{}
	wake     chan struct{} // there is something to be forgotten

	mu     sync.Mutex // protects all below
	caps   Caps
	ids    *kitty.IDs
	order  *list.List // of *Still; the one used last is in front
	weight int
	gone   []uint32 // to be forgotten by the terminal
}

// NewPainter makes the painter of a terminal. It sends nothing until Use has said that the terminal takes it.
func NewPainter(out *Output) *Painter {
	return &Painter{
		out: out, files: newFiles(), graphics: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		ids: kitty.NewIDs(false), order: list.New(),
	}
}

// Output is the terminal that it paints on.
func (p *Painter) Output() *Output { return p.out }

// Use says what the terminal has. What was sent before is forgotten if it cannot be shown any more, or if names changes,
// since the ids are made for the colours that name them.
func (p *Painter) Use(caps Caps) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if caps.Kitty != p.caps.Kitty || caps.Indexed != p.caps.Indexed || caps.Wrap != p.caps.Wrap {
		p.freeAll()
		p.ids = kitty.NewIDs(caps.Indexed)
	}
	p.caps = caps
}

// Caps tells what the terminal has.
func (p *Painter) Caps() Caps {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.caps
}

// Still is a picture that the terminal keeps.
type Still struct {
	painter *Painter
	id      uint32
	weight  int
	lines   []string
	place   *list.Element // in the painter's order; nil once it is gone
}

// Still sends an opaque picture to be shown in cols by rows cells, and returns when the terminal has taken it. The
// lines it gives may only then come onto the screen. Those used longest ago are forgotten for it.
func (p *Painter) Still(ctx context.Context, m *image.RGBA, cols, rows int) (*Still, error) {
	s := &Still{painter: p, weight: 4 * m.Rect.Dx() * m.Rect.Dy()}
	var err error
	if s.id, err = p.take(); err != nil {
		return nil, err
	}
	at := kitty.Placement{ID: s.id, Cols: cols, Rows: rows}
	if s.lines, err = kitty.Cells(at); err == nil {
		err = p.direct(ctx, at, m)
	}
	if err != nil {
		p.forget(s.id)
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s.place = p.order.PushFront(s)
	p.weight += s.weight
	for p.weight > MaxStills && p.order.Len() > 1 {
		p.free(p.order.Back().Value.(*Still))
	}
	return s, nil
}

// Lines are the cells that show the picture, a line for each row.
func (s *Still) Lines() []string { return s.lines }

// Use says that the picture is on the screen, and reports whether the terminal still has it.
func (s *Still) Use() bool {
	s.painter.mu.Lock()
	defer s.painter.mu.Unlock()
	if s.place == nil {
		return false
	}
	s.painter.order.MoveToFront(s.place)
	return true
}

// Free makes the terminal forget the picture.
func (s *Still) Free() {
	s.painter.mu.Lock()
	defer s.painter.mu.Unlock()
	s.painter.free(s)
}

// free is Free, with the lock held.
func (p *Painter) free(s *Still) {
	if s.place == nil {
		return
	}
	p.order.Remove(s.place)
	s.place = nil
	p.weight -= s.weight
	p.drop(s.id)
}

// FreeAll makes the terminal forget all still pictures, to be sent anew: it may be another one now.
func (p *Painter) FreeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.freeAll()
}

func (p *Painter) freeAll() {
	for p.order.Len() > 0 {
		p.free(p.order.Front().Value.(*Still))
	}
}

// take gives an id, making room if all are in use.
func (p *Painter) take() (uint32, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.caps.Kitty {
		return 0, fmt.Errorf("send picture: %w", ErrNoPixels)
	}
	id, err := p.ids.Take()
	if err != nil && p.order.Len() > 0 {
		p.free(p.order.Back().Value.(*Still))
		id, err = p.ids.Take()
	}
	return id, err
}

// forget gives an id back and has the terminal forget what it names.
func (p *Painter) forget(ids ...uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(ids...)
}

// drop is forget, with the lock held. The terminal is told before the next picture comes under one of the ids.
func (p *Painter) drop(ids ...uint32) {
	for _, id := range ids {
		p.ids.Free(id)
	}
	p.gone = append(p.gone, ids...)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// AskFiles asks the terminal whether it reads our files; its answer comes to the Terminal.
func (p *Painter) AskFiles(ctx context.Context) error {
	const w, h = 8, 8
	return p.byFile(ctx, image.NewRGBA(image.Rect(0, 0, w, h)), func(path string) ([]byte, error) {
		return kitty.QueryFile(filesID, path, w, h, kitty.Direct), nil
	})
}

// frame sends one picture of a film: through a file where the terminal reads ours.
func (p *Painter) frame(ctx context.Context, at kitty.Placement, m *image.RGBA) error {
	caps := p.Caps()
	if caps.Files {
		err := p.byFile(ctx, m, func(path string) ([]byte, error) {
			return kitty.TransmitFile(at, path, m.Rect.Dx(), m.Rect.Dy(), caps.Wrap)
		})
		if !errors.Is(err, errNoFile) {
			return err
		}
	}
	return p.direct(ctx, at, m)
}

// errNoFile says that no file may or could be written now.
var errNoFile = errors.New("no temporary file for the terminal")

// byFile writes a picture to a file and sends the sequence that tells the terminal of it.
func (p *Painter) byFile(ctx context.Context, m *image.RGBA, sequence func(path string) ([]byte, error)) error {
	path := p.files.write(m)
	if path == "" {
		return errNoFile
	}
	seq, err := sequence(path)
	if err == nil {
		err = p.send(ctx, [][]byte{seq})
	}
	if err != nil {
		p.files.remove(path)
		return err
	}
	p.files.pass(path)
	return nil
}

// direct sends one picture inside the sequences.
func (p *Painter) direct(ctx context.Context, at kitty.Placement, m *image.RGBA) error {
	seqs, err := kitty.Transmit(at, m, p.Caps().Wrap)
	if err != nil {
		return err
	}
	return p.send(ctx, seqs)
}

// send sends the sequences of one picture.
func (p *Painter) send(ctx context.Context, seqs [][]byte) error {
	select {
	case p.graphics <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.graphics }()
	if err := p.tellGone(); err != nil {
		return err
	}
	var piece []byte
	for i, seq := range seqs {
		piece = append(piece, seq...)
		if len(piece) < atOnce && i < len(seqs)-1 {
			continue
		}
		// Once begun it has to end, or the terminal would wait for the rest.
		if err := p.out.raw(piece); err != nil {
			return fmt.Errorf("send picture to the terminal: %w", err)
		}
		piece = piece[:0]
	}
	return nil
}

// tellGone tells the terminal what to forget. The caller holds graphics.
func (p *Painter) tellGone() error {
	p.mu.Lock()
	gone, wrap := p.gone, p.caps.Wrap
	p.gone = nil
	p.mu.Unlock()
	var b []byte
	for _, id := range gone {
		b = append(b, kitty.Delete(id, wrap)...)
	}
	if len(b) == 0 {
		return nil
	}
	if err := p.out.raw(b); err != nil {
		return fmt.Errorf("free pictures in the terminal: %w", err)
	}
	return nil
}

// Run makes the terminal forget what was freed, and show what has come into its cells, and deletes the files that it
// does not read, until ctx ends: then the terminal forgets everything and no file is left.
func (p *Painter) Run(ctx context.Context) {
	nudge := time.NewTimer(nudgeAfter)
	nudge.Stop()
	defer nudge.Stop()
	again := false // the next nudge is the second one
	sweep := time.NewTimer(fileFor)
	sweep.Stop()
	defer sweep.Stop()
	passed := p.files.passed // nil while a sweep is due
	for {
		select {
		case <-p.wake:
		case <-p.out.placed:
			nudge.Reset(nudgeAfter)
			again = false
			continue
		case <-nudge.C:
			p.nudge()
			if !again {
				nudge.Reset(nudgeAgain)
			}
			again = !again
			continue
		case <-passed:
			passed = nil
			sweep.Reset(fileFor)
			continue
		case <-sweep.C:
			passed = p.files.passed
			if p.files.sweep() {
				passed = nil
				sweep.Reset(fileFor)
			}
			continue
		case <-ctx.Done():
			p.close()
			return
		}
		select {
		case p.graphics <- struct{}{}:
			_ = p.tellGone() // the program finds out by itself that its terminal is gone
			<-p.graphics
		case <-ctx.Done():
			p.close()
			return
		}
	}
}

// nudge makes the terminal show what has come into its cells.
func (p *Painter) nudge() {
	if caps := p.Caps(); caps.Kitty {
		_ = p.out.raw(kitty.Nudge(caps.Wrap)) // the program finds out by itself that its terminal is gone
	}
}

// close forgets everything, when the program has ended.
func (p *Painter) close() {
	p.files.close()
	p.mu.Lock()
	p.freeAll()
	p.gone = append(p.gone, p.ids.InUse()...)
	p.caps.Kitty = false
	p.mu.Unlock()
	p.graphics <- struct{}{}
	_ = p.tellGone() // nothing is left that could be told
	<-p.graphics
}

// Sixel draws an opaque picture over the cells from column x and row y (from 0), past the grid: whatever is written
// there later wipes it out.
func (p *Painter) Sixel(ctx context.Context, m *image.RGBA, x, y int) error {
	data, err := sixel.Encode(m, sixel.MaxColors)
	if err != nil {
		return err
	}
	select {
	case p.graphics <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.graphics }()
	seq := append([]byte(ansi.SaveCursor+ansi.CursorPosition(x+1, y+1)), data...)
	if err := p.out.raw(append(seq, ansi.RestoreCursor...)); err != nil {
		return fmt.Errorf("send picture to the terminal: %w", err)
	}
	return nil
}
