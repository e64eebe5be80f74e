// SPDX-License-Identifier: GPL-2.0-only

// Package pixels owns what goes to the terminal besides cells: pictures in pixels, by kitty's graphics protocol or as
// sixels, and the questions that find out which of them the terminal has. The screen itself stays a grid of cells;
// kitty's pictures stand in it as placeholders, which are characters like any others.
package pixels

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"

	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/unix"
)

// Output is the terminal, shared by the program that writes cells and the painter that writes pixels. Each Write comes
// out whole: the program writes a frame at a time, and no picture begins in the middle of one.
type Output struct {
	mu      sync.Mutex
	w       io.Writer
	watched map[*sight]struct{}
}

// NewOutput shares a terminal.
func NewOutput(w io.Writer) *Output {
	return &Output{w: w, watched: make(map[*sight]struct{})}
}

// sight waits until the program has written something.
type sight struct {
	of   []byte
	seen chan struct{} // closed when it was written
}

// raw writes past those who watch what the program writes.
func (o *Output) raw(p []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := o.w.Write(p)
	return err
}

// Write writes what the program shows.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.w.Write(p)
	for s := range o.watched {
		if bytes.Contains(p, s.of) {
			close(s.seen)
			delete(o.watched, s)
		}
	}
	return n, err
}

// watch tells when the program has written some bytes. Whoever no longer wants to know calls forget.
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
