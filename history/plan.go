// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"kchat/rooms"
)

// searchPlan is a query made ready: an SQL query for the candidates, and what to compare them with. Its rows are a
// message's key; if messages are read, whether only its entry tells that it is meant (what somebody may have edited or
// withdrawn, what has a name attached, what has İ, the one letter outside of ASCII whose small form is in it); and if there
// is something to compare, its text.
type searchPlan struct {
	sql     string
	args    []any
	read    bool
	terms   []string // folded
	compare []string // those of terms that neither the index nor SQLite tells
	query   Query
	nothing bool // nothing can meet the query
}

// plan makes a query ready. What the index answers alone is not read, and what SQLite can compare does not leave it:
// reading is what takes the time where a word stands in every fifth message.
func (s *Store) plan(ctx context.Context, q Query) (searchPlan, error) {
	p := searchPlan{query: q, terms: folded(q.Terms)}
	indexed, nothing, err := s.indexed(ctx, q, p.terms)
	if err != nil || nothing {
		p.nothing = true
		return p, err
	}
	key, from, where := "m.key", "messages m", []string{shownKinds}
	if len(indexed) > 0 {
		key, from, where = "g.rowid", "grams g CROSS JOIN messages m ON m.key = g.rowid", []string{"g.grams MATCH ?"}
		p.args = append(p.args, strings.Join(indexed, " AND "))
	}
	also := func(condition string, arg any) {
		where, p.args = append(where, condition), append(p.args, arg)
	}
	if !q.After.IsZero() { // a key may be a little more than its message's time
		also(key+" >= ?", micros(q.After))
		also("m.time >= ?", micros(q.After))
	}
	if !q.Before.IsZero() {
		also(key+" < ?", micros(q.Before))
	}
	like := p.compared()
	p.read = len(like)+len(p.compare) > 0 || len(indexed) == 0
	unsure := "(m.touched OR m.extra IS NOT NULL)"
	if strings.Contains(strings.Join(p.terms, ""), "i") {
		unsure = "(m.touched OR m.extra IS NOT NULL OR instr(m.text, 'İ') > 0)"
	}
	if len(like) > 0 {
		where = append(where, "("+unsure+" OR "+strings.Join(like, " AND ")+")")
	}
	columns := []string{key, unsure, "m.text"}[:p.columns()]
	if !p.read && q.After.IsZero() {
		from = "grams g" // the index says it all
	}
	p.sql = "SELECT " + strings.Join(columns, ", ") + " FROM " + from + " WHERE " + strings.Join(where, " AND ") + " ORDER BY " + key + " DESC"
	return p, nil
}

// columns is how many each row has.
func (p searchPlan) columns() int {
	switch {
	case len(p.compare) > 0:
		return 3
	case p.read:
		return 2
	}
	return 1
}

// SQLite is given so many terms to compare, and terms of so many bytes: it bounds how deep an expression is and how long a
// pattern (https://sqlite.org/limits.html).
const (
	likesMost = 50
	likeBytes = 1000
)

// compared says how SQLite compares the terms that it can, and leaves the others for compare. A term that is one gram
// needs neither.
func (p *searchPlan) compared() (like []string) {
	capitals := func(r rune) bool { return r >= utf8.RuneSelf && unicode.SimpleFold(r) != r } // LIKE does not know them
	for _, t := range p.terms {
		switch grams := gramQuery(t); {
		case len(grams) == 1 && grams[0] == `"`+t+`"`:
		case len(like) == likesMost, len(t) > likeBytes, strings.ContainsFunc(t, capitals):
			p.compare = append(p.compare, t)
		default:
			like = append(like, `m.text LIKE ? ESCAPE '\'`)
			p.args = append(p.args, "%"+likeEscape.Replace(t)+"%")
		}
	}
	return like
}

var likeEscape = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`)

// indexed is what the index must have of what is looked for, in FTS5's query syntax; nothing says that it cannot have it.
func (s *Store) indexed(ctx context.Context, q Query, terms []string) (all []string, nothing bool, err error) {
	for _, t := range terms {
		all = append(all, gramQuery(t)...)
	}
	for _, h := range q.Has {
		tag := has[h]
		if tag == "" {
			return nil, true, fmt.Errorf("history: nothing can have a %q", h)
		}
		all = append(all, tag)
	}
	from, err := s.senderTags(ctx, q)
	if err != nil {
		return nil, true, err
	}
	in, err := s.roomTags(ctx, q)
	if err != nil {
		return nil, true, err
	}
	within, limited, err := s.communityTags(ctx, q.Community)
	if err != nil {
		return nil, true, err
	}
	naming := make([]string, len(q.Naming))
	for i, id := range q.Naming {
		naming[i] = tagNamed(id)
	}
	for _, any := range [][]string{from, in, within, naming} {
		if len(any) > 0 {
			all = append(all, "("+strings.Join(any, " OR ")+")")
		}
	}
	return all, len(q.Rooms) > 0 && len(in) == 0 || limited && len(within) == 0, nil
}

// communityTags are the rooms of a community; limited is false where there is no other.
func (s *Store) communityTags(ctx context.Context, community rooms.UUID) (tags []string, limited bool, err error) {
	if community == (rooms.UUID{}) {
		return nil, false, nil
	}
	err = s.readers.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM rooms WHERE community <> ?)", community[:]).Scan(&limited)
	if err != nil || !limited {
		return nil, false, s.readError(ctx, err)
	}
	numbers, err := collect(ctx, s, scanNumber, "SELECT id FROM rooms WHERE community = ?", community[:])
	for _, n := range numbers {
		tags = append(tags, tagRoom(n))
	}
	return tags, true, err
}

func scanNumber(sc scanner) (n int64, err error) { return n, sc.Scan(&n) }

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
		numbers, err := collect(ctx, s, scanNumber, "SELECT id FROM rooms WHERE name = ?", fold(name))
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
	return containsAll(lower(haystack(m, m.Text)), p.terms)
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
