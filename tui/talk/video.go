// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"fmt"
	"strings"
	"time"

	"kchat/rooms"
	"kchat/tui/text"
	"kchat/wire"
)

// Phase says what a video in the talk does.
type Phase uint8

// What it can do.
const (
	Still    Phase = iota // it can be played
	Starting              // its first frame is being decoded
	Playing
	Paused
	Over
)

// Playback is how a video stands.
type Playback struct {
	Phase    Phase
	At       time.Duration
	Duration time.Duration // 0: not known
	Sound    bool          // it has sound, and that is heard
	Slow     bool          // the terminal is too slow for all of its frames
}

// film is what is known of a video besides how it looks.
type film struct {
	Playback
	shown  bool // there is a playback to be told
	live   bool
	coming bool // its bytes are on their way here
	begun  bool // it has been started by itself
}

// The size of a video of which nobody said it, in pixels.
const (
	usualVideoWidth  = 640
	usualVideoHeight = 360
)

// NewLive returns the item of a live video. It has no place in the talk, so it stays at its end.
func NewLive(m rooms.Message) *Message {
	item := newMessage(m)
	item.picture.film.live = true
	item.picture.file.standing = Here
	return item
}

// Live reports whether it is a video that is sent while it is made.
func (p *Picture) Live() bool { return p.film.live }

// IsShown reports whether it is something that is shown in the talk.
func (p *Picture) IsShown() bool { return p.IsImage() || p.IsVideo() }

// WantsVideo returns the cells that a video should be shown in, and whether it is not shown so yet.
func (p *Picture) WantsVideo() (width, height int, wants bool) {
	if !p.IsVideo() || p.gone || p.asked.width == 0 {
		return 0, 0, false
	}
	return p.asked.width, p.asked.height, p.stale || p.asked != p.drawn
}

// SetComing notes whether the bytes of the video are on their way here.
func (p *Picture) SetComing(coming bool) { p.film.coming = coming }

// CanPlay reports whether there is something of the video that can be shown.
func (p *Picture) CanPlay() bool {
	return p.IsVideo() && !p.gone && (p.film.coming || p.film.live || p.file.standing == Here && !p.Moving() || p.Outgoing())
}

// Begin reports whether the video, which comes just now, is to be started by itself, and notes that it was.
func (p *Picture) Begin() bool {
	if p.film.begun || !p.film.coming {
		return false
	}
	p.film.begun = true
	return true
}

// SetPlayback notes how the video stands. Frames that change nothing about it cost nothing.
func (p *Picture) SetPlayback(b Playback) {
	b.At = b.At.Truncate(time.Second)
	if !p.film.shown || p.film.Playback != b {
		p.film.Playback, p.film.shown = b, true
		p.version++
	}
}

// playRow is the row under a video: what it does, and how far it is.
func (p *Picture) playRow(look *Look, width int) string {
	st, g, b := look.Styles, look.Styles.Glyphs, p.film.Playback
	if !p.IsVideo() || !p.film.shown && !p.CanPlay() {
		return ""
	}
	mark, key := g.Play, "video.play"
	switch b.Phase {
	case Starting, Playing:
		mark, key = g.Pause, "video.pause"
	case Over:
		key = "video.again"
	}
	duration := max(b.Duration, p.Attached.Duration)
	row := st.Accent.Render(mark) + " "
	switch {
	case p.film.live && b.Phase != Over:
		row += st.Warn.Render(look.Words.Say("video.live"))
	case duration > 0:
		cells := max(4, min(20, width/4))
		full := min(int(float64(cells)*float64(b.At)/float64(duration)+0.5), cells)
		row += clock(b.At) + " " + st.Accent.Render(strings.Repeat(g.BarFull, full)) +
			st.Border.Render(strings.Repeat(g.BarEmpty, cells-full)) + " " + clock(duration)
	default:
		row += clock(b.At)
	}
	row += "  " + st.Faint.Render(look.Words.Say(key))
	if b.Sound {
		row += st.Faint.Render(" " + g.Bullet + " " + look.Words.Say("video.sound"))
	}
	if b.Slow {
		row += st.Faint.Render(" " + g.Bullet + " " + look.Words.Say("video.slow"))
	}
	return text.Truncate(row, width)
}

// PlayRow is the row for a video that fills the screen.
func (p *Picture) PlayRow(look *Look, width int) string { return p.playRow(look, width) }

// clock writes a time of a film.
func clock(d time.Duration) string {
	s := int(d / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// PutLive shows the item of a live video.
func (t *Talk) PutLive(m *Message) {
	t.byID[m.ID], t.live = m, true
	t.Insert(m)
}

// sizeWords say how large it is; nobody knows that of a live video.
func (p *Picture) sizeWords(look *Look, size string) string {
	if p.film.live && p.Attached.Size == wire.SizeUnknown {
		return ""
	}
	return " " + look.Styles.Glyphs.Bullet + " " + size
}
