// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/text/unicode/norm"

	"kchat/tui/pixels"
)

// maxEdited is the largest file that is taken back from an editor, in bytes: far more than a message may have, so that
// what is too long can still be cut in the composer.
const maxEdited = 1 << 20

// openEditor writes the message in the user's own editor. The program rests until that has ended; the client beneath
// goes on, so that nobody sees us leave.
func (c *chat) openEditor() tea.Cmd {
	if c.cfg.Editor == "" {
		return c.warn(c.say("editor.none"))
	}
	if c.link.reading {
		return c.warn(c.say("composer.reading"))
	}
	words, room, command := c.composer.value(), c.book.current, c.cfg.Editor
	e := &editing{command: command, output: c.cfg.Output, drain: c.paint.Output(), ending: c.ending}
	return c.ask(func(context.Context) func(*chat) tea.Cmd {
		err := e.begin(words)
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("editor.failed", "why", c.reason(err)))
			}
			for _, v := range c.videos.open { // their frames go to the terminal past the program
				c.hideVideo(v, true)
			}
			return tea.Exec(e, func(err error) tea.Msg {
				edited, err := e.end(err)
				return applyMsg{c, func(c *chat) tea.Cmd { return c.edited(room, words, edited, err) }}
			})
		}
	})
}

// edited puts what the editor left into the composer. When that went wrong, what was there before stays.
func (c *chat) edited(of *room, before, words string, err error) tea.Cmd {
	back := c.repaint()
	switch {
	case err != nil:
		return tea.Batch(back, c.warn(c.say("editor.failed", "why", c.reason(err))))
	case words == before:
	case of == c.book.current:
		c.composer.set(words)
		c.popup.close()
	case of != nil:
		of.draft = words
	}
	return tea.Batch(back, c.saveSoon())
}

// editing is an editor at work on a file of ours. It implements tea.ExecCommand.
type editing struct {
	command string // for the shell, as $EDITOR is
	output  io.Writer
	drain   *pixels.Output  // must be empty before another program writes to the terminal
	ending  <-chan struct{} // closed when kchat is told to end: the editor then is too
	file    string
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
}

// begin writes the words to a file that only its owner may read. Its name tells editors that it is marked text.
func (e *editing) begin(words string) error {
	f, err := os.CreateTemp("", "kchat-*.md")
	if err != nil {
		return err
	}
	e.file = f.Name()
	_, err = f.WriteString(words)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(e.file) // the first error counts
	}
	return err
}

// SetStdin implements tea.ExecCommand. An editor needs the terminal itself, not a pipe to it.
func (e *editing) SetStdin(r io.Reader) {
	if g, ok := r.(*pasteGuard); ok {
		r = g.File
	}
	if f, ok := r.(*os.File); ok {
		e.stdin = f
		return
	}
	e.stdin = os.Stdin
}

// SetStdout implements tea.ExecCommand.
func (e *editing) SetStdout(io.Writer) { e.stdout = e.output }

// SetStderr implements tea.ExecCommand.
func (e *editing) SetStderr(w io.Writer) { e.stderr = w }

// Run implements tea.ExecCommand.
func (e *editing) Run() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeFor)
	defer cancel()
	if err := e.drain.Flush(ctx); err != nil {
		return fmt.Errorf("leaving the screen: %w", err)
	}
	// The shell splits the command, as it does for git and crontab: "code --wait" is two words.
	cmd := exec.Command("sh", "-c", e.command+` "$@"`, "sh", e.file)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = e.stdin, e.stdout, e.stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-done:
		case <-e.ending:
			_ = cmd.Process.Signal(syscall.SIGHUP) // what is in it is lost no more than when its terminal closes
		}
	}()
	err := cmd.Wait()
	close(done)
	<-watched
	return err
}

// end reads the file back and removes it. A file that cannot be taken stays, and is named.
func (e *editing) end(err error) (string, error) {
	if err != nil {
		_ = os.Remove(e.file)                                                              // nothing in it is wanted
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 127 { // POSIX: the command was not found
			return "", fmt.Errorf("%s: command not found", e.command)
		}
		return "", fmt.Errorf("%s: %w", e.command, err)
	}
	f, err := os.Open(e.file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	words, err := io.ReadAll(io.LimitReader(f, maxEdited+1))
	if err != nil || len(words) > maxEdited {
		return "", errors.Join(err, fmt.Errorf("%s is too large", e.file))
	}
	_ = os.Remove(e.file) // it has been read
	return norm.NFC.String(strings.TrimRight(strings.ToValidUTF8(string(words), "\ufffd"), "\r\n")), nil
}
