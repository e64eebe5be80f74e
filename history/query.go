// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"kchat/rooms"
)

// Query is what to search for. All that is set must be met; the zero value finds everything.
type Query struct {
	Terms  []string  // each is a part of the text, without regard to case
	From   []string  // said by one of these names
	In     []string  // said in one of the rooms of these names
	Before time.Time // said before
	After  time.Time // said then or later
	Has    []string  // each of: image, video, file, link

	Community rooms.UUID // said in a room of it; zero: in any

	Rooms   []Key             // said in one of these
	Senders []rooms.AccountID // said by one of these, or by one of From
	Naming  []rooms.AccountID // its author meant one of these, and said so beside the words
}

// has are the words that has: knows, and what they are in the index.
var has = map[string]string{"image": tagImage, "video": tagVideo, "file": tagFile, "link": tagLink}

// ParseQuery reads a search as it is typed: words, "words in a row", and the filters from:NAME, in:ROOM,
// before:DATE, after:DATE and has:image|video|file|link. A quoted part may hold spaces, also after a filter. A
// quotation mark that is not closed yet is closed at the end, so that one can search while typing. A word with any
// other colon is a word.
func ParseQuery(text string, now time.Time) (Query, error) {
	var q Query
	for _, part := range splitQuery(text) {
		name, value, isFilter := strings.Cut(part.text, ":")
		filter, known := filters[strings.ToLower(name)]
		if part.quoted || !isFilter || !known {
			q.Terms = append(q.Terms, part.text)
			continue
		}
		if value == "" {
			return Query{}, &FilterError{strings.ToLower(name), "", fmt.Sprintf("%s: needs %s after the colon", name, filter.wants)}
		}
		if err := filter.set(&q, value, now); err != nil {
			return Query{}, err
		}
	}
	return q, nil
}

// FilterError says what is wrong with a filter: nothing stands after its colon, it is no date, or nobody and nothing is
// called so.
type FilterError struct {
	Filter string // from, in, before, after or has
	Value  string // what stands after the colon
	text   string
}

func (e *FilterError) Error() string { return e.text }

func dateOf(filter, value string, now time.Time) (time.Time, error) {
	at, err := ParseDate(value, now)
	if err != nil {
		return at, &FilterError{filter, value, filter + ": " + err.Error()}
	}
	return at, nil
}

// Filters are the words before a colon that mean something in a search.
func Filters() []string { return []string{"from", "in", "before", "after", "has"} }

// Kinds are what a message can have, for has:.
func Kinds() []string { return []string{"image", "video", "file", "link"} }

// filters are the words before a colon that mean something.
var filters = map[string]struct {
	wants string
	set   func(q *Query, value string, now time.Time) error
}{
	"from": {"a name", func(q *Query, v string, _ time.Time) error {
		q.From = append(q.From, strings.TrimPrefix(v, "@"))
		return nil
	}},
	"in": {"the name of a room", func(q *Query, v string, _ time.Time) error {
		q.In = append(q.In, strings.TrimPrefix(v, "#"))
		return nil
	}},
	"before": {"a date", func(q *Query, v string, now time.Time) (err error) {
		q.Before, err = dateOf("before", v, now)
		return err
	}},
	"after": {"a date", func(q *Query, v string, now time.Time) (err error) {
		q.After, err = dateOf("after", v, now)
		return err
	}},
	"has": {"image, video, file or link", func(q *Query, v string, _ time.Time) error {
		v = strings.ToLower(v)
		if has[v] == "" {
			return &FilterError{"has", v, fmt.Sprintf("has: knows image, video, file and link, not %q", v)}
		}
		q.Has = append(q.Has, v)
		return nil
	}},
}

// queryPart is a word; quoted says that it begins with a quotation mark, and so is no filter.
type queryPart struct {
	text   string
	quoted bool
}

func splitQuery(text string) (parts []queryPart) {
	var b strings.Builder
	var part queryPart
	inQuotes := false
	end := func() {
		if part.text = strings.TrimSpace(b.String()); part.text != "" {
			parts = append(parts, part)
		}
		b.Reset()
		part = queryPart{}
	}
	for _, r := range text {
		switch {
		case r == '"':
			part.quoted = part.quoted || b.Len() == 0
			inQuotes = !inQuotes
		case unicode.IsSpace(r) && !inQuotes:
			end()
		default:
			b.WriteRune(r)
		}
	}
	end()
	return parts
}

// dateLayouts are read in the local time zone, the ones with a zone in theirs.
var dateLayouts = []string{
	time.DateOnly, "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05", time.DateTime, time.RFC3339, "2006-01",
	"2006",
}

// ParseDate reads a point in time as people write it for before:, after: and "since": a date (its beginning), a date
// and time, a month, a year, today, yesterday, or so long ago as 12h, 7d or 3w.
func ParseDate(text string, now time.Time) (time.Time, error) {
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch strings.ToLower(text) {
	case "today":
		return midnight, nil
	case "yesterday":
		return midnight.AddDate(0, 0, -1), nil
	}
	if ago, ok := parseAgo(text); ok {
		return now.Add(-ago), nil
	}
	for _, layout := range dateLayouts {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date: write 2026-11-21, 2026-11-21T18:30, 2026-11, today, yesterday, 12h, 7d or 3w", text)
}

func parseAgo(text string) (time.Duration, bool) {
	if len(text) < 2 {
		return 0, false
	}
	unit, ok := map[byte]time.Duration{'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[text[len(text)-1]]
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 16)
	return time.Duration(n) * unit, err == nil
}
