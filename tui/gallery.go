// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/dustin/go-humanize"

	"kchat/history"
	"kchat/media"
	"kchat/rooms"
	"kchat/tui/talk"
	"kchat/tui/text"
)

const (
	galleryMost = 500 // entries
	thumbWidth  = 12  // cells
	thumbHeight = 3
	galleryAt   = 2 // rows above the first
)

// galleryKinds are what the gallery can be narrowed to; the first is everything.
func galleryKinds() []string { return []string{"", "image", "video", "file"} }

// gallery lists what was sent in a room besides words.
type gallery struct {
	room  *room
	kind  string
	items []galleryItem
	came  bool // the list has come
	at    int
	first int // on the screen
	shown int
	spans [][2]int // columns of the kinds
	busy  bool     // a thumbnail is being drawn
}

// galleryItem is one of them.
type galleryItem struct {
	said  rooms.Message
	p     *talk.Picture
	thumb []string
	asked bool // its thumbnail was
}

func completeKinds(_ *chat, before []string, word string) ([]suggestion, tea.Cmd) {
	if len(before) > 0 {
		return nil, nil
	}
	return suggestionsOf(galleryKinds()[1:], word), nil
}

func (c *chat) commandGallery(kind string) tea.Cmd {
	r := c.book.current
	kind = strings.TrimSuffix(strings.ToLower(kind), "s")
	switch {
	case r == nil:
		return c.warn(c.say("composer.no_room"))
	case c.session.Archive == nil:
		return c.warn(c.say("history.none"))
	case !slices.Contains(galleryKinds(), kind):
		return c.wrong("gallery", kind)
	}
	g := &gallery{room: r, kind: kind}
	c.dialogs.push(g)
	return g.load(c)
}

// load fetches the list.
func (g *gallery) load(c *chat) tea.Cmd {
	archive, community, files, room, kind := c.session.Archive, c.community(g.room), c.cfg.Files, g.room.name, g.kind
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		entries, err := archive.Media(ctx, community, room, kind, galleryMost)
		found := make([]Found, len(entries))
		for i, e := range entries {
			if files != nil {
				found[i] = files.Look(e.Message.Attached.Hash)
			}
		}
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("chat.no_history", "why", c.reason(err)))
			}
			if g.kind == kind {
				g.take(entries, found)
			}
			return c.thumbs()
		}
	})
}

// take shows a list. What the talk knows of its entries holds here too.
func (g *gallery) take(entries []history.Entry, found []Found) {
	g.items, g.came, g.at, g.first = make([]galleryItem, len(entries)), true, 0, 0
	for i, e := range entries {
		item := &g.items[i]
		item.said = e.Message
		if m := g.room.talk.Message(e.Message.ID); m != nil && m.Picture() != nil {
			item.p = m.Picture()
		} else {
			item.p = talk.NewPicture(*e.Message.Attached)
		}
		if item.p.Moving() || item.p.Standing() != talk.Unknown {
			continue
		}
		item.p.SetKept(found[i].Kept)
		if item.p.SetStanding(talk.Missing); found[i].Here {
			item.p.SetStanding(talk.Here)
		}
	}
}

// thumbs draws the next thumbnail that the gallery lacks, if that is open.
func (c *chat) thumbs() tea.Cmd {
	if !c.dialogs.open() || c.cfg.Pictures == nil {
		return nil
	}
	g, ok := c.dialogs.top().(*gallery)
	if !ok || g.busy {
		return nil
	}
	for i := g.first; i < min(len(g.items), g.first+max(g.shown, 1)); i++ {
		item := &g.items[i]
		if item.p.IsImage() && !item.asked && item.p.Standing() == talk.Here {
			item.asked, g.busy = true, true
			return c.thumb(g, item)
		}
	}
	return nil
}

func (c *chat) thumb(g *gallery, item *galleryItem) tea.Cmd {
	pictures, hash, opts := c.cfg.Pictures, item.p.Attached.Hash, blocksOn(c.ground())
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		var lines []string
		if m, err := pictures.Load(ctx, hash); err == nil {
			cols, rows := media.Fit(m.Width, m.Height, thumbWidth, thumbHeight, 0, 0)
			lines = m.Blocks(cols, rows, opts)
		}
		return func(c *chat) tea.Cmd {
			g.busy, item.thumb = false, lines
			return c.thumbs()
		}
	})
}

