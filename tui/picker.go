// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/dustin/go-humanize"
	"golang.org/x/text/unicode/norm"

	"kchat/rooms"
	"kchat/tui/text"
)

const (
	maxPicked    = 4096 // files and folders of one folder that are listed
	pickerList   = 32   // columns
	pickerHeight = 18   // rows of the list
)

// picker chooses a file: a list that typing narrows, with a look at what is chosen beside it.
type picker struct {
	send    string // the command
	kind    rooms.StreamKind
	folder  string
	place   string // the folder as it is shown
	all     []pickable
	shown   []pickable
	filter  field
	at      int
	top     int
	listed  int // rows of the list as they were drawn last
	why     string
	preview preview
}

// pickable is a file or a folder.
type pickable struct {
	name   string // composed, to be shown and compared
	path   string
	folder bool
	size   int64
}

// preview is the look at what is chosen.
type preview struct {
	path  string // that is shown or being drawn
	busy  bool
	why   string
	cols  int
	rows  int
	drawn painted
}

// openPicker asks for a picture to be sent.
func (c *chat) openPicker(send string, kind rooms.StreamKind) tea.Cmd {
	p := &picker{send: send, kind: kind, filter: newField("", false)}
	p.filter.focus()
	c.dialogs.push(p)
	return p.enter(c, cmp.Or(c.pickedIn, c.cfg.Folder, "."))
}

// extensions are the endings of files that are listed.
func extensions(kind rooms.StreamKind) []string {
	if kind == rooms.StreamVideo {
		return []string{".mp4", ".mkv", ".webm", ".mov", ".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".flv", ".ogv", ".wmv", ".3gp"}
	}
	return []string{
		".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".webp",
		".avif", ".heic", ".heif", ".tif", ".tiff", ".bmp", ".jxl",
	}
}

// enter lists a folder.
func (p *picker) enter(c *chat, folder string) tea.Cmd {
	kind := p.kind
	return c.ask(func(context.Context) func(*chat) tea.Cmd {
		full, err := filepath.Abs(expand(folder))
		var all []pickable
		if err == nil {
			all, err = listFolder(full, extensions(kind))
		}
		return func(c *chat) tea.Cmd {
			if err != nil {
				p.why = c.cause(err)
				if p.folder == "" && folder != "." { // the one to begin in is gone
					return p.enter(c, ".")
				}
				return nil
			}
			p.folder, p.place, p.all, p.why = full, atHome(full), all, ""
			p.filter.set("")
			return p.narrow(c)
		}
	})
}

// listFolder lists the folders, and the files with one of the endings; what is hidden is left out.
func listFolder(folder string, endings []string) ([]pickable, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var out []pickable
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		path := filepath.Join(folder, e.Name())
		info, err := os.Stat(path) // what a link leads to
		if err != nil || (!info.IsDir() && (!info.Mode().IsRegular() || !slices.Contains(endings, strings.ToLower(filepath.Ext(path))))) {
			continue
		}
		out = append(out, pickable{name: norm.NFC.String(e.Name()), path: path, folder: info.IsDir(), size: info.Size()})
		if len(out) == maxPicked {
			break
		}
	}
	slices.SortFunc(out, func(a, b pickable) int {
		if a.folder != b.folder {
			if a.folder {
				return -1
			}
			return 1
		}
		return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name))
	})
	return out, nil
}

// narrow shows what holds the typed letters, and looks at the first.
func (p *picker) narrow(c *chat) tea.Cmd {
	typed := strings.ToLower(norm.NFC.String(p.filter.value()))
	p.shown, p.at, p.top = nil, 0, 0
	for _, e := range p.all {
		if strings.Contains(strings.ToLower(e.name), typed) {
			p.shown = append(p.shown, e)
		}
	}
	return p.look(c)
}

// chosen is what the mark stands on, or nil.
func (p *picker) chosen() *pickable {
	if p.at < 0 || p.at >= len(p.shown) {
		return nil
	}
	return &p.shown[p.at]
}

func (p *picker) move(c *chat, rows int) tea.Cmd {
	p.at = min(max(0, p.at+rows), max(0, len(p.shown)-1))
	return p.look(c)
}

