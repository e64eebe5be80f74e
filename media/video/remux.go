// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
)

// Remux makes a film streamable: Matroska on a pipe, with the first video and the first sound track as they are,
// and without metadata, which may say where it was filmed. What Matroska cannot hold as it is gets encoded anew.
//
// The stream is read from what it returns; Close ends ffmpeg. Reading fails with [ErrNoVideo], [ErrDamaged] or
// [ErrCrashed] when the film cannot be read.
func (t Tools) Remux(ctx context.Context, path string) (io.ReadCloser, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("make video streamable: %w", err)
	}
	// What can be copied is copied; sound is the part that most often cannot.
	for _, codecs := range [][]string{{"-c", "copy"}, {"-c:v", "copy", "-c:a", "aac"}} {
		p := t.remux(ctx, nil, args(fromFile(path), codecs))
		first := make([]byte, 4096) // more than the descriptions before the first frame, so it went well
		n, err := io.ReadFull(p, first)
		if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return &prepended{Reader: io.MultiReader(bytes.NewReader(first[:n]), p), Closer: p}, nil
		}
		if closeErr := p.Close(); !errors.Is(err, ErrDamaged) {
			return nil, fmt.Errorf("make video streamable: %w", errors.Join(err, closeErr))
		}
	}
	return t.remux(ctx, nil, args(fromFile(path), slices.Concat(encode, []string{"-g", "60", "-c:a", "aac"}))), nil
}

// encode are the arguments that encode pictures anew: H.264 as everything decodes it, which takes even sides only.
var encode = []string{
	"-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2",
}

// args are those of ffmpeg: the first video track that is no cover picture, sound if there is some, no metadata.
func args(input, codecs []string) []string {
	all := append(input, "-map", "0:V:0", "-map", "0:a:0?", "-map_metadata", "-1", "-map_chapters", "-1")
	all = append(all, codecs...)
	return append(all, "-write_crc32", "0", "-flush_packets", "1", "-f", "matroska", "pipe:1")
}

type prepended struct {
	io.Reader
	io.Closer
}

// remux starts ffmpeg. That it did not start shows at the first Read. What feed writes is its input; an error of
// writing means that ffmpeg has ended, and feed has to return soon after ctx has.
func (t Tools) remux(ctx context.Context, feed func(io.Writer), args []string) *process {
	ctx, cancel := context.WithCancel(ctx)
	cmd, said := t.command(ctx, args...)
	p := &process{ctx: ctx, cancel: cancel, cmd: cmd, said: said, feed: feed}
	p.start()
	return p
}

// process is a run of ffmpeg whose output is read.
type process struct {
	ctx    context.Context
	cancel context.CancelFunc
	cmd    *exec.Cmd
	said   *tail
	feed   func(io.Writer) // nil where nothing is fed
	out    io.ReadCloser
	fed    chan struct{} // closed when nothing is fed any more
	end    error         // why reading is over, once it is
	ended  sync.Once
}

func (p *process) start() {
	p.fed = make(chan struct{})
	out, err := p.cmd.StdoutPipe()
	var in io.WriteCloser
	if err == nil && p.feed != nil {
		in, err = p.cmd.StdinPipe()
	}
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		close(p.fed)
		p.finish(err)
		return
	}
	p.out = out
	go func() {
		defer close(p.fed)
		if p.feed != nil {
			p.feed(in)
			_ = in.Close()
		}
	}()
}

// Read implements io.Reader. At the end it says how ffmpeg ended.
func (p *process) Read(b []byte) (int, error) {
	if p.out == nil {
		return 0, p.end
	}
	n, err := p.out.Read(b)
	if n > 0 || err == nil {
		return n, nil
	}
	p.finish(nil)
	return 0, p.end
}

// finish waits for ffmpeg and notes how it ended.
func (p *process) finish(err error) {
	p.ended.Do(func() {
		if err == nil {
			err = p.cmd.Wait()
		}
		if p.end = explain(p.ctx, err, p.said.String()); p.end == nil {
			p.end = io.EOF
		}
		p.cancel()
	})
}

// Close ends ffmpeg if it is still running and what feeds it.
func (p *process) Close() error {
	p.cancel()
	if p.out != nil {
		p.finish(nil)
	}
	<-p.fed
	return nil
}
