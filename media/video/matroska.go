// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// Header is what the beginning of a Matroska stream says of the film.
type Header struct {
	Info
	track uint64 // number of the video track
}

// maxDescription bounds what stands before the first frame, in bytes: a stranger must not make us wait for more.
const maxDescription = 1 << 20

const (
	trackVideo = 1
	trackAudio = 2
)

// ParseHeader reads the beginning of a stream that was made to be sent, up to its first frames, or any later part of
// it that begins with a key frame. When it is not all there yet, the error is io.ErrUnexpectedEOF and more bytes
// help; [ErrNoVideo] and [ErrDamaged] are for good.
func ParseHeader(b []byte) (Header, error) {
	var info, tracks []byte
	for {
		id, size, n, err := elementHead(b)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return Header{}, err
		}
		if err != nil {
			return Header{}, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if id == idSegment {
			b = b[n:]
			continue
		}
		if id == idCluster {
			return newHeader(info, tracks)
		}
		if size > maxDescription {
			return Header{}, fmt.Errorf("%w: an element of %d bytes before the first frame", ErrDamaged, size)
		}
		if uint64(len(b)-n) < size {
			return Header{}, io.ErrUnexpectedEOF
		}
		content := b[n : n+int(size)]
		switch id {
		case idInfo:
			info = content
		case idTracks:
			tracks = content
		}
		b = b[n+int(size):]
	}
}

// newHeader reads the contents of the two elements that describe a film.
func newHeader(info, tracks []byte) (Header, error) {
	var h Header
	scale, duration := uint64(1_000_000), 0.0
	err := children(info, func(id uint32, content, _ []byte) error {
		switch id {
		case idScale:
			scale = number(content)
		case idDuration:
			duration = float(content)
		}
		return nil
	})
	if err != nil {
		return h, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if d := duration * float64(scale); d > 0 && d < math.MaxInt64 {
		h.Duration = time.Duration(d)
	}
	err = children(tracks, func(id uint32, content, _ []byte) error {
		if id != idTrack {
			return nil
		}
		return h.readTrack(content)
	})
	switch {
	case err != nil:
		return h, fmt.Errorf("%w: %w", ErrDamaged, err)
	case h.track == 0:
		return h, ErrNoVideo
	case h.Width <= 0 || h.Height <= 0:
		return h, fmt.Errorf("%w: it has no size", ErrDamaged)
	case h.Width > maxPixels/h.Height:
		return h, fmt.Errorf("%w: it is %d x %d", ErrTooLarge, h.Width, h.Height)
	}
	if h.Rotation%180 != 0 {
		h.Width, h.Height = h.Height, h.Width
	}
	return h, nil
}

// readTrack takes over what one track says. The first video track counts.
func (h *Header) readTrack(b []byte) error {
	var no, kind, frame uint64
	var codec string
	var video []byte
	err := children(b, func(id uint32, content, _ []byte) error {
		switch id {
		case idNumber:
			no = number(content)
		case idType:
			kind = number(content)
		case idFrameTime:
			frame = number(content)
		case idCodec:
			codec = string(content)
		case idVideo:
			video = content
		}
		return nil
	})
	if err != nil {
		return err
	}
	if kind == trackAudio {
		h.Audio = true
	}
	if kind != trackVideo || h.track != 0 {
		return nil
	}
	h.track, h.Codec = no, codec
	if frame > 0 {
		h.FPS = 1e9 / float64(frame)
	}
	return h.readVideo(video)
}

func (h *Header) readVideo(b []byte) error {
	var w, height, shownW, shownH, unit uint64
	err := children(b, func(id uint32, content, _ []byte) error {
		switch id {
		case idWidth:
			w = number(content)
		case idHeight:
			height = number(content)
		case idShownW:
			shownW = number(content)
		case idShownH:
			shownH = number(content)
		case idShownUnit:
			unit = number(content)
		case idProject:
			return children(content, func(id uint32, content, _ []byte) error {
				if id == idRoll {
					h.Rotation = quarter(-float(content))
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if w > maxPixels || height > maxPixels {
		return fmt.Errorf("%w: it is %d x %d", ErrTooLarge, w, height)
	}
	h.Width, h.Height = int(w), int(height)
	// The shown size is in pixels, or only the relation of its sides counts.
	if shownW > 0 && shownH > 0 && height > 0 && unit <= 3 && shownW <= maxPixels && shownH <= maxPixels {
		h.Width = int((height*shownW + shownH/2) / shownH)
	}
	return nil
}

// withRotation writes a rotation into the video track of the content of a Tracks element, unless one is there, and
// leaves out checksums, which would no longer be right.
func withRotation(tracks []byte, clockwise int) ([]byte, error) {
	var out []byte
	err := children(tracks, func(id uint32, content, whole []byte) error {
		switch id {
		case idCRC:
		case idTrack:
			track, err := turnTrack(content, clockwise)
			if err != nil {
				return err
			}
			out = appendElement(out, idTrack, track)
		default:
			out = append(out, whole...)
		}
		return nil
	})
	return out, err
}

func turnTrack(track []byte, clockwise int) ([]byte, error) {
	var out []byte
	err := children(track, func(id uint32, content, whole []byte) error {
		switch id {
		case idCRC:
		case idVideo:
			video, err := turnVideo(content, clockwise)
			if err != nil {
				return err
			}
			out = appendElement(out, idVideo, video)
		default:
			out = append(out, whole...)
		}
		return nil
	})
	return out, err
}

func turnVideo(video []byte, clockwise int) ([]byte, error) {
	var out []byte
	has := false
	err := children(video, func(id uint32, _, whole []byte) error {
		has = has || id == idProject
		if id != idCRC {
			out = append(out, whole...)
		}
		return nil
	})
	if err != nil || has || clockwise == 0 {
		return out, err
	}
	roll := -float32(clockwise)
	if clockwise > 180 {
		roll += 360
	}
	zero := make([]byte, 4)
	p := appendElement(nil, idProjType, []byte{0}) // rectangular
	p = appendElement(p, idYaw, zero)
	p = appendElement(p, idPitch, zero)
	p = appendElement(p, idRoll, binary.BigEndian.AppendUint32(nil, math.Float32bits(roll)))
	return appendElement(out, idProject, p), nil
}

// isKey reports whether the first frame of a track in a cluster is a key frame.
func isKey(cluster []byte, track uint64) (bool, error) {
	errFound := errors.New("found")
	key := false
	err := children(cluster, func(id uint32, content, _ []byte) error {
		switch id {
		case idSimple:
			if flags, ok := blockFlags(content, track); ok {
				key = flags&0x80 != 0
				return errFound
			}
		case idGroup:
			reference, ours := false, false
			err := children(content, func(id uint32, content, _ []byte) error {
				switch id {
				case idBlock:
					_, ours = blockFlags(content, track)
				case idReference:
					reference = true
				}
				return nil
			})
			if err != nil {
				return err
			}
			if ours {
				key = !reference
				return errFound
			}
		}
		return nil
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return key, err
}

// blockFlags gives the flags of a block if it belongs to the track.
func blockFlags(block []byte, track uint64) (byte, bool) {
	w := vintWidth(block)
	if w == 0 || len(block) < w+3 {
		return 0, false
	}
	no := uint64(block[0]) &^ (1 << (8 - w))
	for _, c := range block[1:w] {
		no = no<<8 | uint64(c)
	}
	return block[w+2], no == track
}
