// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Ref names a hit. It is small, so that all hits can be held of a word that stands in every message of a million; Hits
// reads what they say.
type Ref int64

// Hit is a message that a search found.
type Hit struct {
	Entry
	Ref   Ref
	terms []string // folded
}

// Matches are the parts of Message.Text that matched, as byte offsets [begin, end), sorted and not overlapping. There
// are none when only an attachment's name or a filter matched.
func (h Hit) Matches() [][2]int { return matches(h.Message.Text, h.terms) }

// Marks are the parts of a text that have one of the terms of a query in them, as Matches says it.
func Marks(text string, terms []string) [][2]int {
	return matches(text, folded(terms))
}

func folded(terms []string) []string {
	out := make([]string, len(terms))
	for i, t := range terms {
		out[i] = fold(t)
	}
	return out
}

func containsAll(text string, terms []string) bool {
	for _, t := range terms {
		if !strings.Contains(text, t) {
			return false
		}
	}
	return true
}

const (
	// firstHits is how many candidates are read before the first hits are handed out: a screen full. Later batches are
	// larger, since then it is the total that counts.
	firstHits = 60
	moreHits  = 4000
	// hitsAtOnce bounds the number of SQL parameters in one query.
	hitsAtOnce = 500
	// hitsWait is how long a candidate may wait for others: what is seldom is shown as it is found.
	hitsWait = 30 * time.Millisecond
)

// Search yields what meets a query, newest first by the server's time, as it is found. It ends early when the caller
// stops or the context ends. While it runs it holds a reading connection, and space that the file could reuse.
func (s *Store) Search(ctx context.Context, q Query) iter.Seq2[Hit, error] {
	return func(yield func(Hit, error) bool) {
		for refs, err := range s.Find(ctx, q) {
			if err != nil {
				yield(Hit{}, err)
				return
			}
			for part := range slices.Chunk(refs, hitsAtOnce) {
				hits, err := s.Hits(ctx, q, part)
				if err != nil {
					yield(Hit{}, err)
					return
				}
				for _, h := range hits {
					if err := ctx.Err(); err != nil {
						yield(Hit{}, err)
						return
					}
					if !yield(h, nil) {
						return
					}
				}
			}
		}
	}
}

// Find is Search that yields only which messages they are, some at a time; those are the caller's.
func (s *Store) Find(ctx context.Context, q Query) iter.Seq2[[]Ref, error] {
	return func(yield func([]Ref, error) bool) {
		if err := s.find(ctx, q, yield); err != nil {
			yield(nil, err)
		}
	}
}

// Hits reads what a query found, in the order of refs, as it stands now. What has been withdrawn, or has got another
// place, is left out.
func (s *Store) Hits(ctx context.Context, q Query, refs []Ref) ([]Hit, error) {
	entries, err := s.at(ctx, refs)
	if err != nil {
		return nil, err
	}
	terms := folded(q.Terms)
	hits := make([]Hit, 0, len(refs))
	for _, ref := range refs {
		if e, ok := entries[ref]; ok && !e.Deleted {
			hits = append(hits, Hit{Entry: e, Ref: ref, terms: terms})
		}
	}
	return hits, nil
}

// at reads messages.
func (s *Store) at(ctx context.Context, refs []Ref) (map[Ref]Entry, error) {
	all := make(map[Ref]Entry, len(refs))
	for part := range slices.Chunk(refs, hitsAtOnce) {
		args := make([]any, len(part))
		for i, ref := range part {
			args[i] = int64(ref)
		}
		rows, err := s.rows(ctx, "SELECT "+messageColumns+" FROM messages m WHERE m.key IN ("+
			strings.TrimSuffix(strings.Repeat("?,", len(part)), ",")+")", args...)
		if err != nil {
			return nil, err
		}
		entries, err := s.entries(ctx, rows)
		if err != nil {
			return nil, err
		}
		for i, e := range entries {
			all[Ref(rows[i].key)] = e
		}
	}
	return all, nil
}

func (s *Store) find(ctx context.Context, q Query, yield func([]Ref, error) bool) (err error) {
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
	var batch candidates
	var key int64
	var unsure bool
	var text string
	columns := []any{&key, &unsure, &text}[:plan.columns()]
	size, last := firstHits, time.Now()
	for rows.Next() {
		if err := rows.Scan(columns...); err != nil {
			return s.readError(ctx, err)
		}
		if !unsure && !containsAll(lower(text), plan.compare) {
			continue
		}
		if batch.add(Ref(key), unsure); len(batch.refs) < size && time.Since(last) < hitsWait {
			continue
		}
		if more, err := s.deliver(ctx, plan, batch, yield); err != nil || !more {
			return err
		}
		batch, size, last = candidates{}, moreHits, time.Now()
	}
	if err := rows.Err(); err != nil {
		return s.readError(ctx, err)
	}
	_, err = s.deliver(ctx, plan, batch, yield)
	return err
}

// candidates are messages that may be hits.
type candidates struct {
	refs   []Ref
	unsure []Ref // those that are known only when they have been read whole
}

func (c *candidates) add(ref Ref, unsure bool) {
	c.refs = append(c.refs, ref)
	if unsure {
		c.unsure = append(c.unsure, ref)
	}
}

// deliver hands out those of a batch that meet the query as they stand now.
func (s *Store) deliver(ctx context.Context, p searchPlan, batch candidates, yield func([]Ref, error) bool) (more bool, err error) {
	if len(batch.unsure) > 0 {
		entries, err := s.at(ctx, batch.unsure)
		if err != nil {
			return false, err
		}
		out := map[Ref]bool{}
		for _, ref := range batch.unsure {
			e, there := entries[ref]
			out[ref] = !there || !p.meets(e)
		}
		batch.refs = slices.DeleteFunc(batch.refs, func(ref Ref) bool { return out[ref] })
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return len(batch.refs) == 0 || yield(batch.refs, nil), nil
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
