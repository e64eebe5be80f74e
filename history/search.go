// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"kchat/rooms"
)

// Hit is a message that a search found.
type Hit struct {
	Entry
	terms []string // folded
}

// Matches are the parts of Message.Text that matched, as byte offsets [begin, end), sorted and not overlapping. There
// are none when only an attachment's name or a filter matched.
func (h Hit) Matches() [][2]int { return matches(h.Message.Text, h.terms) }

// Marks are the parts of a text that have one of the terms of a query in them, as Matches says it.
func Marks(text string, terms []string) [][2]int {
	folded := make([]string, len(terms))
	for i, t := range terms {
		folded[i] = fold(t)
	}
	return matches(text, folded)
}

// firstHits is how many candidates are read before the first hits are handed out: a screen full. Later batches are
// larger, since then it is the total that counts.
const (
	firstHits = 60
	moreHits  = 500
	// hitsWait is how long a candidate may wait for others: what is seldom is shown as it is found.
	hitsWait = 30 * time.Millisecond
)

// Search yields what meets a query, newest first by the server's time, as it is found. It ends early when the caller
// stops or the context ends. While it runs it holds a reading connection, and space that the file could reuse.
func (s *Store) Search(ctx context.Context, q Query) iter.Seq2[Hit, error] {
	return func(yield func(Hit, error) bool) {
		if err := s.search(ctx, q, yield); err != nil {
			yield(Hit{}, err)
		}
	}
}

func (s *Store) search(ctx context.Context, q Query, yield func(Hit, error) bool) (err error) {
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	plan, err := s.plan(ctx, q)
	if err != nil || plan.nothing {
		return err
	}
	rows, err := s.readers.QueryContext(ctx, plan.sql, plan.args...)
	if err != nil {
		return s.readError(ctx, err)
	}
	defer func() { err = errors.Join(err, s.readError(ctx, rows.Close())) }()
	batch, size := make([]row, 0, firstHits), firstHits
	last := time.Now()
	for rows.Next() {
		r, err := scanRow(rows)
		if err != nil {
			return s.readError(ctx, err)
		}
		if !r.touched && !plan.meets(Entry{Message: r.message}) {
			continue
		}
		if batch = append(batch, r); len(batch) < size && time.Since(last) < hitsWait {
			continue
		}
		if more, err := s.deliver(ctx, plan, batch, yield); err != nil || !more {
			return err
		}
		batch, size, last = batch[:0], moreHits, time.Now()
	}
	if err := rows.Err(); err != nil {
		return s.readError(ctx, err)
	}
	_, err = s.deliver(ctx, plan, batch, yield)
	return err
}

// deliver hands out those of a batch that meet the query as they stand now.
func (s *Store) deliver(ctx context.Context, p searchPlan, batch []row, yield func(Hit, error) bool) (more bool, err error) {
	if err := s.named(ctx, batch); err != nil {
		return false, err
	}
	entries, err := s.entries(ctx, batch)
	if err != nil {
		return false, err
	}
	for i, e := range entries {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		// What nobody touched was compared when it was read.
		if (!batch[i].touched || p.meets(e)) && !yield(Hit{Entry: e, terms: p.terms}, nil) {
			return false, nil
		}
	}
	return true, nil
}

// searchPlan is a query made ready: an SQL query for the candidates, and what to compare them with.
type searchPlan struct {
	sql     string
	args    []any
	terms   []string // folded
	query   Query
	nothing bool // nothing can meet the query
}

func (s *Store) plan(ctx context.Context, q Query) (searchPlan, error) {
	p := searchPlan{query: q}
	var all []string // what a document must have, in FTS5's query syntax
	for _, t := range q.Terms {
		t = fold(t)
		p.terms = append(p.terms, t)
		all = append(all, gramQuery(t)...)
	}
	for _, h := range q.Has {
		tag := has[h]
		if tag == "" {
			return p, fmt.Errorf("history: nothing can have a %q", h)
		}
		all = append(all, tag)
	}
	from, err := s.senderTags(ctx, q)
	if err != nil {
		return p, err
	}
	in, err := s.roomTags(ctx, q)
	if err != nil {
		return p, err
	}
	for _, any := range [][]string{from, in} {
		if len(any) > 0 {
			all = append(all, "("+strings.Join(any, " OR ")+")")
		}
	}
	p.nothing = len(q.Rooms) > 0 && len(in) == 0
	before := int64(math.MaxInt64)
	if !q.Before.IsZero() {
		before = micros(q.Before)
	}
	if len(all) == 0 {
		may, args := mayHave(p.terms)
		p.sql = "SELECT " + messageColumns + ` FROM messages m WHERE m.key >= ? AND m.key < ?` + shown + may + "ORDER BY m.key DESC"
		p.args = append([]any{micros(q.After), before}, args...)
		return p, nil
	}
	p.sql = "SELECT " + messageColumns + ` FROM grams g CROSS JOIN messages m ON m.key = g.rowid
		WHERE g.grams MATCH ? AND g.rowid >= ? AND g.rowid < ? ORDER BY g.rowid DESC`
	p.args = []any{strings.Join(all, " AND "), micros(q.After), before}
	return p, nil
}

