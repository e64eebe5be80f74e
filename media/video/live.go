// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxPeek bounds what is kept of the beginning of a pipe to learn what it carries, in bytes. As a rule some ten KB
// do; it is the index at the beginning of a long MP4 that can take megabytes.
const maxPeek = 16 << 20

// How much of a pipe is looked at, as arguments of ffmpeg. Formats whose tracks may come at any time, such as MPEG-TS,
// are looked at for as long as that in any case, so little comes first. It does not do where a film is joined
// between two key frames, which is where the size of its pictures stands.
var looks = [][]string{
	{"-probesize", "1000000", "-analyzeduration", "500000"},
	{"-probesize", "5000000", "-analyzeduration", "7000000"},
}

// RemuxPipe is Remux for a film that comes through a pipe, for example live. It cannot be read twice, so ffprobe gets
// its beginning first. Then its pictures are sent as they are where Matroska and who receives them take them so;
// otherwise they are encoded anew. Sound is encoded anew in any case. The format has to be one that can be read from
// the front.
//
// It returns when it is known what the film is; the rotation it tells is left to whoever cuts the stream. Errors,
// also of reading: [ErrNoFFmpeg], [ErrNoVideo], [ErrDamaged], [ErrTooLarge], [ErrCrashed], and that of ctx. Close, and
// an error here, close r if it is an io.Closer, which has to end a waiting Read; a file is left open, and waiting for
// it is given up.
func (t Tools) RemuxPipe(ctx context.Context, r io.Reader) (io.ReadCloser, Info, error) {
	ctx, cancel := context.WithCancel(ctx)
	in, err := newIncoming(ctx, r)
	if err != nil {
		cancel()
		return nil, Info{}, fmt.Errorf("make video streamable: %w", err)
	}
	seen, err := t.peek(ctx, in)
	if err != nil {
		cancel()
		return nil, Info{}, errors.Join(fmt.Errorf("make video streamable: %w", err), in.stop())
	}
	input, codecs := seen.how, slices.Concat(encode, []string{"-tune", "zerolatency", "-force_key_frames", "expr:gte(t,n_forced*2)"})
	if seen.copies() {
		// AVI and MPEG-PS tell only when a frame is decoded.
		input, codecs = slices.Concat(seen.how, []string{"-fflags", "+genpts"}), []string{"-c:v", "copy"}
	} else {
		seen.info.Rotation = 0 // ffmpeg turns what it decodes
	}
	codecs = slices.Concat(codecs, []string{"-c:a", "aac", "-cluster_time_limit", liveCluster})
	feed := func(w io.Writer) { in.feed(w, seen.bytes) }
	s := &piped{process: t.remux(ctx, feed, args(slices.Concat(input, fromPipe("")), codecs)), in: in, cancel: cancel}
	return s, seen.info, nil
}

// liveCluster is for how long frames of a live film are gathered before they are sent, in milliseconds.
const liveCluster = "250"

// seen is the beginning of a pipe.
type seen struct {
	bytes  []byte
	how    []string // arguments with which it was looked at
	format string   // as ffmpeg calls it
	info   Info
}

// copies reports whether the pictures can be sent as they are: every ffmpeg decodes them, they are small, Matroska
// has a name of its own for them, and their format says when each is due.
func (s seen) copies() bool {
	codecs := []string{"h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg1video", "mpeg2video", "theora"}
	timeless := []string{"h264", "hevc", "m4v", "mpegvideo", "obu"} // frame after frame and nothing else
	return slices.Contains(codecs, s.info.Codec) && !slices.Contains(timeless, s.format)
}

// peek asks ffprobe what comes, and gives it what comes until it knows.
func (t Tools) peek(ctx context.Context, in *incoming) (seen, error) {
	var s seen
	var err error
	for _, s.how = range looks {
		var p probed
		if p, err = t.look(ctx, in, &s.bytes, s.how); err != nil {
			return s, err
		}
		s.format = p.Format.Name
		if strings.HasPrefix(s.format, "mov,") && indexLast(s.bytes) {
			return s, fmt.Errorf("%w: this MP4 has its index at its end, so it cannot be read from a pipe: send it as a video file", ErrDamaged)
		}
		if s.info, err = p.info(); err == nil || errors.Is(err, ErrTooLarge) {
			break
		}
	}
	return s, err
}

// indexLast reports whether an MP4 has its frames before its index, without which they mean nothing; of such a one
// ffmpeg makes a film without frames, and no complaint (ISO 14496-12, 4.2 and 8.1.1).
func indexLast(b []byte) bool {
	for len(b) >= 16 {
		size := uint64(binary.BigEndian.Uint32(b))
		switch string(b[4:8]) {
		case "moov":
			return false
		case "mdat":
			return true
		}
		if size == 1 {
			size = binary.BigEndian.Uint64(b[8:])
		}
		if size < 8 || size > uint64(len(b)) {
			return false
		}
		b = b[size:]
	}
	return false
}

// look runs ffprobe over what has been peeked and what comes after that, which is added to it.
func (t Tools) look(ctx context.Context, in *incoming, peeked *[]byte, how []string) (probed, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd, answer, said := t.prober(ctx, slices.Concat(how, []string{"-protocol_whitelist", "pipe", "pipe:0"})...)
	feed, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return probed{}, explain(ctx, err, "")
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	// Writing ends, with an error, when ffprobe has.
	_, _ = feed.Write(*peeked)
	chunks := in.chunks
	for {
		select {
		case b, more := <-chunks:
			*peeked = append(*peeked, b...)
			_, _ = feed.Write(b)
			if !more || len(*peeked) >= maxPeek {
				_ = feed.Close()
				chunks = nil
			}
		case err := <-ended:
			if err != nil {
				return probed{}, explain(ctx, err, said.String())
			}
			return parseProbed(answer.Bytes())
		}
	}
}

// piped is the stream that is made of what comes through a pipe.
type piped struct {
	*process
	in     *incoming
	cancel context.CancelFunc
}

// Close ends ffmpeg and what feeds it.
func (s *piped) Close() error {
	s.cancel()
	return errors.Join(s.in.stop(), s.process.Close())
}
