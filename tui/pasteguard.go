// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"bytes"
	"os"
	"time"
)

// What a terminal writes around what is pasted.
const (
	pasteBegins = "\x1b[200~"
	pasteEnds   = "\x1b[201~"
)

const (
	// pasteStalls is how long a paste that has begun may be silent and still be going on, as over a slow line.
	pasteStalls = 2 * time.Second
	// keyBytes is the most that one key sends. What comes after the silence in larger pieces is the paste's rest.
	keyBytes = 8
)

// pasteGuard is the terminal's input. A paste that never ends would swallow every key after it: the end can be lost
// where a connection breaks, or a program in between cuts what is too long. A key after a silence ends it.
type pasteGuard struct {
	*os.File
	now  func() time.Time
	open bool      // a paste has begun
	last time.Time // when something of it came
	tail []byte    // the beginning of a mark that the last read cut in two
}

// Read implements io.Reader.
func (g *pasteGuard) Read(p []byte) (int, error) {
	n, err := g.File.Read(p)
	if n > 0 {
		n = g.guard(p, n)
	}
	return n, err
}

// guard looks at the n bytes that were read into p and puts the end of a paste before them, if it is missing. It
// returns how many there are then.
func (g *pasteGuard) guard(p []byte, n int) int {
	now := g.now()
	if g.open && n <= keyBytes && n+len(pasteEnds) <= len(p) && now.Sub(g.last) >= pasteStalls {
		copy(p[len(pasteEnds):], p[:n])
		copy(p, pasteEnds)
		n += len(pasteEnds)
	}
	g.last = now
	seen := append(g.tail, p[:n]...)
	begins, ends := bytes.LastIndex(seen, []byte(pasteBegins)), bytes.LastIndex(seen, []byte(pasteEnds))
	if begins >= 0 || ends >= 0 {
		g.open = begins > ends
	}
	g.tail = bytes.Clone(seen[max(0, len(seen)-len(pasteBegins)+1):])
	return n
}