func (g *gallery) scroll(rows int) {
	g.first = min(max(0, g.first+(rows+2*sign(rows))/3), max(0, len(g.items)-g.shown))
	g.at = min(max(g.at, g.first), max(g.first, g.first+g.shown-1))
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// click implements clicker: a kind, or something that was sent.
func (g *gallery) click(c *chat, x, y int) (bool, tea.Cmd) {
	if y == 0 {
		for i, span := range g.spans {
			if x >= span[0] && x < span[1] {
				return false, g.narrow(c, i-slices.Index(galleryKinds(), g.kind))
			}
		}
		return false, nil
	}
	at := g.first + (y-galleryAt)/(thumbHeight+1)
	if y < galleryAt || at >= min(len(g.items), g.first+g.shown) {
		return false, nil
	}
	g.at = at
	return true, c.openAt(g.room, g.items[at].said)
}

func (g *gallery) key(c *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	switch latin(msg).String() {
	case "up", "k":
		g.at--
	case "down", "j":
		g.at++
	case "pgup":
		g.at -= g.shown
	case "pgdown", "space":
		g.at += g.shown
	case "home":
		g.at = 0
	case "end":
		g.at = len(g.items) - 1
	case "tab", "right":
		return false, g.narrow(c, 1)
	case "shift+tab", "left":
		return false, g.narrow(c, -1)
	case "enter":
		if item := g.item(); item != nil {
			return true, c.openAt(g.room, item.said)
		}
		return false, nil
	case "s", "p", "g":
		return false, g.do(c, latin(msg).String())
	default:
		return msg.String() == "esc" || msg.String() == "q" || msg.String() == "ctrl+c", nil
	}
	g.at = max(0, min(g.at, len(g.items)-1))
	g.first = max(min(g.first, g.at), g.at-max(g.shown, 1)+1)
	return false, c.thumbs()
}

// item is the chosen one, or nil.
func (g *gallery) item() *galleryItem {
	if g.at < 0 || g.at >= len(g.items) {
		return nil
	}
	return &g.items[g.at]
}

// narrow goes to the next kind.
func (g *gallery) narrow(c *chat, by int) tea.Cmd {
	kinds := galleryKinds()
	g.kind = kinds[(slices.Index(kinds, g.kind)+by+len(kinds))%len(kinds)]
	g.items, g.came, g.at, g.first = nil, false, 0, 0
	return g.load(c)
}

// do saves, keeps or asks for the chosen one.
func (g *gallery) do(c *chat, what string) tea.Cmd {
	item := g.item()
	if item == nil {
		return nil
	}
	switch here := item.p.Standing() == talk.Here; {
	case what == "s" && here:
		return c.save(item.p)
	case what == "p" && c.cfg.Files != nil:
		return c.setKept(item.p)
	case what == "g" && !here && c.link.online && !c.closed():
		item.p.SetStanding(talk.Asked)
		client, name, att := c.session.Client, g.room.name, *item.said.Attached
		return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
			err := client.Fetch(ctx, name, att)
			return func(c *chat) tea.Cmd {
				if err != nil {
					return c.warn(c.say("picture.failed", "why", c.reason(err)))
				}
				return nil
			}
		})
	}
	return nil
}

// openAt brings what was sent into sight and opens it as Enter does.
func (c *chat) openAt(r *room, m rooms.Message) tea.Cmd {
	return c.goAnd(r.name, m.Pos, m.ID, func(c *chat, _ *room, item *talk.Message) tea.Cmd {
		if item.Picture() == nil || item.Picture().IsFile() {
			return nil
		}
		return func() tea.Msg { // once the gallery has closed
			return applyMsg{c, func(c *chat) tea.Cmd { return c.key(tea.KeyPressMsg{Code: tea.KeyEnter}) }}
		}
	})
}

