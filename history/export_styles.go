// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"kchat/rooms"
)

// A readable file has two parts: the talk, for people, and then the data, for being read back. The talk is never
// parsed: every line of it that comes from a message is indented or quoted, so that none can look like the line
// that begins the data.
const (
	textData     = "---- kchat data, one message a line: what follows lets /history load read this file back ----"
	markdownData = "<!-- kchat data, one message a line: what follows lets /history load read this file back"
	markdownEnd  = "-->"
)

// style lays out talk for people. Writing errors are those of the bufio.Writer, which keeps the first one.
type style interface {
	room(name string)
	day(date string)
	entry(e Entry, at, answers string, names func(rooms.AccountID) string)
	begin() // of the data
	end()
}

func (s *Store) writeReadable(ctx context.Context, w *bufio.Writer, keys []Key, st style, loc *time.Location) (int, error) {
	for _, key := range keys {
		st.room(key.Room)
		if err := s.writeTalk(ctx, key, s.All(ctx, key), st, loc); err != nil {
			return 0, err
		}
	}
	st.begin()
	n, err := s.writeData(ctx, w, keys)
	st.end()
	return n, err
}

// WriteTalk writes entries of a room as people read them in a terminal, with the times of a zone.
func (s *Store) WriteTalk(ctx context.Context, w io.Writer, key Key, talk iter.Seq2[Entry, error], loc *time.Location) error {
	out := bufio.NewWriter(w)
	return errors.Join(s.writeTalk(ctx, key, talk, &textStyle{w: out}, loc), out.Flush())
}

func (s *Store) writeTalk(ctx context.Context, key Key, talk iter.Seq2[Entry, error], st style, loc *time.Location) error {
	people, err := s.People(ctx, key.Community)
	if err != nil {
		return err
	}
	known := make(map[rooms.AccountID]string, len(people))
	for _, p := range people {
		known[p.Account] = p.Name
	}
	names := func(id rooms.AccountID) string {
		if name := known[id]; name != "" {
			return name
		}
		return fmt.Sprint(id)
	}
	var day string
	for e, err := range talk {
		if err != nil {
			return err
		}
		if d := e.Message.Time.In(loc).Format("Monday, 2 January 2006 (MST)"); d != day {
			day = d
			st.day(day)
		}
		answered := e.Message.ReplyTo
		if answered.IsZero() {
			answered = e.Message.Thread
		}
		answers, err := s.answers(ctx, key, answered)
		if err != nil {
			return err
		}
		st.entry(e, e.Message.Time.In(loc).Format(time.TimeOnly), answers, names)
	}
	return nil
}

// answers is who said what is answered, and the beginning of it, or "".
func (s *Store) answers(ctx context.Context, key Key, id rooms.MessageID) (string, error) {
	if id.IsZero() {
		return "", nil
	}
	e, found, err := s.Message(ctx, key, id)
	if err != nil || !found {
		return "", err
	}
	line, _, _ := strings.Cut(e.Message.Text, "\n")
	if words := []rune(line); len(words) > 40 {
		line = string(words[:40]) + "…"
	}
	return strings.TrimSpace(e.Message.Name + ": " + line), nil
}

// plain takes the characters off that act on a terminal; lines and tabs stay.
func plain(text string) string {
	return strings.Map(func(c rune) rune {
		if c != '\n' && c != '\t' && acts(c) {
			return '\uFFFD'
		}
		return c
	}, text)
}

// Plain is what an entry says, in characters that do nothing to a terminal. It may have several lines.
func (e Entry) Plain() string {
	switch m := e.Message; {
	case e.Deleted:
		return "(withdrawn)"
	case m.Kind == rooms.KindTopic:
		return "(new topic) " + plain(m.Text)
	case m.Attached != nil:
		a := fmt.Sprintf("[%s, %s, %d bytes]", plain(m.Attached.Name), plain(m.Attached.MIME), m.Attached.Size)
		return strings.TrimSpace(strings.ReplaceAll(a, "\n", " ") + " " + plain(m.Text))
	default:
		return plain(m.Text)
	}
}

// notes is what others and the author did to an entry, a line each.
func (e Entry) notes(names func(rooms.AccountID) string) (lines []string) {
	if !e.Edited.IsZero() {
		lines = append(lines, "(edited)")
	}
	for _, r := range e.Reactions {
		who := make([]string, len(r.By))
		for i, id := range r.By {
			who[i] = OneLine(names(id))
		}
		lines = append(lines, OneLine(r.Text)+" "+strings.Join(who, ", "))
	}
	return lines
}

// OneLine makes text fit for one line of a terminal: no line breaks, and no characters that act on it.
func OneLine(text string) string { return strings.Join(strings.Fields(plain(text)), " ") }

// textStyle is for reading in a terminal.
type textStyle struct{ w *bufio.Writer }

const textIndent = "          "

func (st *textStyle) room(name string) { fmt.Fprintf(st.w, "#%s\n", OneLine(name)) }

func (st *textStyle) day(date string) { fmt.Fprintf(st.w, "\n-- %s --\n", date) }

func (st *textStyle) entry(e Entry, at, answers string, names func(rooms.AccountID) string) {
	name := OneLine(e.Message.Name)
	lines := strings.Split(e.Plain(), "\n")
	if answers != "" {
		lines = append([]string{"> " + OneLine(answers)}, lines...)
	}
	fmt.Fprintf(st.w, "%s  %s: %s\n", at, name, lines[0])
	for _, line := range append(lines[1:], e.notes(names)...) {
		fmt.Fprintln(st.w, textIndent+line)
	}
}

func (st *textStyle) begin() { fmt.Fprintf(st.w, "\n%s\n", textData) }
func (st *textStyle) end()   {}

// markdownStyle is for reading where Markdown is shown. The data stands in a comment.
type markdownStyle struct{ w *bufio.Writer }

// escapeMarkdown keeps names from being taken for marks.
var escapeMarkdown = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", "&", "&amp;",
	"`", "\\`", "#", `\#`, "!", `\!`)

// tameMarkdown leaves a message its own Markdown, without HTML and without pictures that would be fetched from the
// network when the file is looked at.
var tameMarkdown = strings.NewReplacer("<", "&lt;", "![", `\!\[`)

func (st *markdownStyle) room(name string) {
	fmt.Fprintf(st.w, "# %s\n\n", escapeMarkdown.Replace(OneLine(name)))
}

func (st *markdownStyle) day(date string) { fmt.Fprintf(st.w, "## %s\n\n", date) }

func (st *markdownStyle) entry(e Entry, at, answers string, names func(rooms.AccountID) string) {
	fmt.Fprintf(st.w, "**%s** %s\n\n", escapeMarkdown.Replace(OneLine(e.Message.Name)), at)
	if answers != "" {
		fmt.Fprintf(st.w, "> > %s\n>\n", tameMarkdown.Replace(OneLine(answers)))
	}
	for line := range strings.SplitSeq(tameMarkdown.Replace(e.Plain()), "\n") {
		fmt.Fprintln(st.w, strings.TrimRight("> "+line, " "))
	}
	for _, line := range e.notes(names) {
		fmt.Fprintf(st.w, ">\n> *%s*\n", escapeMarkdown.Replace(line))
	}
	fmt.Fprintln(st.w)
}

func (st *markdownStyle) begin() { fmt.Fprintln(st.w, markdownData) }
func (st *markdownStyle) end()   { fmt.Fprintln(st.w, markdownEnd) }