func (p *picker) key(c *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	switch msg.String() {
	case "up", "shift+tab":
		return false, p.move(c, -1)
	case "down", "tab":
		return false, p.move(c, 1)
	case "pgup":
		return false, p.move(c, -max(1, p.listed-1))
	case "pgdown":
		return false, p.move(c, max(1, p.listed-1))
	case "enter":
		return p.open(c)
	case "esc", "ctrl+c":
		p.preview.drawn.free()
		return true, nil
	case "left":
		return false, p.up(c)
	case "right":
		if e := p.chosen(); e != nil && e.folder {
			return false, p.enter(c, e.path)
		}
		return false, nil
	case "backspace":
		if p.filter.value() == "" {
			return false, p.up(c)
		}
	}
	p.filter.update(msg)
	return false, p.narrow(c)
}

// up goes to the folder that holds this one.
func (p *picker) up(c *chat) tea.Cmd {
	if p.folder == "" {
		return nil
	}
	return p.enter(c, filepath.Dir(p.folder))
}

// open goes into a folder, or sends a file.
func (p *picker) open(c *chat) (bool, tea.Cmd) {
	e := p.chosen()
	switch {
	case e == nil:
		return false, nil
	case e.folder:
		return false, p.enter(c, e.path)
	}
	c.pickedIn = p.folder
	p.preview.drawn.free()
	return true, c.sendPath(p.send, e.path, p.kind)
}

func (p *picker) paste(c *chat, msg tea.PasteMsg) tea.Cmd {
	p.filter.update(msg)
	return p.narrow(c)
}

// wheel moves the mark.
func (p *picker) wheel(c *chat, rows int) tea.Cmd { return p.move(c, rows/3) }

// click chooses a row, and opens what is chosen already.
func (p *picker) click(c *chat, x, y int) (bool, tea.Cmd) {
	row := p.top + y - pickerHead
	if x >= pickerList || y < pickerHead || y >= pickerHead+p.listed || row >= len(p.shown) {
		return false, nil
	}
	if row == p.at {
		return p.open(c)
	}
	return false, p.move(c, row-p.at)
}

// pickerHead is how many rows stand above the list: the folder, what is typed, and an empty one.
const pickerHead = 3

func (p *picker) draw(c *chat, width, height int) (string, []string, *tea.Cursor) {
	st := c.st
	list := min(pickerList, width)
	head, column := p.filter.draw(st, max(1, width-4))
	rows := []string{st.Muted.Render(text.Truncate(text.Line(p.place), width)), st.Accent.Render(st.Glyphs.Prompt+" ") + head, ""}
	cursor := tea.NewCursor(column+2, 1)
	p.listed = min(pickerHeight, max(1, height-pickerHead-2))
	p.top = min(max(p.top, p.at-p.listed+1), p.at)
	beside := p.besides(c, max(0, width-list-2), p.listed)
	for y := range p.listed {
		rows = append(rows, text.Pad(p.row(c, p.top+y, list), list)+"  "+beside[y])
	}
	words := c.say("picker.keys")
	if p.why != "" {
		return c.say("picker.title"), append(rows, "", st.Warn.Render(text.Truncate(p.why, width))), cursor
	}
	return c.say("picker.title"), append(rows, "", st.Faint.Render(text.Truncate(words, width))), cursor
}

// row is an entry of the list.
func (p *picker) row(c *chat, i, width int) string {
	st := c.st
	if i >= len(p.shown) {
		if i == 0 {
			return st.Muted.Render(text.Truncate(c.say("picker.nothing"), width))
		}
		return ""
	}
	e := p.shown[i]
	name, size := text.Line(e.name), humanize.IBytes(uint64(max(0, e.size)))
	if e.folder {
		name, size = name+"/", ""
	}
	mark, style := "  ", st.Text
	if i == p.at {
		mark, style = st.SelectedMark.Render(st.Glyphs.Mark)+" ", st.Selected
	}
	left := max(1, width-3-text.Width(size))
	return mark + style.Render(text.Pad(text.Truncate(name, left), left)) + " " + st.Faint.Render(size)
}
