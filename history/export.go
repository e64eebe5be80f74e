// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"kchat/rooms"
)

// Format is how talk is written to a file.
type Format int

// The formats, with the endings that name them.
const (
	FormatText     Format = iota + 1 // .txt
	FormatMarkdown                   // .md
	FormatJSON                       // .jsonl
)

var endings = map[string]Format{".txt": FormatText, ".md": FormatMarkdown, ".jsonl": FormatJSON}

// FormatOf tells the format by a file's ending.
func FormatOf(path string) (Format, error) {
	if f, ok := endings[strings.ToLower(filepath.Ext(path))]; ok {
		return f, nil
	}
	return 0, fmt.Errorf("history: %s: the ending says how it is written: .txt, .md or .jsonl", path)
}

// ExportOptions say what goes into a file.
type ExportOptions struct {
	Rooms    []Key          // nothing: all rooms
	Location *time.Location // of the times that people read; nil: local
	Replace  bool           // of SaveFile: an existing file may be replaced
}

// SaveFile writes talk to a file with the mode 0600, in the format that its ending names. The file is there as a
// whole or not at all, and an existing one is kept (an error for which errors.Is(err, fs.ErrExist) holds) unless
// opt.Replace. It returns how many messages were written.
func (s *Store) SaveFile(ctx context.Context, path string, opt ExportOptions) (n int, err error) {
	format, err := FormatOf(path)
	if err != nil {
		return 0, err
	}
	if _, err := os.Lstat(path); err == nil && !opt.Replace {
		return 0, fmt.Errorf("history: %s: %w", path, os.ErrExist)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // makes it with mode 0600
	if err != nil {
		return 0, fmt.Errorf("history: writing %s: %w", path, err)
	}
	n, err = s.Export(ctx, f, format, opt)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = publish(f.Name(), path, opt.Replace)
	}
	if err != nil {
		return 0, errors.Join(fmt.Errorf("history: writing %s: %w", path, err), os.Remove(f.Name()))
	}
	return n, nil
}

// publish gives a finished file its name. Not all file systems can refuse to replace; on those the look that
// SaveFile took before has to do.
func publish(from, to string, replace bool) error {
	if !replace {
		err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
		if err == nil || errors.Is(err, unix.EEXIST) {
			return err
		}
	}
	return os.Rename(from, to)
}

// Export writes talk, oldest first and room after room, and returns how many messages it was, edits and the like
// among them. What an author withdrew is written without its words.
func (s *Store) Export(ctx context.Context, w io.Writer, format Format, opt ExportOptions) (int, error) {
	keys, err := s.exportKeys(ctx, opt.Rooms)
	if err != nil {
		return 0, err
	}
	if opt.Location == nil {
		opt.Location = time.Local
	}
	out := bufio.NewWriterSize(w, 1<<16)
	var n int
	switch format {
	case FormatJSON:
		n, err = s.writeData(ctx, out, keys)
	case FormatText:
		n, err = s.writeReadable(ctx, out, keys, &textStyle{w: out}, opt.Location)
	case FormatMarkdown:
		n, err = s.writeReadable(ctx, out, keys, &markdownStyle{w: out}, opt.Location)
	default:
		err = fmt.Errorf("history: unknown format %d", format)
	}
	return n, errors.Join(err, out.Flush())
}

func (s *Store) exportKeys(ctx context.Context, keys []Key) ([]Key, error) {
	if len(keys) > 0 {
		return keys, nil
	}
	all, err := s.Rooms(ctx, rooms.UUID{}, 0)
	for _, r := range all {
		keys = append(keys, r.Key)
	}
	return keys, err
}

// writeData writes one record a line: everything that is needed to read the talk back.
func (s *Store) writeData(ctx context.Context, w io.Writer, keys []Key) (n int, err error) {
	for _, key := range keys {
		room, err := s.ready(ctx, key)
		if err != nil {
			return n, err
		}
		for rows, err := range s.rowPages(ctx, room, rooms.Position{}, "") {
			if err == nil {
				err = s.hideWithdrawn(ctx, room, rows)
			}
			if err != nil {
				return n, err
			}
			for _, r := range rows {
				line, err := recordOf(r.message).marshal()
				if err != nil {
					return n, fmt.Errorf("history: writing message %v: %w", r.message.ID, err)
				}
				if _, err := w.Write(line); err != nil {
					return n, err
				}
				n++
			}
		}
	}
	return n, nil
}

// hideWithdrawn takes the words off messages that their authors deleted, and off the edits of those.
func (s *Store) hideWithdrawn(ctx context.Context, room int64, rows []row) error {
	type withdrawal struct {
		target rooms.MessageID
		by     rooms.AccountID
	}
	subject := func(m rooms.Message) withdrawal {
		if m.Kind == rooms.KindEdit {
			return withdrawal{m.Target, m.Sender}
		}
		return withdrawal{m.ID, m.Sender}
	}
	args := []any{room, rooms.KindDelete}
	for _, r := range rows {
		if r.touched || r.message.Kind == rooms.KindEdit {
			target := subject(r.message).target
			args = append(args, target[:])
		}
	}
	if len(args) == 2 {
		return nil
	}
	withdrawn, err := collect(ctx, s, func(sc scanner) (d withdrawal, err error) {
		var target []byte
		var by int64
		err = sc.Scan(&target, &by)
		copy(d.target[:], target)
		d.by = rooms.AccountID(by)
		return d, err
	}, "SELECT target, sender FROM messages WHERE room = ? AND kind = ? AND target IN ("+
		strings.TrimSuffix(strings.Repeat("?,", len(args)-2), ",")+")", args...)
	if err != nil {
		return err
	}
	for i := range rows {
		if m := &rows[i].message; slices.Contains(withdrawn, subject(*m)) {
			m.Text, m.Attached = "", nil
		}
	}
	return nil
}
