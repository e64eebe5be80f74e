// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"strconv"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/dustin/go-humanize"

	"kchat/media"
	"kchat/tui/pixels"
	"kchat/tui/talk"
	"kchat/tui/text"
)

// viewer shows one picture on the whole screen. While it is open it takes all keys.
type viewer struct {
	of      *talk.Picture
	picture *media.Picture // nil until it is decoded
	failure string
	late    int // how often it was not decoded or painted in time
	lens    lens
	area    uv.Rectangle // of the screen, for the picture
	drag    *uv.Position // where the mouse holds the picture

	player *media.Player // of an animation; only in the command that paints
	due    bool          // its next frame
	busy   bool          // the command that paints is running
	shown  painted
	before painted // to be freed once what is shown now stands on the screen
	done   view    // what is shown
	again  int     // grows when the same has to be painted again
	sixels bool    // some were drawn: the screen has to be cleared of them
}

// view is everything that makes a painting of a picture another one.
type view struct {
	seen
	at    uv.Position
	on    ground
	caps  pixels.Caps
	again int
}

// openViewer shows a picture on the whole screen.
func (c *chat) openViewer(p *talk.Picture) tea.Cmd {
	if !p.IsImage() || c.cfg.Pictures == nil || c.look.NoPictures {
		return nil
	}
	closed := c.closeViewer()
	v := &viewer{of: p}
	c.viewer = v
	v.fit(c.lay.width, c.lay.height)
	_ = c.endSelection()
	return tea.Batch(closed, v.load(c))
}

// load decodes the picture.
func (v *viewer) load(c *chat) tea.Cmd {
	pictures, hash := c.cfg.Pictures, v.of.Attached.Hash
	return c.askToDraw(func(ctx context.Context) func(*chat) tea.Cmd {
		m, err := pictures.Load(ctx, hash)
		return func(c *chat) tea.Cmd {
			if c.viewer != v {
				return nil
			}
			if err != nil {
				return v.failed(c, err)
			}
			v.picture, v.due = m, m.Frames > 1
			return c.paintViewer()
		}
	})
}

// openSelected opens what the selected message carries; of others the selection ends.
func (c *chat) openSelected() tea.Cmd {
	m := c.selected()
	if c.aVideo() != nil {
		return c.fillScreen()
	}
	if m == nil || m.Picture() == nil || !m.Picture().IsImage() {
		return c.openMenu()
	}
	return c.openViewer(m.Picture())
}

// closeViewer goes back to the talk.
func (c *chat) closeViewer() tea.Cmd {
	v := c.viewer
	if v == nil {
		return nil
	}
	c.viewer = nil
	v.shown.free()
	v.before.free()
	if v.sixels {
		return tea.Batch(tea.ClearScreen, c.pictures())
	}
	return c.pictures()
}

// viewerKeys are the keys of the viewer.
func viewerKeys() []binding {
	zoom := func(by float64) func(c *chat) tea.Cmd {
		return func(c *chat) tea.Cmd {
			return c.lookThrough(func(l lens, p pane, w, h int) lens { return l.zoom(by, p, w, h) })
		}
	}
	pan := func(x, y int) func(c *chat) tea.Cmd {
		return func(c *chat) tea.Cmd {
			return c.lookThrough(func(l lens, p pane, w, h int) lens {
				return l.pan(x*max(1, p.cols/8), y*max(1, p.rows/8), p, w, h)
			})
		}
	}
	return []binding{
		bind("viewer.close", "Esc", (*chat).closeViewer, "esc", "q", "enter", "ctrl+c"),
		bind("viewer.zoom_in", "+", zoom(zoomBy), "+", "="),
		bind("viewer.zoom_out", "-", zoom(1/zoomBy), "-", "_"),
		bind("viewer.fit", "0", func(c *chat) tea.Cmd {
			return c.lookThrough(func(lens, pane, int, int) lens { return lens{} })
		}, "0", "f"),
		bind("viewer.actual", "1", func(c *chat) tea.Cmd { return c.lookThrough(lens.actual) }, "1"),
		bind("viewer.pan", "↑↓←→", nil),
		unlisted(pan(0, -1), "up", "k"),
		unlisted(pan(0, 1), "down", "j"),
		unlisted(pan(-1, 0), "left", "h"),
		unlisted(pan(1, 0), "right", "l"),
		bind("viewer.save", "s", func(c *chat) tea.Cmd { return c.save(c.viewer.of) }, "s"),
		bind("viewer.copy_path", "c", (*chat).copyPath, "c", "y"),
		bind("viewer.next", "n", func(c *chat) tea.Cmd { return c.viewBeside(1) }, "n", "pgdown"),
		bind("viewer.previous", "p", func(c *chat) tea.Cmd { return c.viewBeside(-1) }, "p", "pgup"),
		unlisted(func(c *chat) tea.Cmd {
			c.viewer.again++
			return tea.Sequence(tea.ClearScreen, c.paintViewer())
		}, "ctrl+l"),
	}
}

// unlisted is a binding that no list of keys shows.
func unlisted(do func(c *chat) tea.Cmd, keys ...string) binding {
	return binding{keys: key.NewBinding(key.WithKeys(keys...)), do: do}
}

// viewerKey does what a key means in the viewer.
func (c *chat) viewerKey(msg tea.KeyPressMsg) tea.Cmd {
	if b, ok := match(c.viewing, latin(msg)); ok && b.do != nil {
		return b.do(c)
	}
	return nil
}

