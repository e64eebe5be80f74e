// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// Film is where the bytes of a film come from. What is missing from one that is still being sent divides it into
// parts; each begins where a decoder can.
type Film interface {
	// Open gives the newest part if it is a later one than after (0: any), from its beginning, or waits for it. At the
	// end of the film the error is io.EOF.
	Open(ctx context.Context, after int) (part io.ReadCloser, number int, err error)
}

// Screen is what a film is shown on.
type Screen interface {
	// Show takes a frame, which is the screen's to keep, or returns false if it is still busy. It must return at once.
	Show(f Frame) bool
	// Changed is called when State tells something else apart from frames.
	Changed()
}

// ShowOptions say how a film is shown in the beginning.
type ShowOptions struct {
	Width, Height int     // pixels of the frames
	MaxFPS        float64 // frames a second that are shown at most; 0: 30
	Paused        bool    // show the first frame and wait for Resume
	Sound         bool    // play the sound, where the system can
}

// MaxFPS is how many frames a second are shown where nothing else is said.
const MaxFPS = 30

// State is how far a show is.
type State struct {
	At       time.Duration // of the frame shown last
	Duration time.Duration // of the film; 0: not known
	Paused   bool
	Ended    bool // the film is over; Seek shows it again
	Audio    bool // the film has sound
	Sound    bool // and it is played
	NoSound  error
	Stats
}

// Show plays one film on one screen: its methods may be called at any time from any goroutine, and Run does what they
// ask for. It is made by [Tools.NewShow].
type Show struct {
	tools     Tools
	film      Film
	openSound func(context.Context) (*Sound, error)

	mu     sync.Mutex
	opts   ShowOptions
	state  State
	again  context.CancelCauseFunc // ends what is being decoded, so that it begins anew; nil between two parts
	from   time.Duration           // where it begins
	player *Player
	sound  *Sound
	wake   chan struct{} // a seek, while the film is over
	moved  bool          // since Seek was called last
}

// NewShow shows a film.
func (t Tools) NewShow(film Film, opts ShowOptions) *Show {
	if opts.MaxFPS <= 0 {
		opts.MaxFPS = MaxFPS
	}
	return &Show{tools: t, film: film, opts: opts, openSound: OpenSound, wake: make(chan struct{}, 1), state: State{Paused: opts.Paused}}
}

// errAgain is why a decoder ends whose film goes on in another size or place.
var errAgain = errors.New("the film is shown otherwise")

// Run shows the film until the context ends, which gives its cause, or the film cannot be shown. At the end of the
// film it waits for Seek.
func (s *Show) Run(ctx context.Context, screen Screen) error {
	after := 0
	for {
		part, number, err := s.film.Open(ctx, after)
		switch {
		case errors.Is(err, io.EOF):
			if err := s.over(ctx, screen); err != nil {
				return err
			}
			after = 0
			continue
		case err != nil:
			return err
		}
		switch err := s.part(ctx, part, screen); {
		case errors.Is(err, errAgain):
			after = number - 1
		case err != nil:
			return err
		default:
			after = number
			s.begin(0)
		}
	}
}

// over waits at the end of the film until it is to be shown again.
func (s *Show) over(ctx context.Context, screen Screen) error {
	s.mu.Lock()
	ended := !s.moved
	s.state.Ended = ended
	s.mu.Unlock()
	if ended {
		screen.Changed()
	}
	select {
	case <-s.wake:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	s.mu.Lock()
	s.state.Ended, s.moved = false, false
	s.mu.Unlock()
	screen.Changed()
	return nil
}

func (s *Show) begin(at time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from = at
}

// part shows one part to its end, which gives nil, or until it is to be shown otherwise.
func (s *Show) part(ctx context.Context, part io.ReadCloser, screen Screen) error {
	ctx, again := context.WithCancelCause(ctx)
	defer again(nil)
	stop := context.AfterFunc(ctx, func() { part.Close() }) // it may wait for what does not come
	defer stop()
	s.mu.Lock()
	s.again = again
	select { // it is about to begin where that asked for
	case <-s.wake:
	default:
	}
	s.moved = false
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.again, s.player, s.sound = nil, nil, nil
		s.mu.Unlock()
	}()
	header, body, err := ReadHeader(part)
	if err != nil {
		part.Close()
		return cause(ctx, err)
	}
	opts, sound := s.prepare(ctx, header)
	if sound != nil {
		defer sound.Close()
	}
	d, err := s.tools.Decode(ctx, body, opts)
	if err != nil {
		part.Close()
		return cause(ctx, err)
	}
	defer d.Close()
	player := NewPlayer(d)
	s.mu.Lock()
	s.player = player
	base := s.state.Stats
	s.mu.Unlock()
	err = player.Run(ctx, func(f Frame) bool { return s.frame(player, sound, screen, base, f) })
	if sound != nil && err == nil {
		sound.Finish()
	}
	return cause(ctx, err)
}

