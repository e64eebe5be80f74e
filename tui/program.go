// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"

	"kchat/rooms"
)

const (
	// atOnce is how many events are shown in one go: between two of them nothing is drawn.
	atOnce = 256
	// keysEvery is how many times a second what changed is written to the terminal: a key waits for half of that time.
	// What others do changes the screen less often (frameEvery).
	keysEvery = 120
	// closeFor is how long the program waits for its session to say goodbye.
	closeFor = 5 * time.Second
)

// Run shows the screen until the user leaves or ctx ends. However it ends, what was typed and not sent is saved.
func Run(ctx context.Context, cfg Config) error { return runProgram(ctx, cfg, nil) }

// runProgram is Run; see is shown the program before it runs.
func runProgram(ctx context.Context, cfg Config, see func(p *tea.Program, r *root)) error {
	e, err := newEnv(&cfg)
	if err != nil {
		return fmt.Errorf("tui: %w", err)
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var wg sync.WaitGroup
	r := newRoot(e)
	e.ending = ctx.Done()
	// Signals end ctx. Bubble Tea's own handler would hear the same ones, and when ctx has ended the program first, wait for
	// ever to tell it.
	options := []tea.ProgramOption{
		tea.WithContext(ctx), tea.WithFilter(r.filter), tea.WithOutput(e.paint.Output().ForProgram()), tea.WithFPS(keysEvery), tea.WithoutSignalHandler(),
	}
	if term.IsTerminal(os.Stdin.Fd()) { // where it is none, the program finds the terminal itself
		options = append(options, tea.WithInput(&pasteGuard{File: os.Stdin, now: time.Now}))
	}
	p := tea.NewProgram(r, append(options, cfg.Options...)...)
	e.send = p.Send
	e.own = func(do func(ctx context.Context)) {
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					p.Send(leaveMsg{newFault(v)})
				}
			}()
			do(own)
		})
	}
	if see != nil {
		see(p, r)
	}
	e.own(e.paint.Run)
	_, err = p.Run()
	saved := r.save()
	cancel()
	waitFor(&wg, closeFor)
	_, _ = e.paint.Output().Write([]byte(r.unfollow())) // a terminal that is gone needs nothing
	e.flush()
	if r.running != nil {
		saved = errors.Join(saved, r.running.close())
	}
	if r.fault != nil {
		err = r.fault
	}
	return errors.Join(quietly(ctx, err), r.err, saved)
}

// flush waits until the terminal has taken what the program wrote last, which gives it back to the shell.
func (e *env) flush() {
	ctx, cancel := context.WithTimeout(context.Background(), closeFor)
	defer cancel()
	_ = e.paint.Output().Flush(ctx) // a terminal that is gone needs nothing
}

// quietly drops the errors that only say that the program was told to end.
func quietly(ctx context.Context, err error) error {
	if errors.Is(err, tea.ErrInterrupted) || (ctx.Err() != nil && errors.Is(err, tea.ErrProgramKilled)) {
		return nil
	}
	return err
}

// save keeps the drafts, whatever happened before.
func (r *root) save() (err error) {
	defer func() {
		if v := recover(); v != nil { // the same fault again, perhaps
			err = newFault(v)
		}
	}()
	if r.chat == nil || r.chat.session.Archive == nil || r.chat.link.reading {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeFor)
	defer cancel()
	return keepLast(ctx, r.chat.session.Archive, r.chat.memory.keeping, r.chat.changes())
}

func waitFor(wg *sync.WaitGroup, at time.Duration) {
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(at):
	}
}

// serve runs the client and brings its events to the program until both have ended.
func (run *running) serve(ctx context.Context, send func(tea.Msg)) {
	ended := make(chan error, 1)
	go func() { ended <- run.session.Client.Run(ctx) }()
	run.pump(send)
	err := <-ended
	if f, ok := errors.AsType[*rooms.Fault](err); ok {
		send(leaveMsg{&Fault{f.Value, f.Stack}})
		return
	}
	send(endedMsg{run, err})
}

// close closes what the session has open, once.
func (run *running) close() error {
	run.closed.Do(func() { run.closeErr = closeSession(run.session) })
	return run.closeErr
}

// pump brings events in batches: as many as are there, since each batch is drawn.
func (run *running) pump(send func(tea.Msg)) {
	events := run.session.Client.Events()
	for ev := range events {
		batch := append(make([]rooms.Event, 0, 16), ev)
	more:
		for len(batch) < atOnce {
			select {
			case next, ok := <-events:
				if !ok {
					break more
				}
				batch = append(batch, next)
			default:
				break more
			}
		}
		send(eventsMsg{run, batch})
	}
}

func closeSession(s Session) error {
	if s.Close == nil {
		return nil
	}
	if err := s.Close(); err != nil {
		return fmt.Errorf("closing the history: %w", err)
	}
	return nil
}