// mayHave is a condition that leaves out messages without one of the terms, where the index says nothing of them and the
// talk has to be read. It leaves in what may have been edited, and what has something attached.
func mayHave(terms []string) (where string, args []any) {
	for _, t := range terms {
		where += "AND (m.touched OR m.extra IS NOT NULL OR m.text LIKE ? ESCAPE '\\'"
		args = append(args, "%"+likeEscape.Replace(t)+"%")
		if strings.ContainsRune(t, 'i') { // the one letter outside of ASCII whose small form is in it
			where += " OR m.text LIKE '%İ%'"
		}
		where += ") "
	}
	return where, args
}

var likeEscape = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`)

// gramQuery is what the index must have of a folded term. Of a word of several characters the pairs say it all.
// Single ASCII characters are not in the index.
func gramQuery(term string) (quoted []string) {
	for _, w := range words(term) {
		_, first := utf8.DecodeRuneInString(w)
		for _, gram := range gramsOf(w) {
			if _, n := utf8.DecodeRuneInString(gram); n < len(gram) || first == len(w) {
				quoted = append(quoted, `"`+gram+`"`)
			}
		}
	}
	return quoted
}

func (s *Store) senderTags(ctx context.Context, q Query) (tags []string, err error) {
	for _, id := range q.Senders {
		tags = append(tags, tagSender(id))
	}
	for _, name := range q.From {
		ids, err := s.accountsNamed(ctx, name)
		if err != nil {
			return nil, err
		}
		if len(ids) == 0 {
			return nil, &FilterError{"from", name, fmt.Sprintf("from: nobody called %q is in this history", name)}
		}
		for _, id := range ids {
			tags = append(tags, tagSender(id))
		}
	}
	return tags, nil
}

func (s *Store) roomTags(ctx context.Context, q Query) (tags []string, err error) {
	for _, key := range q.Rooms {
		n, err := s.roomNumber(ctx, key)
		if err != nil {
			return nil, err
		}
		if n != 0 {
			tags = append(tags, tagRoom(n))
		}
	}
	for _, name := range q.In {
		numbers, err := collect(ctx, s, func(sc scanner) (n int64, err error) { return n, sc.Scan(&n) },
			"SELECT id FROM rooms WHERE name = ?", fold(name))
		if err != nil {
			return nil, err
		}
		if len(numbers) == 0 {
			return nil, &FilterError{"in", name, fmt.Sprintf("in: no room called %q is in this history", name)}
		}
		for _, n := range numbers {
			tags = append(tags, tagRoom(n))
		}
	}
	return tags, nil
}

// meets tells whether a message as it stands now has all the terms, and was said when it should have been.
func (p searchPlan) meets(e Entry) bool {
	m := e.Message
	if e.Deleted || !p.query.Before.IsZero() && !m.Time.Before(p.query.Before) || m.Time.Before(p.query.After) {
		return false
	}
	text := lower(haystack(m, m.Text))
	for _, t := range p.terms {
		if !strings.Contains(text, t) {
			return false
		}
	}
	return true
}

// matches finds the folded terms in a text.
func matches(text string, terms []string) (found [][2]int) {
	folded := lower(text)
	for _, t := range terms {
		for at := 0; t != ""; {
			i := strings.Index(folded[at:], t)
			if i < 0 {
				break
			}
			found = append(found, [2]int{at + i, at + i + len(t)})
			at += i + len(t)
		}
	}
	slices.SortFunc(found, func(a, b [2]int) int { return a[0] - b[0] })
	return unfold(text, folded, joined(found))
}

// joined joins ranges that touch or overlap; they are sorted by their beginnings.
func joined(ranges [][2]int) (out [][2]int) {
	for _, r := range ranges {
		if n := len(out); n > 0 && r[0] <= out[n-1][1] {
			out[n-1][1] = max(out[n-1][1], r[1])
			continue
		}
		out = append(out, r)
	}
	return out
}

// unfold turns sorted offsets in a folded text into offsets in the text: both have the same number of characters.
func unfold(text, folded string, ranges [][2]int) [][2]int {
	if len(ranges) == 0 || text == folded {
		return ranges
	}
	at, foldedAt := 0, 0
	advance := func(to int) int {
		for foldedAt < to {
			_, n := utf8.DecodeRuneInString(folded[foldedAt:])
			_, k := utf8.DecodeRuneInString(text[at:])
			foldedAt, at = foldedAt+n, at+k
		}
		return at
	}
	for i := range ranges {
		ranges[i][0] = advance(ranges[i][0])
		ranges[i][1] = advance(ranges[i][1])
	}
	return ranges
}

// accountsNamed finds the people whose last seen name it is.
func (s *Store) accountsNamed(ctx context.Context, name string) (ids []rooms.AccountID, err error) {
	people, err := collect(ctx, s, scanPerson, "SELECT community, account, name, seen FROM people")
	for _, p := range people {
		if fold(p.Name) == fold(name) {
			ids = append(ids, p.Account)
		}
	}
	return ids, err
}
