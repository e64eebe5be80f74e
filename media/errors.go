// SPDX-License-Identifier: GPL-2.0-only

package media

import "errors"

// The limits a picture must keep to be decoded. They bound the memory a stranger's picture can cost: 25 megapixels
// are at most 200 MB while a 16-bit PNG is being decoded, and 100 MB or less for everything else.
const (
	MaxPixels          = 25_000_000  // width times height
	MaxSide            = 16384       // pixels in either direction
	MaxPictureBytes    = 64 << 20    // encoded
	MaxFrames          = 4096        // of an animation
	MaxAnimationPixels = 500_000_000 // width times height times frames
)

// What can be wrong with a picture. Errors returned by this package wrap one of these and add the particulars.
var (
	ErrEmpty          = errors.New("the file is empty: check that it was saved or downloaded completely")
	ErrNotPicture     = errors.New("not a PNG, JPEG, GIF or WebP picture: convert it first, or send it as a file")
	ErrMislabelled    = errors.New("the name says picture, the contents do not: check which file this is, or send it as a file")
	ErrTruncated      = errors.New("the picture ends too early: get a complete copy")
	ErrCorrupt        = errors.New("the picture is damaged: open it in an image program and save it again")
	ErrZeroSize       = errors.New("the picture has no pixels: save it again with a width and a height")
	ErrSideTooLong    = errors.New("the picture is too long on one side: scale it down to at most 16384 pixels")
	ErrTooManyPixels  = errors.New("the picture has too many pixels: scale it down to at most 25 megapixels")
	ErrTooManyBytes   = errors.New("the picture's file is too large: save it with at most 64 MiB, or send it as a file")
	ErrAnimationLimit = errors.New("the animation is too long: shorten it or scale it down; its first frame can be shown")
)
