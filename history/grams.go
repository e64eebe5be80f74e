// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"kchat/rooms"
)

// The index of the search holds for every text the pairs of neighbouring characters of its words, so that any part
// of a word of two or more characters is found without reading the talk: 회의 inside 주간회의록. (FTS5's own trigram
// tokenizer finds nothing shorter than three.) Characters outside ASCII are in it by themselves too, since one
// syllable can be a word. What the index finds is compared with the text itself: pairs can meet without their word.
//
// Words of three and more ASCII characters cannot be pairs; they say which room, whose, and what is attached.

// fold makes texts comparable: NFC, and lower case.
func fold(s string) string { return lower(normal(s)) }

// lower goes character by character, so that the n-th character of the result is the n-th of the text. What is
// stored is NFC already.
func lower(s string) string { return strings.Map(unicode.ToLower, s) }

// isWord tells which characters the ascii tokenizer of FTS5 keeps.
func isWord(r rune) bool {
	return r >= utf8.RuneSelf || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z'
}

func words(folded string) []string {
	return strings.FieldsFunc(folded, func(r rune) bool { return !isWord(r) })
}

// eachGram goes over what the index holds of a folded text; the same may come several times.
func eachGram(folded string, yield func(gram string)) {
	before, from := 0, -1 // where the character before begins; -1: it is not of the same word
	for at, r := range folded {
		if !isWord(r) {
			from = -1
			continue
		}
		before, from = from, at
		_, n := utf8.DecodeRuneInString(folded[at:])
		if r >= utf8.RuneSelf {
			yield(folded[at : at+n])
		}
		if before >= 0 {
			yield(folded[before : at+n])
		}
	}
}

// gramsOf is what the index holds of a folded text, each gram once.
func gramsOf(folded string) (grams []string) {
	var once gramSet
	eachGram(folded, func(gram string) {
		if once.add(gram) {
			grams = append(grams, gram)
		}
	})
	return grams
}

// gramSet tells which grams came before. Most are pairs of small letters and digits, which need no map.
type gramSet struct {
	pairs [(128*128 + 63) / 64]uint64
	dirty []int // words of pairs that are not zero
	rest  map[string]struct{}
}

// add reports whether the gram is new.
func (s *gramSet) add(gram string) bool {
	if len(gram) == 2 && gram[0] < 128 && gram[1] < 128 {
		bit := int(gram[0])<<7 | int(gram[1])
		word := &s.pairs[bit/64]
		if *word == 0 {
			s.dirty = append(s.dirty, bit/64)
		}
		old := *word
		*word |= 1 << (bit % 64)
		return *word != old
	}
	if _, known := s.rest[gram]; known {
		return false
	}
	if s.rest == nil {
		s.rest = map[string]struct{}{}
	}
	s.rest[gram] = struct{}{}
	return true
}

// clear empties the set.
func (s *gramSet) clear() {
	for _, word := range s.dirty {
		s.pairs[word] = 0
	}
	s.dirty = s.dirty[:0]
	clear(s.rest)
}

// The words for the filters.
const (
	tagImage = "hasimage"
	tagVideo = "hasvideo"
	tagFile  = "hasfile"
	tagLink  = "haslink"
)

func tagRoom(room int64) string               { return "room" + strconv.FormatInt(room, 10) }
func tagSender(sender rooms.AccountID) string { return "from" + strconv.FormatUint(uint64(sender), 10) }

func tagNamed(named rooms.AccountID) string { return "to" + strconv.FormatUint(uint64(named), 10) }

// indexer makes what the index holds of messages, one after the other.
type indexer struct {
	once gramSet
	out  []byte
}

// document is what the index holds of a message whose words are text.
func (x *indexer) document(room int64, m rooms.Message, text string) string {
	x.once.clear()
	x.out = x.out[:0]
	eachGram(lower(haystack(m, text)), func(gram string) {
		if x.once.add(gram) {
			x.out = append(append(x.out, gram...), ' ')
		}
	})
	x.out = strconv.AppendInt(append(x.out, "room"...), room, 10)
	x.out = strconv.AppendUint(append(x.out, " from"...), uint64(m.Sender), 10)
	for _, id := range m.Mentions {
		x.out = append(append(x.out, ' '), tagNamed(id)...)
	}
	if m.Attached != nil {
		x.out = append(append(x.out, ' '), attachmentTag(m.Attached.MIME)...)
	}
	if strings.Contains(text, "http://") || strings.Contains(text, "https://") {
		x.out = append(x.out, " "+tagLink...)
	}
	return string(x.out)
}

func attachmentTag(mime string) string {
	kind, _, _ := strings.Cut(mime, "/")
	switch kind {
	case "image":
		return tagImage
	case "video":
		return tagVideo
	}
	return tagFile
}

// haystack is where the search looks: the words, and the name of what is attached.
func haystack(m rooms.Message, text string) string {
	if m.Attached == nil {
		return text
	}
	return text + "\n" + m.Attached.Name
}

// index puts a message into the search as it stands now. touched says that there may be edits or a deletion.
func (t *txn) index(ctx context.Context, key, room int64, m rooms.Message, touched bool) error {
	text, deleted := m.Text, false
	if touched {
		var err error
		if text, deleted, err = t.current(ctx, room, m); err != nil {
			return err
		}
		if err := t.exec(ctx, "DELETE FROM grams WHERE rowid = ?", key); err != nil {
			return err
		}
	}
	if deleted {
		return nil
	}
	return t.exec(ctx, "INSERT INTO grams (rowid, text) VALUES (?, ?)", key, t.indexer.document(room, m, text))
}

// current is what a message says after its author's edits, and whether he withdrew it.
func (t *txn) current(ctx context.Context, room int64, m rooms.Message) (text string, deleted bool, err error) {
	const byAuthor = "FROM messages WHERE room = ? AND target = ? AND sender = ? AND kind = ?"
	deleted, err = t.get(ctx, []any{new(int)}, "SELECT 1 "+byAuthor,
		room, m.ID[:], int64(m.Sender), rooms.KindDelete)
	if err != nil || deleted {
		return "", deleted, err
	}
	text = m.Text
	_, err = t.get(ctx, []any{&text}, "SELECT text "+byAuthor+" ORDER BY epoch DESC, seq DESC LIMIT 1",
		room, m.ID[:], int64(m.Sender), rooms.KindEdit)
	return text, false, err
}
