// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"slices"

	tea "charm.land/bubbletea/v2"

	"kchat/media/video"
	"kchat/rooms"
	"kchat/tui/pixels"
	"kchat/tui/talk"
	"kchat/tui/text"
)

// maxVideos is how many videos are open at the same time, playing or paused; each has a decoder.
const maxVideos = 3

// videos are the videos of the chat. The zero value with a window is ready.
type videos struct {
	open   []*videoPlayer // the one that was begun last is the last
	full   *videoPlayer   // fills the screen
	muted  bool
	window *videoWindow

	preparing []*preparation // to be sent
}

// videoPlayer is a video that is open: it plays, is paused, is over, or is being opened for its first frame alone.
type videoPlayer struct {
	message *talk.Message
	picture *talk.Picture
	room    *room
	screen  *videoScreen
	cancel  context.CancelFunc
	show    VideoShow // nil until it is open
	place   videoPlace
	lines   []string // the frame shown last
	drawn   videoPlace
	poster  bool // only its first frame is wanted
	paused  bool // by the user
	away    bool // paused since it is not on the screen
	sound   bool
	rate    float64     // frames a second at most; 0: as many as usual
	seen    video.Stats // when its rate was looked at last
	state   video.State
}

// The messages of the videos.
type (
	videoOpenMsg struct {
		to *chat
		of *videoPlayer
		by VideoShow
	}
	videoFrameMsg struct {
		to    *chat
		of    *videoPlayer
		lines []string
		place videoPlace
		taken chan struct{} // is closed when the frame has been taken
	}
	videoChangedMsg struct {
		to *chat
		of *videoPlayer
	}
	videoEndMsg struct {
		to   *chat
		of   *videoPlayer
		last []string // the last frame, as it is to stay
		kept *pixels.Still
		at   videoPlace
		err  error
	}
)

// video takes the messages of the videos, and reports whether it was one.
func (c *chat) video(msg tea.Msg) (tea.Cmd, bool) {
	switch msg := msg.(type) {
	case videoOpenMsg:
		return c.videoOpened(msg), true
	case videoFrameMsg:
		return c.videoFrame(msg), true
	case videoChangedMsg:
		c.videoChanged(msg.of)
		return nil, true
	case videoEndMsg:
		return c.videoEnded(msg), true
	}
	return nil, false
}

// videoOf is the open video of an attachment, or nil.
func (c *chat) videoOf(p *talk.Picture) *videoPlayer {
	for _, v := range c.videos.open {
		if v.picture == p {
			return v
		}
	}
	return nil
}

// lookAtVideos begins what is to be seen of the videos on the screen, and lets those wait that are not on it.
func (c *chat) lookAtVideos() tea.Cmd {
	if c.cfg.Videos == nil {
		return nil
	}
	var seen []*talk.Picture
	if r := c.book.current; r != nil {
		for _, m := range c.sight(r) {
			if m.Picture() == nil || !m.Picture().IsVideo() {
				continue
			}
			p := m.Picture()
			seen = append(seen, p)
			width, height, wants := p.WantsVideo()
			v := c.videoOf(p)
			switch {
			case v != nil:
				c.moveVideo(v)
			case width == 0 || !p.CanPlay():
			case !m.Backfill && p.Begin():
				c.openVideo(r, m, false)
			case wants && !p.Asked(width, height) && !p.Live():
				p.Ask(width, height)
				c.openVideo(r, m, true)
			}
		}
	}
	for _, v := range slices.Clone(c.videos.open) {
		if c.book.find(v.room.name) != v.room {
			c.closeVideo(v)
			continue
		}
		c.hideVideo(v, v != c.videos.full && !slices.Contains(seen, v.picture))
	}
	return nil
}

// closeVideos ends all videos.
func (c *chat) closeVideos() {
	for len(c.videos.open) > 0 {
		c.closeVideo(c.videos.open[0])
	}
	c.stopPreparing()
}

// hideVideo pauses a video that is not on the screen, and goes on when it is.
func (c *chat) hideVideo(v *videoPlayer, away bool) {
	if v.away == away || v.poster {
		return
	}
	v.away = away
	c.applyPause(v)
}

func (c *chat) applyPause(v *videoPlayer) {
	if v.show == nil {
		return
	}
	if v.paused || v.away {
		v.show.Pause()
	} else {
		v.show.Resume()
	}
	c.videoChanged(v)
}

// placeOf is where a video is to be shown now.
func (c *chat) placeOf(v *videoPlayer) videoPlace {
	cols, rows, _ := v.picture.WantsVideo()
	if v == c.videos.full {
		cols, rows = c.fullSize(v)
	}
	return videoPlace{cols: cols, rows: rows, on: c.ground(), caps: c.paint.Caps()}
}

// moveVideo shows a video where it is to be shown now.
func (c *chat) moveVideo(v *videoPlayer) {
	to := c.placeOf(v)
	if to == v.place || to.cols == 0 {
		return
	}
	v.place = to
	v.screen.move(to)
	if v.show != nil {
		v.show.Resize(to.pixels())
	}
}