// cause tells why something ended with its context.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// prepare says how a part is decoded now, and opens the sound.
func (s *Show) prepare(ctx context.Context, h Header) (DecodeOptions, *Sound) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Audio = h.Audio
	if h.Duration > 0 {
		s.state.Duration = h.Duration
	}
	opts := DecodeOptions{
		Width: s.opts.Width, Height: s.opts.Height, FPS: h.Rhythm(s.opts.MaxFPS), Rotation: h.Rotation, From: s.from,
	}
	s.state.Sound = false
	if !h.Audio || !s.opts.Sound {
		return opts, nil
	}
	sound, err := s.openSound(ctx)
	if s.state.NoSound = err; err != nil {
		return opts, nil
	}
	s.state.Sound, s.sound = true, sound
	opts.Sound = sound
	return opts, sound
}

// frame shows a frame that is due. After the first one the sound begins, or the film waits if it is paused.
func (s *Show) frame(player *Player, sound *Sound, screen Screen, base Stats, f Frame) bool {
	shown := screen.Show(f)
	now := player.Stats()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Stats = Stats{Shown: base.Shown + now.Shown, Dropped: base.Dropped + now.Dropped, Stalls: base.Stalls + now.Stalls}
	if !shown {
		s.state.Dropped++
		return false
	}
	s.state.Shown++
	s.state.At, s.from = f.At, f.At
	switch {
	case s.state.Paused:
		player.Pause()
	case sound != nil:
		sound.Play()
	}
	return true
}

// Pause stops the film at a frame.
func (s *Show) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Paused = true
	if s.player != nil && s.state.Shown > 0 {
		s.player.Pause()
	}
	if s.sound != nil {
		s.sound.Pause()
	}
}

// Resume goes on.
func (s *Show) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Paused = false
	if s.player != nil {
		s.player.Resume()
	}
	if s.sound != nil {
		s.sound.Play()
	}
}

// Seek goes on somewhere else, also after the end of the film.
func (s *Show) Seek(to time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from, s.state.At = max(to, 0), max(to, 0)
	s.anew()
}

// anew has what is being shown decoded anew. Whoever calls it holds mu.
func (s *Show) anew() {
	s.moved = true
	select {
	case s.wake <- struct{}{}:
	default:
	}
	if s.again != nil {
		s.again(errAgain)
	}
}

// Resize shows the film in another size from now on. A film that is over stays as it is.
func (s *Show) Resize(width, height int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opts.Width == width && s.opts.Height == height {
		return
	}
	s.opts.Width, s.opts.Height = width, height
	if s.again != nil {
		s.again(errAgain)
	}
}

// SetRate shows at most so many frames a second from now on.
func (s *Show) SetRate(fps float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opts.MaxFPS == fps {
		return
	}
	s.opts.MaxFPS = fps
	if s.again != nil {
		s.again(errAgain)
	}
}

// SetSound lets the sound be heard or not.
func (s *Show) SetSound(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Sound = on
	switch {
	case s.sound != nil:
		s.sound.Mute(!on)
		s.state.Sound = on
	case on && s.again != nil && s.state.Audio && s.state.NoSound == nil:
		s.again(errAgain)
	}
}

// State tells how far it is.
func (s *Show) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}
