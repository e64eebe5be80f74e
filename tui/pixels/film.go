// SPDX-License-Identifier: GPL-2.0-only

package pixels

import (
	"context"
	"fmt"
	"image"
	"time"

	"kchat/media/kitty"
)

// swapFor is how long a film waits until the program has shown its last frame. A film that is not on the screen is
// never shown; then the frame is replaced by the next.
const swapFor = 250 * time.Millisecond

// Film shows frame after frame in one place of the screen: each is sent under the id that is not shown, and then the
// cells change to it. It belongs to one goroutine, which it holds back while the terminal is slow.
type Film struct {
	painter    *Painter
	flip       *kitty.Flip
	cols, rows int
	shown      *sight // of the cells of the last frame; nil before the first
	lines      [2][]string
	closed     bool
}

// Film begins a film in cols by rows cells of a terminal that has kitty's graphics.
func (p *Painter) Film(cols, rows int) (*Film, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.caps.Kitty {
		return nil, fmt.Errorf("begin film: %w", ErrNoPixels)
	}
	flip, err := kitty.NewFlip(p.ids)
	if err != nil {
		return nil, fmt.Errorf("begin film: %w", err)
	}
	f := &Film{painter: p, flip: flip, cols: cols, rows: rows}
	for i, id := range flip.IDs() {
		if f.lines[i], err = kitty.Cells(kitty.Placement{ID: id, Cols: cols, Rows: rows}); err != nil {
			ids := flip.IDs()
			p.ids.Free(ids[0])
			p.ids.Free(ids[1])
			return nil, fmt.Errorf("begin film: %w", err)
		}
	}
	return f, nil
}

// Frame sends the next frame, opaque and of any size, and gives the cells that show it. It waits until the program has
// written the cells of the frame before, so that nothing is sent under an id that is on the screen.
func (f *Film) Frame(ctx context.Context, m *image.RGBA) ([]string, error) {
	if f.closed {
		return nil, fmt.Errorf("show frame: %w", ErrNoPixels)
	}
	if f.shown != nil {
		late := time.NewTimer(swapFor)
		defer late.Stop()
		select {
		case <-f.shown.seen:
			f.flip.Swap()
		case <-late.C: // the hidden one was never shown: it is sent again
			f.painter.out.forget(f.shown)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		f.shown = nil
	}
	id, lines := f.flip.Hidden(), f.lines[0]
	if id == f.flip.IDs()[1] {
		lines = f.lines[1]
	}
	if err := f.painter.frame(ctx, kitty.Placement{ID: id, Cols: f.cols, Rows: f.rows}, m); err != nil {
		return nil, err
	}
	f.shown = f.painter.out.watch([]byte(kitty.Pen(id)))
	return lines, nil
}

// Close makes the terminal forget the film. Its cells show nothing any more.
func (f *Film) Close() {
	if f.closed {
		return
	}
	f.closed = true
	if f.shown != nil {
		f.painter.out.forget(f.shown)
	}
	ids := f.flip.IDs()
	f.painter.forget(ids[0], ids[1])
}