// openVideo opens a video, for its first frame alone or to play it.
func (c *chat) openVideo(r *room, m *talk.Message, poster bool) {
	for len(c.videos.open) >= maxVideos {
		at := slices.IndexFunc(c.videos.open, func(v *videoPlayer) bool { return v != c.videos.full && (v.paused || v.away || v.poster) })
		c.closeVideo(c.videos.open[max(at, 0)])
	}
	v := &videoPlayer{message: m, picture: m.Picture(), room: r, poster: poster}
	v.place = c.placeOf(v)
	if !poster {
		v.sound = !c.videos.muted
		for _, other := range c.videos.open { // one is heard at a time
			c.hearVideo(other, false)
		}
		v.picture.SetPlayback(talk.Playback{Phase: talk.Starting})
	}
	ctx, cancel := context.WithCancel(context.Background())
	v.cancel = cancel
	send := c.send
	v.screen = &videoScreen{
		paint: c.paint, frames: make(chan video.Frame, 1), place: v.place, window: c.videos.window,
		tell: func() { send(videoChangedMsg{c, v}) },
		send: func(lines []string, _ video.Frame, of videoPlace) <-chan struct{} {
			taken := make(chan struct{})
			send(videoFrameMsg{c, v, lines, of, taken})
			return taken
		},
	}
	c.videos.open = append(c.videos.open, v)
	w, h := v.place.pixels()
	opts := video.ShowOptions{Width: w, Height: h, Paused: poster, Sound: v.sound}
	all, id := c.cfg.Videos, videoID(m)
	c.own(func(program context.Context) {
		defer context.AfterFunc(program, cancel)()
		v.run(ctx, c, all, id, opts)
	})
}

// videoID names the video of a message.
func videoID(m *talk.Message) VideoID {
	if m.Picture().Live() {
		return VideoID{Hash: m.Picture().Attached.Hash, Stream: m.ID}
	}
	return VideoID{Hash: m.Picture().Attached.Hash}
}

// run shows the video until its context ends or it cannot be shown. Its last frame stays.
func (v *videoPlayer) run(ctx context.Context, c *chat, all Videos, id VideoID, opts video.ShowOptions) {
	end := videoEndMsg{to: c, of: v}
	show, err := all.Open(id, opts)
	if err != nil {
		end.err = err
		c.send(end)
		return
	}
	c.send(videoOpenMsg{c, v, show})
	drawing, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- show.Run(drawing, v.screen)
		stop()
	}()
	last := v.screen.run(drawing)
	stop()
	if err := <-ended; ctx.Err() == nil {
		end.err = err
	}
	end.at = v.screen.now()
	if w, h := end.at.pixels(); end.at.caps.Kitty && last != nil && last.Rect.Dx() == w && last.Rect.Dy() == h {
		ctx, cancel := context.WithTimeout(context.Background(), askFor)
		defer cancel()
		if still, err := v.screen.paint.Still(ctx, last, end.at.cols, end.at.rows); err == nil {
			end.last, end.kept = still.Lines(), still
		}
	}
	c.send(end)
}

// videoOpened takes over a show, with what was asked of it meanwhile.
func (c *chat) videoOpened(msg videoOpenMsg) tea.Cmd {
	v := msg.of
	v.show = msg.by
	v.show.Resize(v.place.pixels())
	v.show.SetSound(v.sound)
	if v.paused || v.away {
		v.show.Pause()
	}
	return nil
}

// videoFrame shows a frame.
func (c *chat) videoFrame(msg videoFrameMsg) tea.Cmd {
	v := msg.of
	close(msg.taken)
	if !slices.Contains(c.videos.open, v) || msg.place != v.place {
		return nil
	}
	v.lines, v.drawn = msg.lines, msg.place
	if v != c.videos.full {
		v.picture.SetCells(msg.place.cols, msg.place.rows, msg.lines, nil)
	}
	c.videoChanged(v)
	if v.poster {
		v.cancel() // its last frame stays
	}
	return c.videos.window.sent()
}

// videoChanged writes under a video how it stands.
func (c *chat) videoChanged(v *videoPlayer) {
	if v.show == nil || v.poster || !slices.Contains(c.videos.open, v) {
		return
	}
	s := v.show.State()
	v.state = s
	b := talk.Playback{Phase: talk.Playing, At: s.At, Duration: s.Duration, Sound: s.Sound && v.sound, Slow: v.rate > 0}
	switch {
	case s.Ended:
		b.Phase, b.At = talk.Over, max(s.At, s.Duration, v.picture.Attached.Duration)
	case v.paused || v.away:
		b.Phase = talk.Paused
	case s.Shown == 0:
		b.Phase = talk.Starting
	}
	v.picture.SetPlayback(b)
}

// closeVideo ends a video. Its last frame stays in the talk.
func (c *chat) closeVideo(v *videoPlayer) {
	c.videos.open = slices.DeleteFunc(c.videos.open, func(other *videoPlayer) bool { return other == v })
	if c.videos.full == v {
		c.videos.full = nil
	}
	v.cancel()
	if !v.poster {
		v.picture.SetPlayback(talk.Playback{Phase: talk.Still, At: v.state.At, Duration: v.state.Duration})
	}
}

