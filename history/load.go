// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"

	"kchat/rooms"
)

// maxLine bounds a line of data: the longest text with every byte escaped, and room for the rest.
const maxLine = 1 << 20

// LineError is a line of a file that holds no message. The lines after it are read all the same.
type LineError struct {
	Line int // the first is 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns what is wrong with the line.
func (e *LineError) Unwrap() error { return e.Err }

// ReadFile yields the messages of a file that SaveFile wrote, in its order. A bad line is yielded as *LineError, and
// the reading goes on if the caller does; any other error is the last.
func ReadFile(path string) iter.Seq2[rooms.Message, error] {
	return func(yield func(rooms.Message, error) bool) {
		format, err := FormatOf(path)
		if err != nil {
			yield(rooms.Message{}, err)
			return
		}
		f, err := os.Open(path)
		if err != nil {
			yield(rooms.Message{}, fmt.Errorf("history: reading a saved file: %w", err))
			return
		}
		for m, err := range Read(f, format) {
			if err != nil {
				err = fmt.Errorf("history: %s: %w", path, err)
			}
			if !yield(m, err) {
				break
			}
		}
		_ = f.Close() // it was only read
	}
}

// Read is ReadFile on an open file.
func Read(r io.Reader, format Format) iter.Seq2[rooms.Message, error] {
	return func(yield func(rooms.Message, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(make([]byte, 0, 1<<16), maxLine)
		n := 0
		if begin := dataMark(format); begin != "" {
			found := false
			for !found && lines.Scan() {
				n++
				found = lines.Text() == begin
			}
			if lines.Err() == nil && !found {
				yield(rooms.Message{}, errors.New("it has no data part, so kchat did not write it, or it was cut short"))
				return
			}
		}
		for lines.Scan() {
			n++
			line := lines.Bytes()
			if format == FormatMarkdown && string(line) == markdownEnd {
				return
			}
			if len(line) == 0 {
				continue
			}
			m, err := parseLine(line)
			if err != nil {
				err = &LineError{Line: n, Err: err}
			}
			if !yield(m, err) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(rooms.Message{}, fmt.Errorf("after line %d: %w", n, err))
		}
	}
}

func dataMark(format Format) string {
	switch format {
	case FormatText:
		return textData
	case FormatMarkdown:
		return markdownData
	}
	return ""
}

func parseLine(line []byte) (rooms.Message, error) {
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return rooms.Message{}, fmt.Errorf("no message: %w", err)
	}
	return r.message()
}

// Loaded says what reading a file back brought.
type Loaded struct {
	Read  int   // messages in the file
	New   int   // of them: not in the history before
	Rooms []Key // which they belong to, in the order of their first message
	Bad   []*LineError
}

// maxBad is how many bad lines are remembered; a file with more is hardly ours.
const maxBad = 100

// LoadFile reads a file that SaveFile wrote into the history. What is there already stays as it is, so loading a
// file twice gives no doubles. Bad lines are left out and reported; when an error ends the reading, what was loaded
// until then stays.
func (s *Store) LoadFile(ctx context.Context, path string) (done Loaded, err error) {
	var batch []rooms.Message
	for m, err := range ReadFile(path) {
		var bad *LineError
		switch {
		case errors.As(err, &bad):
			if done.Bad = append(done.Bad, bad); len(done.Bad) >= maxBad {
				return done, fmt.Errorf("history: %s: %d bad lines: this is no file that kchat saved", path, maxBad)
			}
			continue
		case err != nil:
			return done, errors.Join(err, s.load(ctx, batch, &done))
		}
		if batch = append(batch, tidy(m)); len(batch) == batchMessages {
			if err := s.load(ctx, batch, &done); err != nil {
				return done, err
			}
			batch = nil
		}
	}
	return done, s.load(ctx, batch, &done)
}

// load saves a batch and counts.
func (s *Store) load(ctx context.Context, batch []rooms.Message, done *Loaded) error {
	if len(batch) == 0 {
		return ctx.Err()
	}
	var inserted int
	if err := s.writer.do(ctx, func(ctx context.Context, t *txn) error {
		before := t.inserted
		err := t.saveAll(ctx, batch)
		inserted = t.inserted - before
		return err
	}); err != nil {
		return fmt.Errorf("history: saving what was read: %w", err)
	}
	done.Read += len(batch)
	done.New += inserted
	for _, m := range batch {
		if key := KeyOf(m); !slices.Contains(done.Rooms, key) {
			done.Rooms = append(done.Rooms, key)
		}
	}
	return nil
}

// String says it in a line, for the screen and the command line.
func (l Loaded) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d messages read, %d of them new", l.Read, l.New)
	if len(l.Bad) > 0 {
		fmt.Fprintf(&b, ", %d lines left out (%v)", len(l.Bad), l.Bad[0])
	}
	return b.String()
}