func (g *gallery) draw(c *chat, width, height int) (string, []string, *tea.Cursor) {
	st := c.st
	rows := []string{g.tabs(c, width), ""}
	foot := text.Truncate(c.say("gallery.keys"), width)
	each := thumbHeight + 1
	g.shown = max(1, (height-4)/each)
	g.first = max(min(g.first, g.at), g.at-g.shown+1)
	switch {
	case !g.came:
		rows = append(rows, st.Muted.Render(c.say("gallery.looking")))
	case len(g.items) == 0:
		rows = append(rows, st.Muted.Render(text.Truncate(c.say("gallery.nothing"), width)))
	}
	for i := g.first; i < min(len(g.items), g.first+g.shown); i++ {
		rows = append(rows, g.rows(c, &g.items[i], i == g.at, width)...)
	}
	for len(rows) < min(height-1, 2+each*g.shown) {
		rows = append(rows, "")
	}
	for i := range rows {
		rows[i] = text.Pad(rows[i], width)
	}
	title := c.say("gallery.title", "room", c.book.title(g.room))
	if len(g.items) > 0 {
		title += fmt.Sprintf(" %s %d/%d", st.Glyphs.Bullet, g.at+1, len(g.items))
	}
	return title, append(rows, st.Faint.Render(foot)), nil
}

// tabs are the kinds, the chosen one marked.
func (g *gallery) tabs(c *chat, width int) string {
	names := map[string]string{
		"": c.say("gallery.all"), "image": c.say("gallery.images"), "video": c.say("gallery.videos"), "file": c.say("gallery.files"),
	}
	var out []string
	x := 0
	g.spans = g.spans[:0]
	for _, kind := range galleryKinds() {
		style := c.st.Muted
		if kind == g.kind {
			style = c.st.Selected
		}
		out = append(out, style.Render(names[kind]))
		g.spans = append(g.spans, [2]int{x, x + text.Width(names[kind])})
		x += text.Width(names[kind]) + 3
	}
	return text.Truncate(strings.Join(out, "   "), width)
}

// rows are one entry: its thumbnail, and beside it what it is, who sent it and when, and where it is.
func (g *gallery) rows(c *chat, item *galleryItem, chosen bool, width int) []string {
	st, a := c.st, item.p.Attached
	mark, name := "  ", st.Text.Render(a.Name)
	if chosen {
		mark, name = st.SelectedMark.Render(st.Glyphs.Mark)+" ", st.Selected.Render(a.Name)
	}
	what := text.Line(a.MIME)
	if a.Width > 0 && a.Height > 0 {
		what += c.plainly(fmt.Sprintf(" %s %d×%d", st.Glyphs.Bullet, a.Width, a.Height))
	}
	what += " " + st.Glyphs.Bullet + " " + humanize.IBytes(a.Size)
	who := text.Name(item.said.Name) + " " + st.Glyphs.Bullet + " " + item.said.Time.In(c.cfg.Zone).Format("2006-01-02 15:04")
	if words := g.where(c, item.p); words != "" {
		who += " " + st.Glyphs.Bullet + " " + words
	}
	lines := []string{name, st.Muted.Render(what), st.Muted.Render(who)}
	thumb := g.box(c, item)
	var out []string
	for i := range thumbHeight {
		out = append(out, text.Truncate(mark+text.Pad(thumb[i], thumbWidth)+"  "+lines[i], width))
	}
	return append(out, "")
}

// where says where the bytes are, unless they are simply here.
func (g *gallery) where(c *chat, p *talk.Picture) string {
	switch {
	case p.Moving():
		return c.say("picture.coming", "percent", int(p.Progress()*100))
	case p.Kept():
		return c.say("file.kept")
	case p.Standing() == talk.Here:
		return ""
	case p.Standing() == talk.Asked:
		return c.say("gallery.asked")
	}
	return c.say("gallery.not_here")
}

// box is the thumbnail, or a sign for what has none.
func (g *gallery) box(c *chat, item *galleryItem) []string {
	out := make([]string, thumbHeight)
	if len(item.thumb) > 0 {
		copy(out, item.thumb)
		return out
	}
	sign := c.say("gallery.file")
	switch {
	case item.p.IsImage():
		sign = c.say("gallery.image")
	case item.p.IsVideo():
		sign = c.say("gallery.video")
	}
	out[0] = c.st.Border.Render(strings.Repeat(c.st.Glyphs.Dashed, thumbWidth))
	out[1] = c.st.Faint.Render(text.Truncate(strings.Repeat(" ", max(0, (thumbWidth-text.Width(sign))/2))+sign, thumbWidth))
	out[2] = out[0]
	return out
}