// viewerMouse pans with the wheel and by dragging, and zooms with the wheel and Ctrl.
func (c *chat) viewerMouse(msg tea.MouseMsg) tea.Cmd {
	v, m := c.viewer, msg.Mouse()
	pan := func(cols, rows int) tea.Cmd {
		return c.lookThrough(func(l lens, p pane, w, h int) lens { return l.pan(cols, rows, p, w, h) })
	}
	switch msg.(type) {
	case tea.MouseWheelMsg:
		return c.viewerWheel(m, pan)
	case tea.MouseClickMsg:
		if m.Button == tea.MouseLeft {
			v.drag = &uv.Position{X: m.X, Y: m.Y}
		}
	case tea.MouseMotionMsg:
		if v.drag != nil {
			from := *v.drag
			v.drag = &uv.Position{X: m.X, Y: m.Y}
			return pan(from.X-m.X, from.Y-m.Y)
		}
	case tea.MouseReleaseMsg:
		v.drag = nil
	}
	return nil
}

func (c *chat) viewerWheel(m tea.Mouse, pan func(cols, rows int) tea.Cmd) tea.Cmd {
	by, step := zoomBy, -3
	if m.Button == tea.MouseWheelDown || m.Button == tea.MouseWheelRight {
		by, step = 1/zoomBy, 3
	}
	switch {
	case m.Mod.Contains(tea.ModCtrl):
		return c.lookThrough(func(l lens, p pane, w, h int) lens { return l.zoom(by, p, w, h) })
	case m.Mod.Contains(tea.ModShift) || m.Button == tea.MouseWheelLeft || m.Button == tea.MouseWheelRight:
		return pan(2*step, 0)
	}
	return pan(0, step)
}

// copyPath copies where the picture lies: where it was saved, or else among what kchat keeps.
func (c *chat) copyPath() tea.Cmd {
	path := c.viewer.of.Saved()
	if path == "" {
		path = c.cfg.Pictures.Path(c.viewer.of.Attached.Hash)
	}
	return tea.Batch(tea.SetClipboard(path), c.tell(c.say("viewer.path_copied", "path", text.Line(path))))
}

// viewBeside shows the next picture of the room, or the one before.
func (c *chat) viewBeside(step int) tea.Cmd {
	r := c.book.current
	if r == nil {
		return nil
	}
	var all []*talk.Picture // the newest first
	at := -1
	r.talk.Attachments(func(_ *talk.Message, p *talk.Picture) bool {
		if p.IsImage() {
			if p == c.viewer.of {
				at = len(all)
			}
			all = append(all, p)
		}
		return true
	})
	if next := at - step; at >= 0 && next >= 0 && next < len(all) {
		return c.openViewer(all[next])
	}
	return nil
}

// fit divides the screen: a row above for what is seen, one below for the keys.
func (v *viewer) fit(width, height int) (top, area, bottom uv.Rectangle) {
	top, rest := splitTop(uv.Rect(0, 0, width, height), 1)
	v.area, bottom = splitBottom(rest, 1)
	return top, v.area, bottom
}

// draw draws the viewer over the whole screen.
func (v *viewer) draw(c *chat, cv canvas) {
	top, area, bottom := v.fit(cv.Bounds().Dx(), cv.Bounds().Dy())
	cv.put(top, []string{v.title(c, top.Dx())})
	cv.put(bottom, []string{v.hint(c, bottom.Dx())})
	switch {
	case v.failure != "":
		rows := text.Wrap(c.say("picture.failed", "why", text.Line(v.failure)), max(1, min(area.Dx()-4, 60)))
		cv.put(centred(area, min(area.Dx(), 60), len(rows)), rows)
	case v.picture == nil:
		words := c.say("viewer.opening")
		cv.put(centred(area, text.Width(words), 1), []string{c.st.Muted.Render(words)})
	default:
		cv.put(centred(area, v.done.cols, v.done.rows), v.shown.cells)
	}
}

// title says what is seen, and how large.
func (v *viewer) title(c *chat, width int) string {
	a, st := v.of.Attached, c.st
	words := st.Strong.Render(text.Line(a.Name)) + st.Muted.Render(c.say("picture.size", "width", a.Width, "height", a.Height)+
		" "+st.Glyphs.Bullet+" "+humanize.IBytes(a.Size))
	if v.picture != nil {
		p := v.pane(c)
		percent := int(v.lens.at(p, v.picture.Width, v.picture.Height)*100 + 0.5)
		words += st.Muted.Render(" " + st.Glyphs.Bullet + " " + strconv.Itoa(percent) + " %")
	}
	return " " + text.Truncate(words, max(0, width-2))
}

// hint is what was just said, or which keys there are.
func (v *viewer) hint(c *chat, width int) string {
	st := c.st
	if c.flash.words != "" {
		style := st.BarStrong
		if c.flash.warn {
			style = st.Warn
		}
		return " " + style.Render(text.Truncate(text.Line(c.flash.words), max(0, width-2)))
	}
	var parts []string
	for _, b := range c.viewing {
		if b.words != "" && b.keys.Help().Key != "" {
			parts = append(parts, st.Key.Render(b.keys.Help().Key)+" "+st.Muted.Render(c.say(b.words)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " " + hints(parts[1:], parts[0], width-2)
}

// viewMsg comes when the next frame of the viewed animation is due.
type viewMsg struct {
	to *chat
	of *viewer
}

// frameDue goes on with an animation that is still looked at.
func (c *chat) frameDue(v *viewer) tea.Cmd {
	if c.viewer != v {
		return nil
	}
	v.due = true
	return c.paintViewer()
}

// wait brings the next frame after a time.
func (c *chat) frameIn(v *viewer, wait time.Duration) tea.Cmd {
	return c.cfg.Tick(wait, func(time.Time) tea.Msg { return viewMsg{c, v} })
}
