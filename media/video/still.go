// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"context"
	"fmt"
	"os"

	"kchat/media"
)

// Still gives the first picture of a film, or a picture in a format only ffmpeg knows, as PNG, upright and without
// metadata, scaled down if it is larger than fits into side by side pixels. It serves as poster and to send
// pictures of other kinds.
func (t Tools) Still(ctx context.Context, path string, side int) ([]byte, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("take still picture: %w", err)
	}
	side = min(max(side, 1), 5000) // its square keeps media.MaxPixels
	scale := fmt.Sprintf("scale='min(%d,iw)':'min(%d,ih)':force_original_aspect_ratio=decrease", side, side)
	args := append(fromFile(path), "-map", "0:v:0", "-map_metadata", "-1", "-frames:v", "1",
		"-vf", scale, "-f", "image2pipe", "-c:v", "png", "pipe:1")
	cmd, said := t.command(ctx, args...)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("take still picture: %w", explain(ctx, err, said.String()))
	}
	if _, err := media.Inspect("", out); err != nil {
		return nil, fmt.Errorf("take still picture: %w: %w", ErrDamaged, err)
	}
	return out, nil
}
