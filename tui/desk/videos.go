// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"kchat/media"
	"kchat/media/video"
	"kchat/rooms"
	"kchat/tui"
)

// Videos shows films of a blob store, also while they come, and puts those into it that are to be sent.
type Videos struct {
	store *media.Store
	find  func() (video.Tools, error)

	mu     sync.Mutex
	coming map[rooms.MessageID]*coming // by stream
	over   []rooms.MessageID           // of those, which have ended, the oldest first
}

// coming is a film that comes, or has come and can still be shown.
type coming struct {
	*video.Receiver
	hash media.Hash
}

// overMax is how many films that have ended can still be shown without having been kept: each holds a file.
const overMax = 4

// NewVideos returns the films of a store.
func NewVideos(store *media.Store) *Videos {
	return &Videos{store: store, find: video.Find, coming: make(map[rooms.MessageID]*coming)}
}

// matroska is what all films are sent as.
const matroska = "video/x-matroska"

// Attach implements tui.Videos.
func (v *Videos) Attach(ctx context.Context, path string, progress func(float64)) (tui.Prepared, error) {
	tools, err := v.find()
	if err != nil {
		return tui.Prepared{}, err
	}
	file, err := os.Stat(path)
	if err != nil {
		return tui.Prepared{}, fmt.Errorf("look at video: %w", err)
	}
	if !file.Mode().IsRegular() {
		return tui.Prepared{}, fmt.Errorf("%s is not a file", path)
	}
	info, err := tools.Probe(ctx, path)
	if err != nil {
		return tui.Prepared{}, err
	}
	r, err := tools.Remux(ctx, path)
	if err != nil {
		return tui.Prepared{}, err
	}
	defer r.Close()
	hash, size, err := v.keep(video.NewSplitter(r, info.Rotation), uint64(file.Size()), progress)
	if err != nil {
		return tui.Prepared{}, err
	}
	return tui.Prepared{Attachment: rooms.Attachment{
		Hash: rooms.Hash(hash), Size: size, MIME: matroska, Name: filmName(path),
		Width: uint32(info.Width), Height: uint32(info.Height), Duration: info.Duration,
	}}, nil
}

// filmName is the name under which a film is sent: what it is in is not what it was in.
func filmName(path string) string {
	name := media.SafeName(path)
	return strings.TrimSuffix(name, filepath.Ext(name)) + ".mkv"
}

// keep puts what a splitter gives into the store. How much it will be is about what the file has.
func (v *Videos) keep(s *video.Splitter, about uint64, progress func(float64)) (hash media.Hash, size uint64, err error) {
	in, err := v.store.Receive(media.Hash{}, media.UnknownSize, 0)
	if err != nil {
		return hash, 0, err
	}
	defer in.Discard() // unless it was committed
	for {
		chunk, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			_, err = in.Write(chunk.Data)
		}
		if err != nil {
			return hash, 0, err
		}
		if progress != nil && about > 0 {
			progress(min(float64(chunk.Offset)/float64(about), 1))
		}
	}
	hash, size = s.Sum()
	in.Expect(hash, size)
	return hash, size, in.Commit()
}

// Open implements tui.Videos.
func (v *Videos) Open(id tui.VideoID, opts video.ShowOptions) (tui.VideoShow, error) {
	tools, err := v.find()
	if err != nil {
		return nil, err
	}
	return tools.NewShow(film{v, id}, opts), nil
}

// Here implements tui.Videos.
func (v *Videos) Here(id tui.VideoID) bool {
	if !id.Hash.IsZero() && v.store.Has(media.Hash(id.Hash)) || v.receiver(id) != nil {
		return true
	}
	f, err := v.store.Follow(media.Hash(id.Hash))
	if err != nil {
		return false
	}
	_ = f.Close() // it was only looked for
	return true
}

// receiver finds a film that comes, or has come last.
func (v *Videos) receiver(id tui.VideoID) *coming {
	v.mu.Lock()
	defer v.mu.Unlock()
	if c := v.coming[id.Stream]; c != nil && id.Hash.IsZero() {
		return c
	}
	for _, c := range v.coming {
		if !c.hash.IsZero() && c.hash == media.Hash(id.Hash) {
			return c
		}
	}
	return nil
}

// film is one of them, as a show takes it.
type film struct {
	*Videos
	id tui.VideoID
}

// Open implements video.Film.
func (f film) Open(ctx context.Context, after int) (io.ReadCloser, int, error) {
	hash := media.Hash(f.id.Hash)
	if after == 0 && !hash.IsZero() && f.store.Has(hash) {
		whole, err := f.store.Open(hash)
		return whole, 1, err
	}
	if c := f.receiver(f.id); c != nil {
		part, number, err := c.Follow(ctx, after)
		if err != nil {
			return nil, number, err
		}
		return part, number, nil
	}
	if after > 0 {
		return nil, after, io.EOF
	}
	part, err := f.store.Follow(hash)
	if err != nil {
		return nil, 0, err
	}
	return part, 1, nil
}

// receive begins to take a film that comes as a stream.
func (v *Videos) receive(t rooms.Transfer, from, most uint64) (rooms.FilmWriter, error) {
	hash := media.Hash(t.Attached.Hash)
	r, err := video.NewReceiver(v.store, media.Begin{Size: t.Attached.Size, Offset: from, Hash: hash, Limit: most})
	if err != nil {
		return nil, err
	}
	c := &coming{Receiver: r, hash: hash}
	v.mu.Lock()
	v.coming[t.Stream] = c
	v.mu.Unlock()
	return &taking{coming: c, videos: v, stream: t.Stream}, nil
}

// ended notes that no more comes of a film, and lets the oldest such one go.
func (v *Videos) ended(stream rooms.MessageID, hash media.Hash) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if c := v.coming[stream]; c != nil && c.hash.IsZero() {
		c.hash = hash
	}
	v.over = append(v.over, stream)
	if len(v.over) > overMax {
		v.coming[v.over[0]].Forget()
		delete(v.coming, v.over[0])
		v.over = v.over[1:]
	}
}

// taking is a film that is being taken.
type taking struct {
	*coming
	videos *Videos
	stream rooms.MessageID
}

// Chunk implements rooms.FilmWriter.
func (w *taking) Chunk(at uint64, key bool, data []byte) error {
	return w.coming.Chunk(media.Chunk{Offset: at, Key: key, Data: data})
}

// End implements rooms.FilmWriter.
func (w *taking) End(size uint64, hash rooms.Hash) (bool, error) {
	kept, err := w.coming.End(size, media.Hash(hash))
	if !kept {
		hash = rooms.Hash{}
	}
	w.videos.ended(w.stream, media.Hash(hash))
	return kept, err
}

// Close implements rooms.FilmWriter.
func (w *taking) Close() error {
	w.videos.ended(w.stream, media.Hash{})
	return w.Cancel()
}

// pieces cuts a film that is kept.
type pieces struct {
	next func() (media.Chunk, error)
}

// Next implements rooms.Pieces.
func (p pieces) Next() (rooms.Piece, error) {
	c, err := p.next()
	return rooms.Piece{Data: c.Data, Key: c.Key}, err
}

// Cut cuts films for sending, where decoders can begin.
func Cut(blob io.Reader) rooms.Pieces { return pieces{video.NewCutter(blob).Next} }

// Live cuts a film that is being made.
func Live(s *video.Splitter) rooms.Pieces { return pieces{s.Next} }
