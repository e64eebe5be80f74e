// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/dustin/go-humanize"

	"kchat/rooms"
	"kchat/tui/text"
)

// kernelPanel shows what the kernel counts while one chats on.
type kernelPanel struct {
	open   bool
	status rooms.Status
	before map[string]uint64
	rates  map[string]float64
	at     time.Time
	failed string
}

// shownCounters are the counters of the panel and how their values read.
var shownCounters = []struct {
	name string
	kind counterKind
}{
	{"PEOPLE", countKind},
	{"ROOMS", countKind},
	{"CONNECTIONS", countKind},
	{"STREAMS", countKind},
	{"MESSAGES", flowKind},
	{"ALONE", flowKind},
	{"FRAMES_IN", flowKind},
	{"FRAMES_OUT", flowKind},
	{"BYTES_IN", flowBytesKind},
	{"BYTES_OUT", flowBytesKind},
	{"STREAM_BYTES", flowBytesKind},
	{"LOG_BYTES", bytesKind},
}

type counterKind uint8

const (
	countKind counterKind = iota
	bytesKind
	flowKind
	flowBytesKind
)

func (c *chat) toggleKernel() tea.Cmd {
	c.kernel.open = !c.kernel.open
	if c.kernel.open && c.link.online {
		return c.askStatus()
	}
	return nil
}

func (c *chat) askStatus() tea.Cmd {
	client := c.session.Client
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		status, err := client.Status(ctx)
		return func(c *chat) tea.Cmd {
			c.kernel.take(status, c.reason(err), c.cfg.Clock())
			return nil
		}
	})
}

// take keeps what was counted, and how fast it grows; failed says why nothing was, or is empty.
func (k *kernelPanel) take(status rooms.Status, failed string, now time.Time) {
	k.failed = failed
	if failed != "" {
		return
	}
	rates, before := make(map[string]float64), make(map[string]uint64)
	seconds := now.Sub(k.at).Seconds()
	for _, counter := range status.Counters {
		before[counter.Name] = counter.Value
		if old, ok := k.before[counter.Name]; ok && seconds > 0 && counter.Value >= old {
			rates[counter.Name] = float64(counter.Value-old) / seconds
		}
	}
	k.status, k.before, k.rates, k.at = status, before, rates, now
}

const kernelWidth = 46

func (k *kernelPanel) draw(c *chat, cv canvas, over uv.Rectangle) {
	if !k.open || over.Empty() {
		return
	}
	rows := k.rows(c, min(kernelWidth, over.Dx())-4)
	height := min(len(rows)+2, over.Dy())
	_, area := splitRight(over, min(kernelWidth, over.Dx()))
	area, _ = splitTop(area, height)
	cv.put(area, frame(c.st, c.say("kernel.title")+" "+c.st.Glyphs.Bullet+" "+c.say("kernel.close"), rows, area.Dx(), area.Dy()))
}

func (k *kernelPanel) rows(c *chat, width int) []string {
	st := c.st
	if !c.link.online {
		return []string{st.Warn.Render(c.say("kernel.offline"))}
	}
	pair := func(label, value string) string {
		return st.Muted.Render(text.Pad(label, 16)) + st.Text.Render(value)
	}
	rows := []string{
		pair(c.say("kernel.release"), text.Line(k.status.Kernel)),
		pair(c.say("kernel.module"), "kchat "+text.Line(k.status.Module)),
	}
	if c.mode != "" {
		rows = append(rows, pair(c.say("kernel.mode"), c.mode))
	}
	if up, ok := k.before["UPTIME_MS"]; ok {
		rows = append(rows, pair(c.say("kernel.uptime"), sinceWords(time.Duration(up)*time.Millisecond)))
	}
	rows = append(rows, "")
	for _, s := range shownCounters {
		value, ok := k.before[s.name]
		if !ok {
			continue
		}
		rows = append(rows, k.counter(c, s.name, s.kind, value, width))
	}
	rows = append(rows, "")
	for _, row := range text.Wrap(c.say("kernel.fact"), width) {
		rows = append(rows, st.Faint.Render(row))
	}
	if k.failed != "" {
		rows = append(rows, st.Warn.Render(text.Truncate(text.Line(k.failed), width)))
	}
	return rows
}

// counter is a row: what is counted, how much, and how fast it grows.
func (k *kernelPanel) counter(c *chat, name string, kind counterKind, value uint64, width int) string {
	st := c.st
	shown := humanize.Comma(int64(min(value, 1<<62)))
	if kind == bytesKind || kind == flowBytesKind {
		shown = humanize.IBytes(value)
	}
	rate := ""
	if r := k.rates[name]; (kind == flowKind || kind == flowBytesKind) && r >= 0.05 {
		rate = "+" + humanize.FtoaWithDigits(r, 1) + "/s"
		if kind == flowBytesKind {
			rate = "+" + humanize.IBytes(uint64(r)) + "/s"
		}
	}
	label := c.say("counter." + strings.ToLower(name))
	return st.Muted.Render(text.Pad(label, 16)) + text.Pad(st.Strong.Render(shown), 13) +
		st.Good.Render(text.Truncate(rate, max(0, width-29)))
}
