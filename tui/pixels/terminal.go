// SPDX-License-Identifier: GPL-2.0-only

package pixels

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"kchat/media/kitty"
)

// ErrNoPixels says that the terminal shows cells only, as far as is known.
var ErrNoPixels = errors.New("the terminal has no graphics that fit into text")

// Setting is how pictures are to be shown.
type Setting string

// The settings.
const (
	Auto      Setting = "auto"   // as the terminal can
	KittyOnly Setting = "kitty"  // kitty's graphics, whatever the terminal says; through tmux too
	SixelOnly Setting = "sixel"  // blocks in the talk, sixels in the viewer, whatever the terminal says
	Blocks    Setting = "blocks" // characters only
	Off       Setting = "off"    // no pictures
)

// ErrSetting says that a setting is none.
var ErrSetting = errors.New("images is auto, kitty, sixel, blocks or off")

// ParseSetting reads a setting; empty is auto.
func ParseSetting(s string) (Setting, error) {
	switch set := Setting(s); set {
	case "":
		return Auto, nil
	case Auto, KittyOnly, SixelOnly, Blocks, Off:
		return set, nil
	}
	return "", fmt.Errorf("%w, not %q", ErrSetting, s)
}

// Caps is what a terminal has.
type Caps struct {
	Kitty      bool       // graphics with placeholders
	Indexed    bool       // of which the ids have to be named by one of 256 colours
	Wrap       kitty.Wrap // on the way to it
	Files      bool       // it reads our temporary files, and deletes them
	Sixel      bool
	CellWidth  int // pixels; 0 if it is not known
	CellHeight int
}

const (
	queryID = 31 // of the question whether a terminal has kitty's graphics
	filesID = 32 // of the question whether it reads our files
)

// kittySince is the version of kitty that brought placeholders: 0.28.
const kittySince = 28

// Terminal finds out what a terminal has: its name, then whether it does what terminals of that name do. Nobody is
// asked what it may not know, since then the question would stand on the screen; and nothing waits for an answer.
type Terminal struct {
	setting    Setting
	silent     bool // it is not to be asked anything
	tmux       bool
	far        bool // it is on another machine
	answered   bool // that it has kitty's graphics
	files      bool // it was, or is to be, asked whether it reads our files
	cols, rows int
	told       bool // its cells' size
	caps       Caps
}

// NewTerminal begins with what the environment says.
func NewTerminal(setting Setting, getenv func(string) string) *Terminal {
	t := &Terminal{setting: setting, tmux: getenv("TMUX") != ""}
	t.far = getenv("SSH_CONNECTION") != "" || getenv("SSH_TTY") != ""
	t.silent = Silent(getenv)
	if setting == KittyOnly {
		t.caps.Kitty = true
		if t.tmux {
			t.caps.Wrap = kitty.Tmux
		}
	}
	t.caps.Sixel = setting == SixelOnly
	return t
}

// Silent reports whether a terminal is not to be asked anything: it has no answers, or shows the questions that it does
// not know.
func Silent(getenv func(string) string) bool {
	switch getenv("TERM") {
	case "", "dumb", "linux":
		return true
	}
	return getenv("TERM_PROGRAM") == "Apple_Terminal"
}

// Caps is what is known so far.
func (t *Terminal) Caps() Caps { return t.caps }

// Ask gives the first questions: those that every terminal knows or passes over.
func (t *Terminal) Ask() string {
	if t.silent || t.setting == Blocks || t.setting == Off {
		return ""
	}
	return ansi.RequestNameVersion + askSize + ansi.RequestPrimaryDeviceAttributes
}

// askSize asks for the size of a cell and of the whole in pixels.
var askSize = ansi.WindowOp(16) + ansi.WindowOp(14)

