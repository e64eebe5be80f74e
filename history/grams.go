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

// gramsOf is what the index holds of a folded text, each gram once.
func gramsOf(folded string) (grams []string) {
	seen := map[string]struct{}{}
	for _, w := range words(folded) {
		for w != "" {
			_, one := utf8.DecodeRuneInString(w)
			_, two := utf8.DecodeRuneInString(w[one:])
			var found []string
			if w[0] >= utf8.RuneSelf {
				found = append(found, w[:one])
			}
			if two > 0 {
				found = append(found, w[:one+two])
			}
			for _, gram := range found {
				if _, ok := seen[gram]; !ok {
					seen[gram] = struct{}{}
					grams = append(grams, gram)
				}
			}
			w = w[one:]
		}
	}
	return grams
}

// The words for the filters.
const (
	tagImage = "hasimage"
	tagVideo = "hasvideo"
	tagFile  = "hasfile"
	tagLink  = "haslink"
)

func tagRoom(room int64) string               { return fmt.Sprintf("room%d", room) }
func tagSender(sender rooms.AccountID) string { return fmt.Sprintf("from%d", sender) }

// document is what the index holds of a message whose words are text.
func document(room int64, m rooms.Message, text string) string {
	tags := append(gramsOf(lower(haystack(m, text))), tagRoom(room), tagSender(m.Sender))
	if m.Attached != nil {
		tags = append(tags, attachmentTag(m.Attached.MIME))
	}
	if strings.Contains(text, "http://") || strings.Contains(text, "https://") {
		tags = append(tags, tagLink)
	}
	return strings.Join(tags, " ")
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
	return t.exec(ctx, "INSERT INTO grams (rowid, text) VALUES (?, ?)", key, document(room, m, text))
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
