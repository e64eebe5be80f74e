// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Info is what can be told of a film without decoding it.
type Info struct {
	Width, Height int           // as shown: rotation and the shape of pixels are accounted for
	Rotation      int           // by how much the stored picture has to be turned clockwise: 0, 90, 180 or 270
	FPS           float64       // mean; 0 when the file does not say
	Duration      time.Duration // 0 when not known, as for a live stream
	Codec         string
	Audio         bool
}

// Rhythm is how many frames a second to ask for: the film's own, but no more than a limit.
func (i Info) Rhythm(limit float64) float64 {
	if i.FPS <= 0 {
		return min(DefaultFPS, limit)
	}
	return min(i.FPS, limit)
}

// probed is the part of ffprobe's answer that is read.
type probed struct {
	Streams []struct {
		Index       int    `json:"index"`
		CodecType   string `json:"codec_type"`
		CodecName   string `json:"codec_name"`
		Width       int    `json:"width"`
		Height      int    `json:"height"`
		Aspect      string `json:"sample_aspect_ratio"`
		AvgRate     string `json:"avg_frame_rate"`
		Duration    string `json:"duration"`
		Disposition struct {
			AttachedPic int `json:"attached_pic"`
		} `json:"disposition"`
		SideData []struct {
			Rotation float64 `json:"rotation"`
		} `json:"side_data_list"`
	} `json:"streams"`
	Format struct {
		Name     string `json:"format_name"`
		Duration string `json:"duration"`
	} `json:"format"`
}

// Probe looks at a film. Errors: [ErrNoFFmpeg], [ErrNoVideo], [ErrDamaged], [ErrTooLarge], and that of opening the
// file.
func (t Tools) Probe(ctx context.Context, path string) (Info, error) {
	if _, err := os.Stat(path); err != nil {
		return Info{}, fmt.Errorf("look at video: %w", err)
	}
	cmd, answer, said := t.prober(ctx, "-protocol_whitelist", "file", "file:"+path)
	if err := cmd.Run(); err != nil {
		return Info{}, fmt.Errorf("look at video: %w", explain(ctx, err, said.String()))
	}
	p, err := parseProbed(answer.Bytes())
	if err != nil {
		return Info{}, fmt.Errorf("look at video: %w", err)
	}
	info, err := p.info()
	if err != nil {
		return Info{}, fmt.Errorf("look at video: %w", err)
	}
	return info, nil
}

// prober prepares a run of ffprobe, with where its answer and its complaints will be.
func (t Tools) prober(ctx context.Context, input ...string) (*exec.Cmd, *bytes.Buffer, *tail) {
	args := []string{"-hide_banner", "-v", "error", "-show_streams", "-show_format", "-of", "json"}
	cmd := exec.CommandContext(ctx, t.FFprobe, append(args, input...)...)
	answer, said := &bytes.Buffer{}, &tail{}
	cmd.Stdout, cmd.Stderr = answer, said
	return cmd, answer, said
}

func parseProbed(answer []byte) (probed, error) {
	var p probed
	if err := json.Unmarshal(answer, &p); err != nil {
		return p, fmt.Errorf("read ffprobe's answer: %w", err)
	}
	return p, nil
}

func (p probed) info() (Info, error) {
	var info Info
	found := false
	for _, s := range p.Streams {
		switch {
		case s.CodecType == "audio":
			info.Audio = true
		case s.CodecType != "video" || s.Disposition.AttachedPic != 0 || found:
		default:
			found = true
			info.Codec = s.CodecName
			info.FPS = ratio(s.AvgRate, 0)
			info.Duration = max(seconds(s.Duration), seconds(p.Format.Duration))
			info.Width, info.Height = s.Width, s.Height
			if aspect := ratio(s.Aspect, 1); aspect > 0.01 && aspect < 100 {
				info.Width = int(math.Round(float64(s.Width) * aspect))
			}
			for _, d := range s.SideData {
				if d.Rotation != 0 { // counted against the clock
					info.Rotation = quarter(-d.Rotation)
				}
			}
		}
	}
	switch {
	case !found:
		return Info{}, ErrNoVideo
	case info.Width <= 0 || info.Height <= 0:
		return Info{}, fmt.Errorf("%w: it has no size", ErrDamaged)
	case info.Width > maxPixels/info.Height:
		return Info{}, fmt.Errorf("%w: it is %d x %d", ErrTooLarge, info.Width, info.Height)
	}
	if info.Rotation%180 != 0 {
		info.Width, info.Height = info.Height, info.Width
	}
	return info, nil
}

// quarter rounds an angle to the nearest quarter turn, 0 to 270.
func quarter(degrees float64) int {
	if math.IsNaN(degrees) || math.IsInf(degrees, 0) {
		return 0
	}
	q := int(math.Round(math.Mod(degrees, 360)/90)) % 4
	return (q + 4) % 4 * 90
}

// ratio reads "30000/1001" or "1:1".
func ratio(s string, otherwise float64) float64 {
	a, b, ok := strings.Cut(strings.Replace(s, ":", "/", 1), "/")
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	if !ok || errors.Join(err, err2) != nil || x <= 0 || y <= 0 {
		return otherwise
	}
	return x / y
}

func seconds(s string) time.Duration {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v <= 0 || v > 1e9 {
		return 0
	}
	return time.Duration(v * float64(time.Second))
}
