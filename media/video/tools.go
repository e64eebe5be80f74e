// SPDX-License-Identifier: GPL-2.0-only

// Package video sends and plays films with the help of ffmpeg: it makes any file streamable as Matroska without
// encoding it anew, cuts the stream where a decoder can begin, decodes it while its bytes still arrive, and paces
// the frames. It writes to no terminal and opens no socket.
package video

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
)

// What can go wrong with a film. Errors wrap one of these and add what ffmpeg said.
var (
	ErrNoFFmpeg = errors.New("ffmpeg is not installed: install it to send and play videos (Debian and Ubuntu: apt install ffmpeg)")
	ErrNoVideo  = errors.New("there is no video track in this file: send it as a file instead")
	ErrDamaged  = errors.New("the video is damaged or of a kind ffmpeg does not know: try to convert it first")
	ErrTooLarge = errors.New("the video's picture is too large: scale it down to at most 8192 x 4320 pixels")
	ErrCrashed  = errors.New("ffmpeg ended unexpectedly: try again, and update it if that goes on")
)

// maxPixels bounds the memory a stranger's film can cost while it is decoded.
const maxPixels = 8192 * 4320

// Tools are the programs this package runs.
type Tools struct {
	FFmpeg  string // path
	FFprobe string // path
}

// Find looks for the programs in the PATH.
func Find() (Tools, error) {
	var t Tools
	var err error
	if t.FFmpeg, err = exec.LookPath("ffmpeg"); err != nil {
		return Tools{}, fmt.Errorf("%w: %w", ErrNoFFmpeg, err)
	}
	if t.FFprobe, err = exec.LookPath("ffprobe"); err != nil {
		return Tools{}, fmt.Errorf("%w: %w", ErrNoFFmpeg, err)
	}
	return t, nil
}

// fromFile are the arguments that open a file of ours. Files that name other files may name only files.
func fromFile(path string) []string {
	return []string{"-protocol_whitelist", "file", "-max_pixels", fmt.Sprint(maxPixels), "-i", "file:" + path}
}

// fromPipe are the arguments that open standard input. A stranger's stream cannot make ffmpeg open anything else.
func fromPipe(formats string) []string {
	args := []string{"-protocol_whitelist", "pipe", "-max_pixels", fmt.Sprint(maxPixels)}
	if formats != "" {
		args = append(args, "-format_whitelist", formats)
	}
	return append(args, "-i", "pipe:0")
}

// command prepares a run of ffmpeg that says nothing but errors and asks nothing.
func (t Tools) command(ctx context.Context, args ...string) (*exec.Cmd, *tail) {
	cmd := exec.CommandContext(ctx, t.FFmpeg, append([]string{"-hide_banner", "-nostdin", "-v", "error"}, args...)...)
	said := &tail{}
	cmd.Stderr = said
	return cmd, said
}

// tail keeps the end of what a program says.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailLen = 4096

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if extra := len(t.buf) - tailLen; extra > 0 {
		t.buf = t.buf[extra:]
	}
	return len(p), nil
}

// String gives the last lines in one, at most three.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.FieldsFunc(string(bytes.ToValidUTF8(t.buf, nil)), func(r rune) bool { return r == '\n' || r == '\r' })
	return strings.Join(lines[max(0, len(lines)-3):], "; ")
}

// explain turns the end of a run into one of our errors.
func explain(ctx context.Context, err error, said string) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, exec.ErrDot) {
		return fmt.Errorf("%w: %w", ErrNoFFmpeg, err)
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) { // it did not even start
		return fmt.Errorf("%w: %w", ErrNoFFmpeg, err)
	}
	kind := ErrCrashed
	switch {
	case !exit.Exited(): // by a signal
	case contains(said, "matches no streams", "does not contain any stream"):
		kind = ErrNoVideo
	case contains(said, "max_pixels", "Picture size", "dimensions not set", "Invalid frame dimensions"):
		kind = ErrTooLarge
	default:
		kind = ErrDamaged
	}
	return fmt.Errorf("%w: %w: %s", kind, err, said)
}

func contains(s string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}
