// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"time"

	"kchat/media/video"
	"kchat/rooms"
)

// VideoID names a video: by its hash, or by the stream it comes with while it is live and has none.
type VideoID struct {
	Hash   rooms.Hash
	Stream rooms.MessageID
}

// Videos shows videos, and makes files ready to be sent as videos. A nil Videos does neither.
type Videos interface {
	// Attach makes a file streamable, puts it into the blob store and describes it. progress is told how far it is,
	// from 0 to 1.
	Attach(ctx context.Context, path string, progress func(done float64)) (Prepared, error)
	// Open shows a video that is here or on its way. The error says why it cannot be shown here at all.
	Open(id VideoID, opts video.ShowOptions) (VideoShow, error)
	// Here reports whether something of a video is here to be shown.
	Here(id VideoID) bool
}

// VideoShow is one video on the screen; *video.Show is one.
type VideoShow interface {
	Run(ctx context.Context, screen video.Screen) error
	Pause()
	Resume()
	Seek(to time.Duration)
	Resize(width, height int)
	SetRate(fps float64)
	SetSound(on bool)
	State() video.State
}
