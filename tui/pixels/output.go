// SPDX-License-Identifier: GPL-2.0-only

// Package pixels owns what goes to the terminal besides cells: pictures in pixels, by kitty's graphics protocol or as
// sixels, and the questions that find out which of them the terminal has. The screen itself stays a grid of cells;
// kitty's pictures stand in it as placeholders, which are characters like any others.
package pixels

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync"

	xkitty "github.com/charmbracelet/x/ansi/kitty"
	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/unix"
)

// MaxPending is how much may wait for the terminal, in bytes. Whoever writes more waits.
const MaxPending = 1 << 20

// Output is the terminal, shared by the program that writes cells and the painter that writes pixels. Each Write comes
// out whole: the program writes a frame at a time, and no picture begins in the middle of one. What the terminal does
// not take at once waits, in order, so that a slow one does not hold up the program.
type Output struct {
	w      io.Writer
	placed chan struct{} // cells of pictures have come onto the screen

	mu      sync.Mutex // protects all below
	changed *sync.Cond // pending, writing or err
	queue   []write
	pending int  // bytes
	writing bool // a goroutine is at it; it ends when nothing waits
	err     error
	watched map[*sight]struct{}
}

// write is something that waits for the terminal.
type write struct {
	data    []byte
	program bool // it comes from the program
}

// NewOutput shares a terminal.
func NewOutput(w io.Writer) *Output {
	o := &Output{w: w, placed: make(chan struct{}, 1), watched: make(map[*sight]struct{})}
	o.changed = sync.NewCond(&o.mu)
	return o
}

// sight waits until the program has written something.
type sight struct {
	of   []byte
	seen chan struct{} // closed when it was written
}

// Write writes what the program shows. An error is that of a write before.
func (o *Output) Write(p []byte) (int, error) { return o.put(p, true) }

// raw writes past those who watch what the program writes.
func (o *Output) raw(p []byte) error {
	_, err := o.put(p, false)
	return err
}

func (o *Output) put(p []byte, program bool) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.err == nil && o.pending > 0 && o.pending+len(p) > MaxPending {
		o.changed.Wait()
	}
	if o.err != nil {
		return 0, o.err
	}
	o.queue = append(o.queue, write{bytes.Clone(p), program})
	o.pending += len(p)
	if !o.writing {
		o.writing = true
		go o.drain()
	}
	return len(p), nil
}

// drain writes until nothing waits.
func (o *Output) drain() {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.changed.Broadcast()
	defer func() { o.writing = false }()
	for len(o.queue) > 0 {
		next := o.queue[0]
		o.queue = o.queue[1:]
		o.mu.Unlock()
		_, err := o.w.Write(next.data)
		o.mu.Lock()
		o.pending -= len(next.data)
		if err != nil {
			o.err, o.queue, o.pending = err, nil, 0
			return
		}
		if next.program {
			o.tell(next.data)
		}
		o.changed.Broadcast()
	}
	o.queue = nil
}

// placeholder is in the cells of a picture.
var placeholder = []byte(string(xkitty.Placeholder))

// tell tells those who wait for something that the program has written.
func (o *Output) tell(p []byte) {
	if bytes.Contains(p, placeholder) {
		select {
		case o.placed <- struct{}{}:
		default:
		}
	}
	for s := range o.watched {
		if bytes.Contains(p, s.of) {
			close(s.seen)
			delete(o.watched, s)
		}
	}
}

// Pending is how many bytes the terminal has not taken yet.
func (o *Output) Pending() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pending
}

// Flush waits until the terminal has taken everything, or ctx ends.
func (o *Output) Flush(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.changed.Broadcast()
	})()
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.writing && ctx.Err() == nil {
		o.changed.Wait()
	}
	return errors.Join(o.err, ctx.Err())
}

// watch tells when the terminal has taken some bytes from the program. Whoever no longer wants to know calls forget.
func (o *Output) watch(of []byte) *sight {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := &sight{of: of, seen: make(chan struct{})}
	o.watched[s] = struct{}{}
	return s
}

func (o *Output) forget(s *sight) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.watched, s)
}

// ForProgram is what the program gets as its output: where the terminal is a file, a file, so that the program finds
// out that it is a terminal and how large.
func (o *Output) ForProgram() io.Writer {
	if f, ok := o.w.(term.File); ok {
		return file{o, f}
	}
	return o
}

// file is an Output that still has its terminal's descriptor.
type file struct {
	*Output
	tty term.File
}

func (f file) Read(p []byte) (int, error) { return f.tty.Read(p) }
func (f file) Close() error               { return f.tty.Close() }
func (f file) Fd() uintptr                { return f.tty.Fd() }

// CellSize asks the terminal's driver for the size of a cell in pixels; terminals tell it, though not all do.
func (o *Output) CellSize() (width, height int, err error) {
	f, ok := o.w.(*os.File)
	if !ok {
		return 0, 0, errors.New("the output is no terminal")
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0, err
	}
	if size.Col == 0 || size.Row == 0 || size.Xpixel == 0 || size.Ypixel == 0 {
		return 0, 0, errors.New("the terminal does not tell its size in pixels")
	}
	return int(size.Xpixel / size.Col), int(size.Ypixel / size.Row), nil
}
