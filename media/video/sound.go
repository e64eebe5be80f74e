// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
)

// ErrNoSound says that the system has no program we know that plays sound.
var ErrNoSound = errors.New("no program to play sound was found: install pulseaudio-utils or alsa-utils to hear videos")

// soundBuffer is how much sound waits to be played, in bytes: five seconds. Without it a player that takes its time
// would hold up the pictures, which come through the same decoder.
const soundBuffer = 5 * 48000 * 4

// Sound plays the sound of a film through the system's player. It takes what [DecodeOptions] promise. Its methods
// may be called from several goroutines.
type Sound struct {
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond // anything below
	buf     []byte
	paused  bool
	muted   bool
	ended   bool  // nothing more will be written
	broken  error // the player has gone
}

// players are the programs that play raw samples from standard input, the most likely to be right first.
func players() [][]string {
	return [][]string{
		{"paplay", "--raw", "--format=s16le", "--rate=48000", "--channels=2", "--client-name=kchat"},
		{"aplay", "-q", "-t", "raw", "-f", "S16_LE", "-r", "48000", "-c", "2", "-"},
	}
}

// OpenSound starts the system's player, paused. [ErrNoSound] means that films are quiet here, which is no reason not
// to show them.
func OpenSound(ctx context.Context) (*Sound, error) {
	for _, args := range players() {
		if path, err := exec.LookPath(args[0]); err == nil {
			return openSound(ctx, path, args[1:]...)
		}
	}
	return nil, ErrNoSound
}

func openSound(ctx context.Context, path string, args ...string) (*Sound, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, path, args...)
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("play sound: %w: %w", ErrNoSound, err)
	}
	s := &Sound{cancel: cancel, paused: true}
	s.changed = sync.NewCond(&s.mu)
	s.done.Go(func() {
		err := s.feed(in)
		err = errors.Join(err, in.Close(), cmd.Wait())
		s.mu.Lock()
		defer s.mu.Unlock()
		s.broken = errors.Join(errors.New("the sound player has ended"), err)
		s.buf = nil
		s.changed.Broadcast()
	})
	context.AfterFunc(ctx, s.Finish) // nobody waits for a player that was ended
	return s, nil
}

// feed gives the player its samples until there are no more.
func (s *Sound) feed(w io.Writer) error {
	var piece []byte
	for {
		s.mu.Lock()
		for (s.paused || len(s.buf) == 0) && !s.ended {
			s.changed.Wait()
		}
		if len(s.buf) == 0 {
			s.mu.Unlock()
			return nil
		}
		n := min(len(s.buf), 4096) // some 20 ms, so that muting and pausing are heard at once
		piece = append(piece[:0], s.buf[:n]...)
		s.buf = s.buf[n:]
		if s.muted {
			clear(piece)
		}
		s.changed.Broadcast()
		s.mu.Unlock()
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
}

// Write takes samples. It waits while more than five seconds of them have not been played.
func (s *Sound) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.buf) >= soundBuffer && s.broken == nil && !s.ended {
		s.changed.Wait()
	}
	if s.broken != nil {
		return 0, s.broken
	}
	if s.ended {
		return 0, io.ErrClosedPipe
	}
	s.buf = append(s.buf, p...)
	s.changed.Broadcast()
	return len(p), nil
}

// Play lets the sound be heard; Pause stops it where it is. It is to be called with the first picture.
func (s *Sound) Play() { s.set(func() { s.paused = false }) }

// Pause stops the sound until Play.
func (s *Sound) Pause() { s.set(func() { s.paused = true }) }

// Mute makes the sound silent, or heard again. It goes on meanwhile.
func (s *Sound) Mute(on bool) { s.set(func() { s.muted = on }) }

// Finish says that the film is over: what has been written is still played, even after a Pause.
func (s *Sound) Finish() { s.set(func() { s.ended = true }) }

func (s *Sound) set(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
	s.changed.Broadcast()
}

// Close ends the player at once.
func (s *Sound) Close() error {
	s.set(func() { s.ended, s.buf = true, nil })
	s.cancel()
	s.done.Wait()
	return nil
}