// videoEnded takes leave of a video that was closed, or could not be shown.
func (c *chat) videoEnded(msg videoEndMsg) tea.Cmd {
	v := msg.of
	if slices.Contains(c.videos.open, v) {
		c.closeVideo(v)
	}
	if msg.err != nil && !errors.Is(msg.err, context.Canceled) && c.book.find(v.room.name) == v.room {
		v.picture.SetDone(c.reason(msg.err))
		return nil
	}
	again := c.videoOf(v.picture) != nil // somebody plays it by now
	if msg.kept != nil && (again || c.book.find(v.room.name) != v.room) {
		msg.kept.Free()
		return nil
	}
	if msg.last != nil {
		v.picture.SetCells(msg.at.cols, msg.at.rows, msg.last, msg.kept)
	}
	return nil
}

// slowest is the least that a video is reduced to, in frames a second.
const slowest = 5

// paceVideos shows fewer frames of a video where the terminal takes less than half of them.
func (c *chat) paceVideos() {
	for _, v := range c.videos.open {
		if v.show == nil || v.poster {
			continue
		}
		now := v.show.State().Stats
		shown, dropped := now.Shown-v.seen.Shown, now.Dropped-v.seen.Dropped
		v.seen = now
		if shown+dropped < slowest || dropped <= shown {
			continue
		}
		if v.rate == 0 {
			v.rate = video.MaxFPS
		}
		if v.rate > slowest {
			v.rate = max(v.rate/2, slowest)
			v.show.SetRate(v.rate)
		}
		c.videoChanged(v)
	}
}

// videoTransfer notes that a video comes, and shows the item of a live one.
func (c *chat) videoTransfer(t rooms.Transfer) tea.Cmd {
	if t.Kind != rooms.StreamVideo || t.Outgoing || c.cfg.Videos == nil {
		return nil
	}
	if t.Attached.Hash.IsZero() {
		p := c.liveVideo(t).Picture()
		if t.Done == 0 {
			return nil
		}
		p.SetComing(true)
		return c.pictures()
	}
	var came bool
	c.eachPicture(t, func(p *talk.Picture) {
		p.SetComing(t.Done > 0)
		came = came || t.Done > 0
	})
	if !came {
		return nil
	}
	return c.pictures()
}

// liveVideo is the item of a live video. It is made when there is none.
func (c *chat) liveVideo(t rooms.Transfer) *talk.Message {
	r := c.book.open(t.Room)
	if m := r.talk.Message(t.Stream); m != nil {
		return m
	}
	att := t.Attached
	m := talk.NewLive(rooms.Message{
		Community: c.server.Community, Room: t.Room, ID: t.Stream, Time: c.cfg.Clock(), Sender: t.From,
		Name: c.book.names[t.From], Kind: rooms.KindText, Attached: &att,
	})
	r.talk.PutLive(m)
	return m
}

// liveOffered shows a live video that is not taken by itself.
func (c *chat) liveOffered(t rooms.Transfer) tea.Cmd {
	if c.cfg.Videos == nil || t.Kind != rooms.StreamVideo {
		return nil
	}
	c.liveVideo(t).Picture().SetStanding(talk.Large)
	return c.tell(c.say("video.offered", "name", text.Name(c.book.names[t.From])))
}

// videoTransferEnded notes that no more comes of a video, and reports whether it was a live one.
func (c *chat) videoTransferEnded(ev rooms.TransferEnded) (live bool) {
	t := ev.Transfer
	if t.Kind != rooms.StreamVideo || t.Outgoing || c.cfg.Videos == nil {
		return false
	}
	r := c.book.find(t.Room)
	if r == nil {
		return false
	}
	m := r.talk.Message(t.Stream)
	if m == nil || !m.Picture().Live() {
		c.eachPicture(t, func(p *talk.Picture) { p.SetComing(false) })
		return false
	}
	p := m.Picture()
	switch {
	case ev.Err == nil:
		p.Attached.Hash, p.Attached.Size = t.Attached.Hash, t.Attached.Size
		if len(r.talk.Pictures(t.Attached.Hash)) > 0 { // the message was faster
			c.dropLive(r, m)
		}
	case !errors.Is(ev.Err, rooms.ErrSkipped):
		p.SetDone(c.reason(ev.Err))
	}
	return true
}

// liveKept puts the message in place of a live video that it keeps.
func (c *chat) liveKept(r *room, m rooms.Message) {
	if m.Attached == nil {
		return
	}
	for i := r.talk.Len() - 1; i >= 0; i-- {
		live, ok := r.talk.At(i).(*talk.Message)
		if !ok || live.Picture() == nil || !live.Picture().Live() || live.Picture().Attached.Hash != m.Attached.Hash {
			continue
		}
		c.dropLive(r, live)
		return
	}
}

// dropLive takes the item of a live video out of the talk.
func (c *chat) dropLive(r *room, m *talk.Message) {
	if v := c.videoOf(m.Picture()); v != nil {
		c.closeVideo(v)
	}
	r.talk.Drop(m.ID)
}