// Resized takes the size in cells, and gives the question that may follow: a terminal that told the size of its cells
// may have another now.
func (t *Terminal) Resized(cols, rows int) (ask string) {
	changed := t.cols != 0 && (cols != t.cols || rows != t.rows)
	t.cols, t.rows = cols, rows
	if !changed || !t.told {
		return ""
	}
	return askSize
}

// Answer takes a message of the program. It gives the question that follows from it, and reports whether something was
// learnt.
func (t *Terminal) Answer(msg tea.Msg) (ask string, learnt bool) {
	was := t.caps
	switch msg := msg.(type) {
	case tea.TerminalVersionMsg:
		if strings.HasPrefix(msg.Name, "tmux") {
			t.tmux, t.caps.Files = true, false
			t.caps.Sixel = t.setting == SixelOnly
		}
		if t.setting == Auto && !t.caps.Kitty && !t.tmux && hasPlaceholders(msg.Name) {
			ask = string(kitty.Query(queryID, kitty.Direct))
		}
	case uv.KittyGraphicsEvent:
		t.graphics(msg.Options.ID, string(msg.Payload) == "OK")
	case uv.PrimaryDeviceAttributesEvent:
		for _, a := range msg {
			// tmux says what it was built with, not what the terminal around it has.
			if a == 4 && t.setting == Auto && !t.tmux {
				t.caps.Sixel = true
			}
		}
	case uv.CellSizeEvent:
		t.cell(msg.Width, msg.Height)
	case uv.PixelSizeEvent:
		if !t.told && t.cols > 0 && t.rows > 0 {
			t.caps.CellWidth, t.caps.CellHeight = bounded(msg.Width/t.cols, msg.Height/t.rows)
		}
	}
	return ask, was != t.caps
}

// graphics takes an answer about kitty's graphics.
func (t *Terminal) graphics(id int, ok bool) {
	switch {
	case t.setting != Auto:
	case id == queryID && ok:
		t.caps.Kitty, t.answered = true, true
	case id == filesID && t.files:
		t.caps.Files = ok && !t.tmux
	}
}

// AskFiles reports, once, that it is time for the painter's question whether the terminal reads our files: it has said
// that it has kitty's graphics, and nothing says that it is elsewhere.
func (t *Terminal) AskFiles() bool {
	if !t.answered || t.tmux || t.far || t.files {
		return false
	}
	t.files = true
	return true
}

// Indexed says that the terminal has 256 colours only, or that it has more.
func (t *Terminal) Indexed(indexed bool) { t.caps.Indexed = indexed }

// cell takes the size of a cell.
func (t *Terminal) cell(width, height int) {
	if width, height = bounded(width, height); width > 0 {
		t.caps.CellWidth, t.caps.CellHeight, t.told = width, height, true
	}
}

// SetCell takes the size of a cell that was found out otherwise, if the terminal has not told it.
func (t *Terminal) SetCell(width, height int) {
	if !t.told {
		t.caps.CellWidth, t.caps.CellHeight = bounded(width, height)
	}
}

// maxCell is the largest cell that is believed, in pixels in either direction.
const maxCell = 128

// bounded gives no size for one that cannot be.
func bounded(width, height int) (int, int) {
	if width < 2 || height < 2 || width > maxCell || height > maxCell {
		return 0, 0
	}
	return width, height
}

// hasPlaceholders reports whether a terminal of that name and version is known to have Unicode placeholders. Others
// answer that they have kitty's graphics and show boxes instead.
func hasPlaceholders(name string) bool {
	at := strings.IndexAny(name, " (")
	if at < 0 {
		at = len(name)
	}
	version := strings.Trim(name[at:], " ()")
	switch strings.ToLower(name[:at]) {
	case "ghostty":
		return true
	case "kitty":
		parts := strings.Split(version, ".")
		if len(parts) < 2 {
			return false
		}
		major, err1 := strconv.Atoi(parts[0])
		minor, err2 := strconv.Atoi(parts[1])
		return err1 == nil && err2 == nil && (major > 0 || minor >= kittySince)
	}
	return false
}
