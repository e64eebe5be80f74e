// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Quiet is whether somebody wants not to be disturbed. The zero value: they may be.
type Quiet struct {
	On    bool
	Until time.Time // zero: until they say so
}

// at reports whether it is quiet at a time.
func (q Quiet) at(now time.Time) bool { return q.On && (q.Until.IsZero() || now.Before(q.Until)) }

// quiet reports whether nobody is to be disturbed now.
func (e *env) quiet() bool { return e.settings.Quiet.at(e.cfg.Clock()) }

// commandQuiet is /dnd: on, off, for a time, or until an hour. Without an argument it goes on, or tells how long it is.
func (c *chat) commandQuiet(argument string) tea.Cmd {
	now := c.cfg.Clock()
	want := Quiet{On: true}
	switch word := strings.ToLower(argument); word {
	case "":
		if c.quiet() {
			return c.tell(c.quietWords())
		}
	case "on":
	case "off":
		want = Quiet{}
	default:
		until, ok := c.untilWhen(word, now)
		if !ok {
			return c.wrong("dnd", argument)
		}
		want.Until = until
	}
	if !want.On && !c.settings.Quiet.On {
		return c.tell(c.say("quiet.was_off"))
	}
	cmd := c.keep(func(s *Settings) { s.Quiet = want })
	c.alerts.clear()
	return tea.Batch(cmd, c.tell(c.quietWords()))
}

// untilWhen reads "for 1h", "30m", "until 18:00" and "18:00". An hour that has been today is tomorrow's.
func (c *chat) untilWhen(words string, now time.Time) (time.Time, bool) {
	for _, lead := range []string{"for ", "until "} {
		words = strings.TrimSpace(strings.TrimPrefix(words, lead))
	}
	if d, rest := splitTime(words); d > 0 && rest == "" {
		return now.Add(d), true
	}
	at, err := time.Parse("15:04", words)
	if err != nil {
		return time.Time{}, false
	}
	here := now.In(c.cfg.Zone)
	until := time.Date(here.Year(), here.Month(), here.Day(), at.Hour(), at.Minute(), 0, 0, c.cfg.Zone)
	if !until.After(now) {
		until = until.AddDate(0, 0, 1)
	}
	return until, true
}

// quietWords says whether it is quiet, and for how long.
func (c *chat) quietWords() string {
	switch {
	case !c.quiet():
		return c.say("quiet.off")
	case c.settings.Quiet.Until.IsZero():
		return c.say("quiet.on")
	default:
		return c.say("quiet.until", "time", c.hour(c.settings.Quiet.Until))
	}
}

// hour is a time of the day, with the day where it is not today's.
func (e *env) hour(t time.Time) string {
	t, now := t.In(e.cfg.Zone), e.cfg.Clock().In(e.cfg.Zone)
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// lapse ends a quiet time that is over.
func (c *chat) lapse() tea.Cmd {
	if q := c.settings.Quiet; !q.On || c.quiet() {
		return nil
	}
	return tea.Batch(c.keep(func(s *Settings) { s.Quiet = Quiet{} }), c.tell(c.say("quiet.over")))
}

// standing is what the status line says of us: that we are away, that we want no disturbance.
func (c *chat) standing() string {
	st, out := c.st, ""
	if c.attention.away() {
		out += st.Bar.Render(" "+st.Glyphs.Bullet+" ") + st.Warn.Render(c.say("status.away"))
	}
	if c.quiet() {
		words := c.say("status.quiet")
		if until := c.settings.Quiet.Until; !until.IsZero() {
			words = c.say("status.quiet_until", "time", c.hour(until))
		}
		out += st.Bar.Render(" "+st.Glyphs.Bullet+" ") + st.Warn.Render(words)
	}
	return out
}
